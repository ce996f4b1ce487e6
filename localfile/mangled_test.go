package localfile_test

import (
	"testing"

	"github.com/medialift/medialift/localfile"
)

func TestMangled(t *testing.T) {
	for path, want := range map[string]string{
		"/home/me/https:/host/1.jpg":       "https://host/1.jpg",
		"/home/me=you/s3:/bucket/a/1.jpg":  "s3://bucket/a/1.jpg",
		"/https:/host:8080/a?x=1&y=/s3:/b": "https://host:8080/a?x=1&y=/s3:/b",
		"/w/gs:/b/c.jpg":                   "gs://b/c.jpg",
		"/w/http:/b/c.jpg":                 "http://b/c.jpg",
		"/w/az:/b/c.jpg":                   "az://b/c.jpg",
		"/w/minio:/b/ü 1.jpg":              "minio://b/ü 1.jpg",
		"s3://bucket/a/https:/host/1.jpg":  "",
		"/home/me/https/host/1.jpg":        "",
		"/home/me/xhttps:/host/1.jpg":      "",
		"/home/me/https:":                  "",
		"/home/me/file:/data/1.jpg":        "",
		"relative/https:/host/1.jpg":       "",
		"https://host/1.jpg":               "",
		`C:\work\https:\host\1.jpg`:        "",
	} {
		if got, ok := localfile.Mangled(path); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v", path, got, ok)
		}
	}
}
