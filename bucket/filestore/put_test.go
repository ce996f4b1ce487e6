package filestore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

func write(t *testing.T, path, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%q holds %q (%v), want %q", path, got, err, want)
	}
}

// leftovers fails if a temporary file was left below dir.
func leftovers(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && isTemp(e.Name()) {
			t.Errorf("left over: %q", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestExclusive(t *testing.T) {
	for name, move := range map[string]func(temp, to within) error{
		"link": exclusive, "rename": renameNoReplace, "reserve": reserve,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			temp, path := filepath.Join(dir, tempName()), filepath.Join(dir, "x")
			write(t, temp, "one")
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			err = move(within{root, filepath.Base(temp)}, within{root, "x"})
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip("this system has no such rename")
			}
			if err != nil {
				t.Fatal(err)
			}
			leftovers(t, dir)
			write(t, temp, "two")
			if err := move(within{root, filepath.Base(temp)}, within{root, "x"}); !errors.Is(err, os.ErrExist) && !errors.Is(err, bucket.ErrExists) {
				t.Errorf("%v, want that it exists", err)
			}
			content(t, path, "one")
		})
	}
}

func TestWhatIsInTheWay(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	write(t, filepath.Join(dir, "file"), "old")
	write(t, filepath.Join(dir, "folder/x"), "old")
	for _, link := range [][2]string{{"nowhere", "dangling"}, {"file", "link"}} {
		if err := os.Symlink(link[0], filepath.Join(dir, link[1])); err != nil {
			t.Fatal(err)
		}
	}
	overwrite := bucket.Condition{Overwrite: true}
	for _, c := range []struct {
		key  string
		cond bucket.Condition
		want error
	}{
		{"file/below", bucket.Condition{}, bucket.ErrKey},
		{"file/below/it", overwrite, bucket.ErrKey},
		{"folder", bucket.Condition{}, bucket.ErrExists},
		{"folder", overwrite, bucket.ErrExists},
		{"dangling", bucket.Condition{}, bucket.ErrExists},
		{"link", bucket.Condition{}, bucket.ErrExists},
		{"link", overwrite, nil}, // the link itself is replaced
	} {
		_, err := s.Put(t.Context(), c.key, buckettest.Source([]byte("new")), c.cond)
		if !errors.Is(err, c.want) {
			t.Errorf("Put %q %+v: %v, want %v", c.key, c.cond, err, c.want)
		}
	}
	content(t, filepath.Join(dir, "file"), "old")
	content(t, filepath.Join(dir, "folder/x"), "old")
	content(t, filepath.Join(dir, "link"), "new")
	if _, err := s.Stat(t.Context(), "dangling"); err == nil || errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("a broken link passes for nothing: %v", err)
	}
	if _, err := s.Stat(t.Context(), "folder"); !errors.Is(err, bucket.ErrNotFound) {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), "folder"); err != nil {
		t.Error(err)
	}
	content(t, filepath.Join(dir, "folder/x"), "old")
	leftovers(t, dir)
}

func TestListSkips(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/x", "a/" + tempName(), tempName(), "b"} {
		write(t, filepath.Join(dir, name), "x")
	}
	for target, name := range map[string]string{"a": "to-dir", "b": "to-file", "none": "broken"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for obj, err := range New(dir).List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, obj.Key)
	}
	if got := strings.Join(keys, " "); got != "a/x b to-file" {
		t.Errorf("List gave %q", got)
	}
}

func TestDirectoryRemovedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	for range 2 { // the second time the store believes that the directory is there
		if _, err := s.Put(t.Context(), "a/b/c", buckettest.Source(nil), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "a")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDenied(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := New(dir).Put(t.Context(), "x", buckettest.Source(nil), bucket.Condition{})
	if !errors.Is(err, bucket.ErrDenied) || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v, want ErrDenied", err)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	if err := New(filepath.Join(dir, "none")).Check(t.Context()); !errors.Is(err, bucket.ErrNoBucket) {
		t.Errorf("%v, want ErrNoBucket", err)
	}
}

func TestModeFollowsUmask(t *testing.T) {
	dir := t.TempDir()
	if _, err := New(dir).Put(t.Context(), "x", buckettest.Source(nil), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	plain, err := os.Create(filepath.Join(dir, "plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	want, err := plain.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.Stat(filepath.Join(dir, "x")); err != nil || got.Mode() != want.Mode() {
		t.Errorf("mode %v, want %v (%v)", got.Mode(), want.Mode(), err)
	}
}
