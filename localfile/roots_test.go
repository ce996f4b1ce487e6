package localfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/medialift/medialift/localfile"
)

func TestRoots(t *testing.T) {
	top := t.TempDir()
	for _, dir := range []string{"data/scenes", "data/pcd", "data2", "secret"} {
		if err := os.MkdirAll(filepath.Join(top, dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(top, "secret", "key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"data/out": "../secret", "data/in": "pcd", "alias": "data", "data/file": "../secret/key"} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.Join(top, link)); err != nil {
			t.Skip(err)
		}
	}
	for file, want := range map[string]bool{
		"data/scenes/a": true, "data/scenes/../pcd/a": true, "data/in/a": true, "alias/pcd/a": true, "data": true,
		"data2/a": false, "secret/key": false, "data/../secret/key": false, "data/scenes/../../secret/key": false, "data/out/key": false,
		"data/out/none": false, "data/file": false, "alias/out/key": false, "data/none/../../secret/key": false,
	} {
		for _, root := range []string{"data", "alias"} {
			where := localfile.Real(top + "/" + file)
			if held := localfile.NewRoots(filepath.Join(top, root), "").Hold(where); held != want {
				t.Errorf("%s in %s: %t, at %s", file, root, held, where)
			}
		}
	}
	if (localfile.Roots{}).Hold(top) {
		t.Error("nothing holds something")
	}
}
