package open_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/open"
)

// noClouds keeps this machine's own settings out of a test, and returns a home
// directory for others.
func noClouds(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, name := range []string{
		"AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_URL", "AZURE_STORAGE_KEY",
		"AZURE_STORAGE_SAS_TOKEN", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CREDENTIALS_FILE",
		"AZURE_PROFILE", "MINIO_ENDPOINT_URL", "MINIO_ACCESS_KEY", "MINIO_SECRET_ACCESS_KEY", "MINIO_REGION",
		"MINIO_CONFIG_FILE", "MINIO_PROFILE", "FIFTYONE_MEDIA_CACHE_CONFIG_PATH", "GOOGLE_APPLICATION_CREDENTIALS",
		"STORAGE_EMULATOR_HOST", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AZURE_ALIAS", "MINIO_ALIAS",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	return home
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// works puts an object below url and checks how its key is written.
func works(t *testing.T, url, written string) {
	t.Helper()
	l, err := open.New(open.Options{}).Open(t.Context(), url)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	key := l.Key("a b/c.png")
	if got, err := l.Naming.URL(key); err != nil || got != written {
		t.Errorf("%s: %q (%v), want %q", url, got, err, written)
	}
	if _, err := l.Store.Put(t.Context(), key, buckettest.Source([]byte("x")), bucket.Condition{Overwrite: true}); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	if obj, err := l.Store.Stat(t.Context(), key); err != nil || obj.Size != 1 {
		t.Errorf("%s: %+v, %v", url, obj, err)
	}
}

func TestGoogle(t *testing.T) {
	server := buckettest.GCSServer(t)
	noClouds(t)
	server.Setenv(t)
	server.CreateBucket(t, "pictures")
	works(t, "gs://pictures/p", "gs://pictures/p/a b/c.png")
}

// The key file that FiftyOne knows of is used, and nothing asked before it must.
func TestGoogleFile(t *testing.T) {
	home := noClouds(t)
	write(t, filepath.Join(home, ".fiftyone/media_cache_config.json"), `{"google_application_credentials": "~/key.json", "num_workers": 3}`)
	l, err := open.New(open.Options{}).Open(t.Context(), "gs://pictures")
	if err != nil {
		t.Fatal(err)
	}
	check := func(says string) {
		t.Helper()
		err := l.Store.(bucket.Checker).Check(t.Context())
		if !errors.Is(err, bucket.ErrDenied) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v", err)
		}
	}
	check("no such file")
	write(t, filepath.Join(home, "key.json"), `{"type": "nonsense"}`)
	check("nonsense")
}

func TestAzure(t *testing.T) {
	server := buckettest.AzureServer(t)
	home := noClouds(t)
	server.CreateContainer(t, "pictures")
	full := server.Endpoint + "/pictures"
	t.Run("connection string", func(t *testing.T) {
		server.Setenv(t)
		works(t, "az://pictures/p", "az://pictures/p/a b/c.png")
		works(t, full+"/p", full+"/p/a b/c.png")
	})
	t.Run("account and key", func(t *testing.T) {
		t.Setenv("AZURE_STORAGE_ACCOUNT", server.Account)
		t.Setenv("AZURE_STORAGE_KEY", server.Key)
		works(t, full+"/p", full+"/p/a b/c.png")
		t.Setenv("AZURE_STORAGE_ACCOUNT_URL", server.Endpoint)
		works(t, "az://pictures", "az://pictures/a b/c.png")
	})
	ini := "; a comment\n[other]\naccount_name = no\n[default]\nconn_str: " + server.ConnectionString() + ";Odd=50%%\n" +
		"[mine]\naccount_name = " + server.Account + "\naccount_key=" + server.Key + "\naccount_url = " + server.Endpoint + "\n"
	write(t, filepath.Join(home, "azure.ini"), ini)
	t.Run("file", func(t *testing.T) {
		t.Setenv("AZURE_CREDENTIALS_FILE", "~/azure.ini")
		works(t, "az://pictures/p", "az://pictures/p/a b/c.png")
		t.Setenv("AZURE_PROFILE", "mine")
		works(t, "az://pictures/p", "az://pictures/p/a b/c.png")
		t.Setenv("AZURE_PROFILE", "none")
		if _, err := open.New(open.Options{}).Open(t.Context(), "az://pictures"); err == nil || !strings.Contains(err.Error(), "[none]") {
			t.Error(err)
		}
	})
	t.Run("media cache", func(t *testing.T) {
		t.Setenv("FIFTYONE_MEDIA_CACHE_CONFIG_PATH", filepath.Join(home, "cache.json"))
		write(t, filepath.Join(home, "cache.json"), `{"azure_credentials_file": "~/azure.ini", "azure_profile": "mine"}`)
		works(t, "az://pictures/p", "az://pictures/p/a b/c.png")
		write(t, filepath.Join(home, "cache.json"), `{`)
		if _, err := open.New(open.Options{}).Open(t.Context(), "az://pictures"); err == nil {
			t.Error("a broken file is taken")
		}
	})
}

func TestMinIO(t *testing.T) {
	server := buckettest.S3Server(t)
	home := noClouds(t)
	server.CreateBucket(t, "pictures")
	t.Setenv("MINIO_ACCESS_KEY", server.AccessKey)
	t.Setenv("MINIO_SECRET_ACCESS_KEY", server.SecretKey)
	if _, err := open.New(open.Options{}).Open(t.Context(), "minio://pictures"); err == nil || !strings.Contains(err.Error(), "MINIO_ENDPOINT_URL") {
		t.Error(err)
	}
	t.Setenv("MINIO_ENDPOINT_URL", server.Endpoint)
	works(t, "minio://pictures/p", "minio://pictures/p/a b/c.png")
	t.Setenv("MINIO_ENDPOINT_URL", "")
	t.Setenv("MINIO_CONFIG_FILE", filepath.Join(home, "minio.ini"))
	write(t, filepath.Join(home, "minio.ini"), "[DEFAULT]\nendpoint_url = "+server.Endpoint+"\nregion=us-east-1\n[default]\n")
	works(t, "minio://pictures/p", "minio://pictures/p/a b/c.png")
}

// Nothing is asked of the network, and what is missing is said.
func TestCloudsUnconfigured(t *testing.T) {
	noClouds(t)
	o := open.New(open.Options{})
	for url, written := range map[string]string{
		"gs://pictures/p": "gs://pictures/p/k",
		"https://acc.blob.core.windows.net/pictures/p": "https://acc.blob.core.windows.net/pictures/p/k",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // whoever asks the network fails
		l, err := o.Open(ctx, url)
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		if got, err := l.Naming.URL(l.Key("k")); err != nil || got != written {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
	if _, err := o.Open(t.Context(), "az://pictures"); err == nil || !strings.Contains(err.Error(), "AZURE_STORAGE_ACCOUNT") {
		t.Error(err)
	}
	t.Setenv("AZURE_STORAGE_ACCOUNT", "mine")
	t.Setenv("AZURE_STORAGE_KEY", "a2V5")
	if _, err := open.New(open.Options{}).Open(t.Context(), "https://other.blob.core.windows.net/ccc"); !errors.Is(err, bucket.ErrDenied) {
		t.Errorf("the key of one account is sent to another: %v", err)
	}
}
