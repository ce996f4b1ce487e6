package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func describe(name, mode string, size int64) string { return fmt.Sprintf("%s %s %d", name, mode, size) }

// A release of this machine's platform, made twice, is the same bytes; its program
// says its version, and its completions and man pages are there.
func TestMake(t *testing.T) {
	t.Setenv("VERSION", "v9.8.7")
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	here := runtime.GOOS + "/" + runtime.GOARCH
	var sums [2]string
	var out string
	for i := range sums {
		out = t.TempDir()
		if err := run(context.Background(), []string{"-tree", "../..", "-out", out, "-platforms", here}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = string(text)
	}
	if sums[0] != sums[1] {
		t.Errorf("two releases of the same sources differ:\n%s%s", sums[0], sums[1])
	}
	sum, name, _ := strings.Cut(strings.TrimSpace(sums[1]), "  ")
	archive, err := os.ReadFile(filepath.Join(out, name))
	if err != nil || fmt.Sprintf("%x", sha256.Sum256(archive)) != sum {
		t.Fatalf("SHA256SUMS %q: %v", sums[1], err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("no tar to look into the archive with")
	}
	if text, err := exec.Command("tar", "-xzf", filepath.Join(out, name), "-C", out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	top := filepath.Join(out, strings.TrimSuffix(name, ".tar.gz"))
	for _, file := range []string{"LICENSE", "README.md", "man/man1/medialift-rewrite.1", "completions/_medialift", "completions/medialift.bash"} {
		if info, err := os.Stat(filepath.Join(top, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	text, err := exec.Command(filepath.Join(top, "medialift"), "version").Output()
	if want := "medialift v9.8.7 " + runtime.Version() + " " + here + "\n"; err != nil || string(text) != want {
		t.Errorf("it says %q, %v; want %q", text, err, want)
	}
}

func TestPlatformsAreNamed(t *testing.T) {
	t.Setenv("VERSION", "v1")
	t.Setenv("SOURCE_DATE_EPOCH", "1")
	if err := run(context.Background(), []string{"-platforms", "linux"}); err == nil || !strings.Contains(err.Error(), `"linux" is not`) {
		t.Errorf("%v", err)
	}
}
