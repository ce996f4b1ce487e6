package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/open"
)

// A wish is what a request to a cloud is for.
type wish int

const (
	toWrite wish = iota
	toList
	toRead
)

// wishOf tells what a request is for, and below which prefix it lists.
func wishOf(cloud string, r *http.Request) (wish, string) {
	q := r.URL.Query()
	list := q.Get("comp") == "list" || cloud == "gs" && strings.HasSuffix(r.URL.Path, "/o") && r.Method == http.MethodGet
	switch {
	case list:
		return toList, q.Get("prefix")
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		return toRead, ""
	}
	return toWrite, ""
}

// privileges are what some credentials may do, by name.
var privileges = map[string]func(wish, string) bool{
	"below the prefix": func(w wish, prefix string) bool { return w != toList || strings.HasPrefix(prefix, "x/") },
	"no list":          func(w wish, _ string) bool { return w != toList },
	"write only":       func(w wish, _ string) bool { return w == toWrite },
}

// denied refuses what a privilege does not allow, as the cloud says it.
func denied(cloud string, allows func(wish, string) bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if allows(wishOf(cloud, r)) {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if cloud == "gs" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error": {"code": 403, "message": "no access", "errors": [{"reason": "forbidden", "message": "no access"}]}}`)
			return true
		}
		w.Header().Set("X-Ms-Error-Code", "AuthorizationPermissionMismatch")
		w.WriteHeader(http.StatusForbidden)
		return true
	}
}

// Credentials that may do little are enough for what they may do, doctor and
// upload agree on that, and nothing is replaced that they cannot see.
func TestLeastPrivilegeInClouds(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers for each privilege: not in short mode")
	}
	for _, name := range []string{"gs", "az"} {
		for privilege, allows := range privileges {
			t.Run(name+", "+privilege, func(t *testing.T) {
				c := clouds()[name](t)
				m := newTool(t, inFrontOf(t, c.endpoint, c.environ, denied(name, allows))...)
				dir := t.TempDir()
				writeLarge(t, dir, 17<<20, 1<<20)
				m.run(0, "doctor", c.target+"/x")
				args := []string{"upload", filepath.Join(dir, "export"), c.target + "/x", "--update-filepaths"}
				if doc := m.run(0, args...); doc.Counts.Objects != 2 || doc.Counts.Rewritten != 2 {
					t.Errorf("%+v", doc)
				}
				c.arrived(t, dir, 2)
				m.run(0, args...)

				dir = t.TempDir()
				writeLarge(t, dir, 17<<20, 1<<20)
				c.setenv(t)
				there, err := open.New(open.Options{}).Open(t.Context(), c.target)
				if err != nil {
					t.Fatal(err)
				}
				keys := []string{"x/taken/000000.png", "x/taken/000001.png"}
				for _, key := range keys {
					if _, err := there.Store.Put(t.Context(), key, buckettest.Source([]byte("another's")), bucket.Condition{}); err != nil {
						t.Fatal(err)
					}
				}
				args = []string{"upload", filepath.Join(dir, "export"), c.target + "/x/taken", "--update-filepaths"}
				if out, err := m.command(args...).CombinedOutput(); err == nil {
					t.Errorf("two keys are taken: %s", out)
				}
				for _, key := range keys {
					if obj, err := there.Store.Stat(t.Context(), key); err != nil || obj.Size != int64(len("another's")) {
						t.Errorf("%s: %+v, %v", key, obj, err)
					}
				}
			})
		}
	}
}
