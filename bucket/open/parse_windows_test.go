package open_test

import (
	"context"
	"testing"

	"github.com/medialift/medialift/bucket/open"
)

// A path on Windows is written into a dataset as Windows reads it, with its drive or
// server at the head.
func TestWindowsPaths(t *testing.T) {
	for path, want := range map[string]string{
		`C:\data\x`: "C:/data/x/k", "C:/data/x/": "C:/data/x/k", "file:///C:/data/x": "C:/data/x/k", `C:\`: "C:/k", "file://localhost/C:/data": "C:/data/k",
		`\\server\share\x`: "//server/share/x/k",
	} {
		location, err := open.New(open.Options{}).Open(context.Background(), path)
		if err != nil {
			t.Errorf("%q: %v", path, err)
			continue
		}
		if url, err := location.Naming.URL(location.Key("k")); err != nil || url != want {
			t.Errorf("%q: %q, %v; want %q", path, url, err, want)
		}
	}
}
