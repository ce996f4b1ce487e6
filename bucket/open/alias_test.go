package open_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/open"
)

// notes opens url and returns what there is to say of it.
func notes(t *testing.T, url string) string {
	t.Helper()
	o := open.New(open.Options{})
	for range 2 {
		if _, err := o.Open(t.Context(), url); err != nil {
			t.Fatalf("%s: %v", url, err)
		}
	}
	return strings.Join(o.Notes(), "\n")
}

// Callers ask what else a store can do.
func TestStoresAreWhatTheyAre(t *testing.T) {
	noClouds(t)
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true")
	t.Setenv("MINIO_ENDPOINT_URL", "http://127.0.0.1:1")
	for _, url := range []string{"s3://pictures", "minio://pictures", "az://pictures"} {
		l, err := open.New(open.Options{}).Open(t.Context(), url)
		if _, ok := l.Store.(bucket.Multipart); err != nil || !ok {
			t.Errorf("%s takes no parts: %v", url, err)
		}
	}
	l, err := open.New(open.Options{}).Open(t.Context(), "gs://pictures")
	if _, ok := l.Store.(bucket.Resumable); err != nil || !ok {
		t.Errorf("gs:// has no sessions: %v", err)
	}
}

func TestAzureAlias(t *testing.T) {
	server := buckettest.AzureServer(t)
	home := noClouds(t)
	server.CreateContainer(t, "pictures")
	server.Setenv(t)
	if text := notes(t, "az://pictures"); strings.Count(text, "AZURE_ALIAS=az") != 1 || !strings.Contains(text, "https://") {
		t.Errorf("without an alias: %q", text)
	}
	if _, err := open.Parse("cold://pictures"); err == nil || open.Aliases() != nil {
		t.Errorf("an alias that nobody knows: %v, %q", err, open.Aliases())
	}
	t.Setenv("AZURE_ALIAS", "az")
	if text := notes(t, "az://pictures"); text != "" {
		t.Errorf("with the alias az: %q", text)
	}
	t.Setenv("AZURE_ALIAS", "cold")
	works(t, "cold://pictures/p", "cold://pictures/p/a b/c.png")
	works(t, "az://pictures/q", "cold://pictures/q/a b/c.png")
	if text := notes(t, "az://pictures"); !strings.Contains(text, "cold://") || open.Aliases()[0] != "cold" {
		t.Errorf("with the alias cold: %q, %q", text, open.Aliases())
	}
	full := server.Endpoint + "/pictures"
	works(t, full+"/r", full+"/r/a b/c.png")
	for _, alias := range []string{"s3", "no alias", "a/b"} {
		t.Setenv("AZURE_ALIAS", alias)
		if _, err := open.New(open.Options{}).Open(t.Context(), "az://pictures"); err == nil || !strings.Contains(err.Error(), "AZURE_ALIAS") {
			t.Errorf("alias %q: %v", alias, err)
		}
	}
	t.Setenv("AZURE_ALIAS", "")
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", "")
	t.Setenv("AZURE_CREDENTIALS_FILE", filepath.Join(home, "azure.ini"))
	write(t, filepath.Join(home, "azure.ini"), "[default]\nalias = warm\nconn_str = "+server.ConnectionString()+"\n")
	works(t, "warm://pictures/s", "warm://pictures/s/a b/c.png")
}

func TestMinIOAlias(t *testing.T) {
	server := buckettest.S3Server(t)
	noClouds(t)
	server.CreateBucket(t, "pictures")
	for name, value := range map[string]string{
		"MINIO_ACCESS_KEY": server.AccessKey, "MINIO_SECRET_ACCESS_KEY": server.SecretKey, "MINIO_ENDPOINT_URL": server.Endpoint,
	} {
		t.Setenv(name, value)
	}
	if text := notes(t, "minio://pictures"); !strings.Contains(text, "MINIO_ALIAS=minio") {
		t.Errorf("without an alias: %q", text)
	}
	t.Setenv("MINIO_ALIAS", "lab")
	works(t, "lab://pictures/p", "lab://pictures/p/a b/c.png")
	works(t, "minio://pictures/q", "lab://pictures/q/a b/c.png")
}

// FiftyOne's settings for AWS are used where no variable says otherwise.
func TestAWSFile(t *testing.T) {
	server := buckettest.S3Server(t)
	home := noClouds(t)
	server.CreateBucket(t, "pictures")
	t.Setenv("AWS_CONFIG_FILE", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ENDPOINT_URL", server.Endpoint)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	config := filepath.Join(home, ".fiftyone", "media_cache_config.json")
	keys := "aws_access_key_id = " + server.AccessKey + "\naws_secret_access_key = " + server.SecretKey + "\nregion = us-east-1\n"
	write(t, filepath.Join(home, "aws.ini"), "[default]\naws_access_key_id = no\naws_secret_access_key = no\n[profile work]\n"+keys)
	write(t, config, `{"aws_config_file": "~/aws.ini", "aws_profile": "work"}`)
	works(t, "s3://pictures/p", "s3://pictures/p/a b/c.png")
	write(t, filepath.Join(home, "aws.ini"), "[default]\n"+keys)
	write(t, config, `{"aws_config_file": "~/aws.ini", "extra_client_kwargs": {"s3": {"verify": false}, "gcs": {}}}`)
	works(t, "s3://pictures/q", "s3://pictures/q/a b/c.png")
	if text := notes(t, "s3://pictures"); !strings.Contains(text, "extra_client_kwargs of s3") {
		t.Errorf("%q", text)
	}
	if text := notes(t, "gs://pictures"); !strings.Contains(text, "extra_client_kwargs of gcs") {
		t.Errorf("%q", text)
	}
	t.Run("variables come first", func(t *testing.T) {
		write(t, config, `{"aws_config_file": "~/aws.ini", "aws_profile": "nobody"}`)
		t.Setenv("AWS_ACCESS_KEY_ID", server.AccessKey)
		t.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretKey)
		works(t, "s3://pictures/r", "s3://pictures/r/a b/c.png")
	})
	write(t, config, `{"aws_config_file": "~/none.ini"}`)
	if _, err := open.New(open.Options{}).Open(t.Context(), "s3://pictures"); err == nil || !strings.Contains(err.Error(), "aws_config_file") {
		t.Errorf("a file that is not there: %v", err)
	}
}
