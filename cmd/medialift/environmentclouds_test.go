package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/medialift/medialift/internal/mongotest"
)

// A listener is a server that lets nobody in, and notes who asks, and where.
type listener struct {
	url  string
	mu   sync.Mutex
	seen []string
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := r.Header.Get("Authorization")
		if _, claims, ok := strings.Cut(r.PostFormValue("assertion"), "."); ok { // Google's
			claims, _, _ = strings.Cut(claims, ".")
			text, _ := base64.RawURLEncoding.DecodeString(claims)
			who = string(text)
		}
		l.mu.Lock()
		l.seen = append(l.seen, r.URL.Path+" "+who)
		l.mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

func (l *listener) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = nil
}

func (l *listener) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.seen, "\n")
}

// serviceAccount is a key file of Google's for an account that asks l for tokens.
func serviceAccount(t *testing.T, l *listener, account string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"type": "service_account", "project_id": "p", "private_key_id": "1", "client_id": "1", "client_email": %q, "private_key": %q, "token_uri": %q}`,
		account, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), l.url+"/token")
}

// Every command that goes to a cloud is there who the flag says, before the flag's
// variable, the cloud's and FiftyOne's variables, and FiftyOne's files; and it asks
// where these say.
func TestCloudSettings(t *testing.T) {
	l := newListener(t)
	dir, db := t.TempDir(), mongotest.Database(t)
	file := func(name, text string, args ...any) string { return write(t, filepath.Join(dir, name), text, args...) }
	aws := file("aws.ini", "[default]\naws_access_key_id=inifile\naws_secret_access_key=s\n[other]\naws_access_key_id=iniother\naws_secret_access_key=s\n[profile other]\n")
	minio := file("minio.ini", "[default]\naccess_key=inifile\nsecret_access_key=s\nendpoint_url=%s/ini\n[other]\naccess_key=iniother\nsecret_access_key=s\nendpoint_url=%s/ini\n", l.url, l.url)
	azure := file("azure.ini", "[default]\naccount_name=inifile\naccount_key=czM=\naccount_url=%s/inifile\n[other]\naccount_name=iniother\naccount_key=czM=\naccount_url=%s/iniother\n", l.url, l.url)
	google, google2 := file("1.json", "%s", serviceAccount(t, l, "one@p")), file("2.json", "%s", serviceAccount(t, l, "two@p"))
	cache := "FIFTYONE_MEDIA_CACHE_CONFIG_PATH=" + file("cache.json", `{"aws_config_file": %q, "aws_profile": "other", "google_application_credentials": %q,
		"azure_credentials_file": %q, "azure_profile": "other", "minio_config_file": %q, "minio_profile": "other"}`, aws, google, azure, minio)
	keys := []string{"AWS_ACCESS_KEY_ID=variable", "AWS_SECRET_ACCESS_KEY=s"}
	at := func(variables ...string) (list []string) {
		for i, v := range variables {
			list = append(list, fmt.Sprintf("%s=%s/%d", v, l.url, i+1))
		}
		return list
	}
	for _, c := range []struct {
		name, url, flag string
		env             []string
		want            string // who asks, or where
	}{
		{"AWS_ACCESS_KEY_ID", "s3://bucket", "", append(append(at("AWS_ENDPOINT_URL"), keys...), cache), "Credential=variable/"},
		{"AWS_PROFILE", "s3://bucket", "", append(at("AWS_ENDPOINT_URL"), "AWS_SHARED_CREDENTIALS_FILE="+aws, "AWS_PROFILE=default", cache), "Credential=inifile/"},
		{"aws_config_file", "s3://bucket", "", append(at("AWS_ENDPOINT_URL"), cache), "Credential=iniother/"},
		{"AWS_REGION", "s3://bucket", "", append(append(at("AWS_ENDPOINT_URL"), keys...), "AWS_REGION=eu-north-1"), "/eu-north-1/s3/"},
		{"AWS_DEFAULT_REGION", "s3://bucket", "", append(append(at("AWS_ENDPOINT_URL"), keys...), "AWS_DEFAULT_REGION=eu-north-1"), "/eu-north-1/s3/"},
		{"AWS_ENDPOINT_URL", "s3://bucket", "", append(at("AWS_ENDPOINT_URL"), keys...), "/1/bucket"},
		{"AWS_ENDPOINT_URL_S3", "s3://bucket", "", append(at("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"), keys...), "/2/bucket"},
		{"MEDIALIFT_ENDPOINT_URL", "s3://bucket", "", append(at("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "MEDIALIFT_ENDPOINT_URL"), keys...), "/3/bucket"},
		{"--endpoint-url", "s3://bucket", " --endpoint-url " + l.url + "/4", append(at("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "MEDIALIFT_ENDPOINT_URL"), keys...), "/4/bucket"},
		{"MINIO_ACCESS_KEY", "minio://bucket", "", append(at("MINIO_ENDPOINT_URL"), "MINIO_ACCESS_KEY=variable", "MINIO_SECRET_ACCESS_KEY=s", cache), "Credential=variable/"},
		{"MINIO_PROFILE", "minio://bucket", "", []string{"MINIO_CONFIG_FILE=" + minio, "MINIO_PROFILE=default", cache}, "Credential=inifile/"},
		{"minio_config_file", "minio://bucket", "", []string{cache}, "Credential=iniother/"},
		{"MINIO_ALIAS", "storage://bucket", "", []string{"MINIO_CONFIG_FILE=" + minio, "MINIO_ALIAS=storage"}, "/ini/bucket"},
		{"AZURE_STORAGE_CONNECTION_STRING", "az://bucket", "", []string{"AZURE_STORAGE_CONNECTION_STRING=AccountName=variable;AccountKey=czM=;BlobEndpoint=" + l.url + "/variable", cache}, "SharedKey variable:"},
		{"AZURE_STORAGE_ACCOUNT", "az://bucket", "", []string{"AZURE_STORAGE_ACCOUNT_URL=" + l.url + "/variable", "AZURE_STORAGE_ACCOUNT=variable", "AZURE_STORAGE_KEY=czM=", cache}, "SharedKey variable:"},
		{"AZURE_PROFILE", "az://bucket", "", []string{"AZURE_CREDENTIALS_FILE=" + azure, "AZURE_PROFILE=default", cache}, "SharedKey inifile:"},
		{"azure_credentials_file", "az://bucket", "", []string{cache}, "SharedKey iniother:"},
		{"AZURE_ALIAS", "storage://bucket", "", []string{"AZURE_CREDENTIALS_FILE=" + azure, "AZURE_ALIAS=storage"}, "/inifile/bucket"},
		{"GOOGLE_APPLICATION_CREDENTIALS", "gs://bucket", "", []string{"GOOGLE_APPLICATION_CREDENTIALS=" + google2, cache}, `"iss":"two@p"`},
		{"google_application_credentials", "gs://bucket", "", []string{cache}, `"iss":"one@p"`},
		{"STORAGE_EMULATOR_HOST", "gs://bucket", "", append(at("STORAGE_EMULATOR_HOST"), cache), "/bucket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSurrounding(t)
			s.export = synthetic(t, "")
			moved := synthetic(t, c.url)
			for _, line := range lines([]string{
				"doctor TARGET --read-only", "upload EXPORT TARGET", "verify " + moved, "rewrite EXPORT --map prefix:/=TARGET --check --dry-run",
				"lift EXPORT TARGET --create-database --to-uri " + mongotest.URI(t) + " --to-database-name " + db.Name(),
			}) {
				l.forget()
				code, output := s.run(t, strings.ReplaceAll(line, "TARGET", c.url)+c.flag, c.env...)
				if all := l.all(); !strings.Contains(all, c.want) || code == 0 {
					t.Errorf("%s: exit %d, no word of %s in\n%s\n%s", line, code, c.want, all, output)
				}
			}
		})
	}
}

// synthetic is an export of one sample, with its media in url if that is not empty.
func synthetic(t *testing.T, url string) string {
	t.Helper()
	dir := t.TempDir()
	if err := layOutSynthetic(dir, 1, ""); err != nil {
		t.Fatal(err)
	}
	samples := filepath.Join(dir, "export", "samples.json")
	text, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	if url != "" {
		write(t, samples, "%s", bytes.ReplaceAll(text, []byte(dir), []byte(url)))
	}
	return filepath.Join(dir, "export")
}
