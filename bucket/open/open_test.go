package open_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/open"
)

func TestParse(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Chdir(home)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	here, home = strings.Trim(here, "/"), strings.Trim(home, "/")
	s3 := func(prefix string) open.Target { return open.Target{Scheme: "s3", Bucket: "my-bucket", Prefix: prefix} }
	file := func(path string) open.Target { return open.Target{Scheme: "file", Prefix: path} }
	for url, want := range map[string]open.Target{
		"s3://my-bucket":                             s3(""),
		"s3://my-bucket/":                            s3(""),
		"S3://my-bucket/a":                           s3("a"),
		"s3://my-bucket/a/b c/":                      s3("a/b c"),
		"s3://my-bucket/a%20b#c+d":                   s3("a%20b#c+d"),
		"s3://my-bucket/a//":                         s3("a"),
		"gs://my_bucket.x/a b#c":                     {Scheme: "gs", Bucket: "my_bucket.x", Prefix: "a b#c"},
		"az://my-container/a":                        {Scheme: "az", Bucket: "my-container", Prefix: "a"},
		"az://$web":                                  {Scheme: "az", Bucket: "$web"},
		"minio://my-bucket/a":                        {Scheme: "minio", Bucket: "my-bucket", Prefix: "a"},
		"https://Acc.blob.core.windows.net/ccc/a b/": {Scheme: "https", Bucket: "acc.blob.core.windows.net/ccc", Prefix: "a b"},
		"https://acc.z01.blob.storage.azure.net/ccc": {Scheme: "https", Bucket: "acc.z01.blob.storage.azure.net/ccc"},
		"http://127.0.0.1:10000/acc/ccc/a":           {Scheme: "http", Bucket: "127.0.0.1:10000/acc/ccc", Prefix: "a"},
		"mem://x/y":                                  {Scheme: "mem", Bucket: "x", Prefix: "y"},
		"file:///data/x":                             file("data/x"),
		"file://localhost/data":                      file("data"),
		"/data/a?b%20c":                              file("data/a?b%20c"),
		"/data/../x/":                                file("x"),
		"/":                                          file(""),
		"out":                                        file(here + "/out"),
		"./s3:x":                                     file(here + "/s3:x"),
		"../x:y":                                     file(filepath.Join("/", here, "../x:y")[1:]),
		"~/media":                                    file(home + "/media"),
		"~":                                          file(home),
		"c:d":                                        file(here + "/c:d"),
		"s3://Legacy_Bucket.x/k=v&":                  {Scheme: "s3", Bucket: "Legacy_Bucket.x", Prefix: "k=v&"},
	} {
		if got, err := open.Parse(url); err != nil || got != want {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", url, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for url, c := range map[string]struct {
		want error
		says string
	}{
		"":                                {open.ErrURL, "empty"},
		"s3:/bucket/x":                    {open.ErrURL, "s3://bucket/x"},
		"s3:bucket":                       {open.ErrURL, "s3://bucket"},
		"file:/data":                      {open.ErrURL, "file:///data"},
		"s3://":                           {open.ErrURL, "name of a bucket"},
		"s3://ab":                         {open.ErrURL, "name of a bucket"},
		"s3:///key":                       {open.ErrURL, "name of a bucket"},
		"s3://user:pw@bucket/k":           {open.ErrURL, "name of a bucket"},
		"s3://bucket/a//b":                {open.ErrURL, "path element"},
		"s3://bucket//a":                  {open.ErrURL, "path element"},
		"s3://bucket/a/../b":              {open.ErrURL, `".."`},
		"s3://bucket/.":                   {open.ErrURL, `"."`},
		"s3://bucket/a?region=x":          {open.ErrURL, "question mark"},
		"file://data/x":                   {open.ErrURL, "file:///data/x"},
		"file:///a%20b":                   {open.ErrURL, "plain path"},
		"gs:/bucket/x":                    {open.ErrURL, "gs://bucket/x"},
		"gs://b":                          {open.ErrURL, "name of a bucket"},
		"gs://bucket/a//b":                {open.ErrURL, "path element"},
		"az://Container":                  {open.ErrURL, "lower-case"},
		"az://container/a?b":              {open.ErrURL, "question mark"},
		"https://a.blob.core.windows.net": {open.ErrURL, "name of a container"},
		"https://a.blob.core.windows.net/ccc/a%20b":      {open.ErrURL, "%"},
		"https://a.blob.core.windows.net/ccc/a?sig=hush": {open.ErrURL, "AZURE_STORAGE_SAS_TOKEN"},
		"https://me@a.blob.core.windows.net/ccc":         {open.ErrScheme, "no place in Azure"},
		"http://a.blob.core.windows.net/ccc":             {open.ErrScheme, "no place in Azure"},
		"http://127.0.0.1:10000/account":                 {open.ErrURL, "name of a container"},
		"https://example.com/a/b?sig=hush":               {open.ErrScheme, "no place in Azure"},
		"ftp://host/x":                                   {open.ErrScheme, "use s3://"},
	} {
		if _, err := open.Parse(url); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hush") {
			t.Errorf("Parse(%q): %v, want %v saying %q", url, err, c.want, c.says)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	o := open.New(open.Options{EndpointURL: "http://127.0.0.1:1"})
	location := func(url string) bucket.Location {
		l, err := o.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	a, b, c := location("s3://bucket/a"), location("s3://bucket/b"), location("s3://other/a")
	if a.Store != b.Store || a.Store == c.Store {
		t.Error("a bucket is not one store")
	}
	if location("/x").Store != location("file:///y").Store {
		t.Error("files are not in one store")
	}
	for url, want := range map[string]string{
		"s3://bucket/a": "s3://bucket/a/k", "mem://m": "mem://m/k", "/data/x": "/data/x/k", "file:///d/": "/d/k", "/": "/k",
	} {
		l := location(url)
		if got, err := l.Naming.URL(l.Key("k")); err != nil || got != want {
			t.Errorf("%q: key k is %q (%v), want %q", url, got, err, want)
		}
	}
	if _, err := o.Open(t.Context(), "ftp://x/y"); !errors.Is(err, open.ErrScheme) {
		t.Error(err)
	}
	if _, err := open.New(open.Options{EndpointURL: "host:9000"}).Open(t.Context(), "s3://bucket"); err == nil {
		t.Error("an endpoint without a scheme is taken")
	}
}

func TestOpenedStoresWork(t *testing.T) {
	dir := t.TempDir()
	for _, url := range []string{"mem://m/p", dir, "file://" + filepath.ToSlash(dir) + "/f"} {
		l, err := open.New(open.Options{}).Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Store.Put(t.Context(), l.Key("a/b"), buckettest.Source([]byte("x")), bucket.Condition{}); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "f/a/b")); err != nil {
		t.Error(err)
	}
}
