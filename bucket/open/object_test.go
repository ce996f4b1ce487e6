package open_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
)

// Object finds again what a Location's own spelling of a key names, whatever is in
// the key.
func TestObject(t *testing.T) {
	noClouds(t)
	dir := filepath.ToSlash(t.TempDir())
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true")
	t.Setenv("MINIO_ENDPOINT_URL", "http://127.0.0.1:1")
	o := open.New(open.Options{})
	for _, place := range []string{
		"mem://pictures", "mem://pictures/some/prefix", dir, dir + "/sub dir", "s3://pictures", "s3://pictures/p", "gs://pictures/p/q", "minio://pictures/p",
		"az://pictures/p", "http://127.0.0.1:10000/devstoreaccount1/pictures/p",
	} {
		l, err := o.Open(t.Context(), place)
		if err != nil {
			t.Fatal(err)
		}
		for _, rel := range []string{"a.png", "a b/c%20d.png", "x?y#z/ü.png", "100%/a+b.png", "~/a"} {
			key := l.Key(rel)
			url, err := l.Naming.URL(key)
			if err != nil {
				continue // a key that this store does not take
			}
			store, found, err := o.Object(t.Context(), url)
			if err != nil || found != key || store != l.Store {
				t.Errorf("%s: %q, %v, want %q", url, found, err, key)
			}
		}
	}
	store, key, err := o.Object(t.Context(), dir+"/a.png")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReader("bytes")
	if _, err := store.Put(t.Context(), key, bucket.Source{ReaderAt: text, Size: text.Size()}, bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	for _, none := range []string{"mem://pictures", "nothing://of/the/kind"} {
		if _, _, err := o.Object(t.Context(), none); err == nil {
			t.Errorf("%s names an object", none)
		}
	}
}
