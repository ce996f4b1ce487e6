//go:build unix

package dirstore

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
)

// limited runs f while files cannot grow beyond n bytes, as on a full disk.
func limited(t *testing.T, n uint64, f func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Skip(err)
	}
	less := old
	less.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &less); err != nil {
		t.Skip(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// inChild runs the test in a process of its own and reports true there: the
// limit would hit the files of the test run too.
func inChild(t *testing.T) bool {
	t.Helper()
	const mark = "DIRSTORE_TEST_CHILD"
	if os.Getenv(mark) != "" {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), mark+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

func TestDiskFull(t *testing.T) {
	if !inChild(t) {
		return
	}
	for _, files := range []map[string]string{
		{"metadata.json": metadata, "samples.json": many(5000)},
		{"metadata.json": metadata, "samples/1.json": `{"_id": 1, "filepath": "/a"}`},
	} {
		dir := write(t, files)
		s := open(t, dir)
		there, _ := changes(datasettest.Rows(t, s), clouded)
		limited(t, 20, func() {
			if _, err := outcomes(s, there); !errors.Is(err, syscall.EFBIG) {
				t.Errorf("got %v", err)
			}
		})
		if got := read(t, dir); !maps.Equal(got, files) {
			t.Error("the directory has changed")
		}
	}
}

func TestWriterDiskFull(t *testing.T) {
	if !inChild(t) {
		return
	}
	ctx := context.Background()
	src := open(t, write(t, map[string]string{"metadata.json": metadata, "samples.json": many(5000)}))
	for _, opts := range []Options{{}, {UseDirs: true}} {
		parent := t.TempDir()
		w, err := Create(filepath.Join(parent, "x"), opts)
		if err != nil {
			t.Fatal(err)
		}
		limited(t, 20, func() {
			if err := dataset.Copy(ctx, w, src); !errors.Is(err, syscall.EFBIG) {
				t.Errorf("got %v", err)
			}
		})
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if got := read(t, parent); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
	}
}
