package localfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/medialift/medialift/localfile"
)

func TestIsRemote(t *testing.T) {
	for path, want := range map[string]bool{
		"s3://b/x": true, "HTTPS://h": true, "a+b.c-1://x": true, "s3:/b": false, "/s3://b": false, `C:\x`: false, "": false, "://x": false,
	} {
		if localfile.IsRemote(path) != want {
			t.Errorf("%q: remote is %v", path, !want)
		}
	}
}

func TestClean(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b": "/a/b", "//a///b": "/a/b", "/a/./b/.": "/a/b", "./a": "a", "/a/../b": "/a/../b", "a/.b": "a/.b", "/a b/": "/a b/",
	} {
		if got := localfile.Clean(path); got != want {
			t.Errorf("%q is cleaned to %q, want %q", path, got, want)
		}
	}
}

func put(t *testing.T, elements ...string) string {
	t.Helper()
	path := filepath.Join(elements...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestResolve(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	abs := put(t, dir, "a", "1.jpg")
	put(t, dir, "both.jpg")
	first := put(t, other, "both.jpg")
	// "é" as one rune in the dataset, as two in the directory.
	decomposed := put(t, dir, "caf"+"e\u0301"+".jpg")
	r, err := localfile.New(dir, []string{other})
	if err != nil {
		t.Fatal(err)
	}
	stamp := time.Unix(1234567890, 987)
	if err := os.Chtimes(abs, stamp, stamp); err != nil {
		t.Fatal(err)
	}
	for stored, want := range map[string]string{
		abs: abs, "a/1.jpg": abs, "./a//1.jpg": abs, "a/../a/1.jpg": abs, "both.jpg": first, "caf\u00e9.jpg": decomposed,
		filepath.Join(dir, "caf\u00e9.jpg"): decomposed,
	} {
		got, err := r.Resolve(stored)
		if err != nil || got.Path != want || got.Size != 5 {
			t.Errorf("%q: %+v, %v; want %q", stored, got, err, want)
		}
		if want == abs && !got.ModTime.Equal(stamp) {
			t.Errorf("%q: time %v", stored, got.ModTime)
		}
	}
	if got := r.Named("caf\u00e9.jpg", decomposed); got != filepath.ToSlash(filepath.Join(dir, "caf\u00e9.jpg")) {
		t.Errorf("named %q", got)
	}
	if got := r.Named("a/1.jpg", abs); got != filepath.ToSlash(abs) {
		t.Errorf("named %q", got)
	}
	if dirs := r.RelDirs(); len(dirs) != 1 || dirs[0] != other {
		t.Errorf("directories %q", dirs)
	}
}

func TestResolveErrors(t *testing.T) {
	dir := t.TempDir()
	file := put(t, dir, "file")
	r, err := localfile.New(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]localfile.Kind{
		"gone": localfile.Missing, dir + "/gone/x": localfile.Missing, file + "/below": localfile.Missing, dir: localfile.Directory,
		"../x": localfile.Unresolvable, "a/../../x": localfile.Unresolvable, "": localfile.Unresolvable, "s3://b/x": localfile.Unresolvable,
	}
	if runtime.GOOS != "windows" {
		put(t, dir, "C:", "x")
		put(t, dir, `C:\x`)
		for _, foreign := range []string{`C:\x`, "C:/x", "c:/x", `\\host\share\x`, `\\?\C:\x`} {
			cases[foreign] = localfile.Missing
		}
		cases["/dev/null"] = localfile.Unreadable
		if err := os.Symlink("loop", filepath.Join(dir, "loop")); err != nil {
			t.Fatal(err)
		}
		cases["loop"] = localfile.Unreadable
	}
	for stored, want := range cases {
		_, err := r.Resolve(stored)
		var bad *localfile.Error
		if !errors.As(err, &bad) || bad.Kind != want || bad.Why == "" {
			t.Errorf("%q: %#v, want %s", stored, err, want)
		}
	}
	var none localfile.Resolver
	if _, err := none.Resolve("file"); err == nil {
		t.Error("the zero Resolver found a relative path")
	}
	if _, err := none.Resolve(file); err != nil {
		t.Errorf("the zero Resolver: %v", err)
	}
}

// Each element may be in its own form; the file's own spelling goes first, and two
// files that only their form tells apart are never taken for one another.
func TestNormalForms(t *testing.T) {
	const nfc, nfd = "\u00e9", "e\u0301"
	dir := t.TempDir()
	put(t, dir, "probe-"+nfc)
	if _, err := os.Stat(filepath.Join(dir, "probe-"+nfd)); err == nil {
		t.Skip("this file system knows no difference")
	}
	mixed := put(t, dir, nfd+"-dir", nfc+nfc+".jpg")
	both, bothD := put(t, dir, "both-"+nfc), put(t, dir, "both-"+nfd)
	twoC, twoD := put(t, dir, "two-"+nfc+nfc), put(t, dir, "two-"+nfd+nfd)
	inC := put(t, dir, "twin-"+nfc, "1.jpg")
	inD := put(t, dir, "twin-"+nfd, "2.jpg")
	put(t, dir, "twin-"+nfc, "3.jpg")
	put(t, dir, "twin-"+nfd, "3.jpg")
	if err := os.Symlink(inC, filepath.Join(dir, "link-"+nfc+nfc)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(inC, filepath.Join(dir, "link-"+nfd+nfd)); err != nil {
		t.Fatal(err)
	}
	r, err := localfile.New(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for stored, want := range map[string]string{
		nfc + "-dir/" + nfc + nfc + ".jpg": mixed, nfd + "-dir/" + nfd + nfd + ".jpg": mixed, nfc + "-dir/" + nfd + nfc + ".jpg": mixed,
		"both-" + nfc: both, "both-" + nfd: bothD, "two-" + nfc + nfc: twoC, "two-" + nfd + nfd: twoD,
		"twin-" + nfd + "/1.jpg": inC, "twin-" + nfc + "/2.jpg": inD, "link-" + nfc + nfd: filepath.Join(dir, "link-"+nfc+nfc),
		"two-" + nfc + nfd: "", "gone-" + nfc: "", "twin-" + nfc + "/" + nfc: "",
	} {
		got, err := r.Resolve(stored)
		if got.Path != want || (err == nil) != (want != "") {
			t.Errorf("%+q: %+q, %v; want %+q", stored, got.Path, err, want)
		}
		if want != "" && r.Named(stored, got.Path) != filepath.ToSlash(filepath.Join(dir, stored)) {
			t.Errorf("%+q: named %+q", stored, r.Named(stored, got.Path))
		}
	}
	var bad *localfile.Error
	if _, err := r.Resolve("two-" + nfc + nfd); !errors.As(err, &bad) || bad.Kind != localfile.Unresolvable {
		t.Errorf("neither's spelling: %v", err)
	}
}
