package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/internal/testexport"
	"github.com/medialift/medialift/scene/scenetest"
)

// sceneValues are the strings of documents that name 3D scenes, by place.
func sceneValues(t *testing.T, texts map[string][]byte) map[string]string {
	t.Helper()
	scenes := map[string]string{}
	for name, text := range texts {
		all := map[string]string{}
		jsonStrings(decodeJSON(t, text), name, all)
		for at, value := range all {
			if strings.HasSuffix(value, ".fo3d") && strings.HasSuffix(at, "/filepath") {
				scenes[at] = value
			}
		}
	}
	return scenes
}

// scenesExport lays out a group export whose two scenes have assets of all
// kinds, some of them outside the export, and one mesh of so many lines of 17
// bytes, which must be rewritten.
func scenesExport(t *testing.T, lines int) string {
	t.Helper()
	export := testexport.Copy(t, "group")
	outside := t.TempDir()
	scenetest.Lay(t, filepath.Join(export.Dir, "data"), outside)
	large := "mtllib " + filepath.Join(outside, "lib/m.mtl") + "\n" + strings.Repeat("v 0.125 0.25 0.5\n", lines)
	scenetest.Write(t, filepath.Join(outside, "lib/m.obj"), large)
	path := filepath.Join(export.Dir, "samples.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(`"data/scene.fo3d"`), []byte(`"data/a/s.fo3d"`))
	text = bytes.ReplaceAll(text, []byte(`"data/scene-2.fo3d"`), []byte(`"data/b/s.fo3d"`))
	scenetest.Write(t, path, string(text))
	return export.Dir
}

// snapshot is what the files below a directory hold.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestScenesResolve uploads group exports: every asset that an uploaded scene
// names, textures included, is where it says, with the bytes of the local one.
func TestScenesResolve(t *testing.T) {
	for _, tt := range []struct {
		name string
		lay  func(t *testing.T, lines int) string
		want int // assets of both scenes
	}{
		{"all kinds", scenesExport, scenetest.LaidAssets},
		{"as FiftyOne wrote them", func(t *testing.T, _ int) string { return testexport.Copy(t, "group-local").Dir }, 8},
	} {
		t.Run("file "+tt.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			checkScenes(t, newTool(t), tt.lay(t, 100_000), out, func(url string) string { return url }, tt.want)
		})
		t.Run("s3 "+tt.name, func(t *testing.T) {
			s3 := buckettest.S3Server(t)
			s3.CreateBucket(t, "media")
			checkScenes(t, newTool(t, s3.Environ()...), tt.lay(t, 1<<20), "s3://media/x", func(url string) string {
				return s3.Path("media", strings.TrimPrefix(url, "s3://media/"))
			}, tt.want)
		})
	}
}

func checkScenes(t *testing.T, m tool, dir, target string, stored func(url string) string, want int) {
	t.Helper()
	before, was := snapshot(t, dir), sceneValues(t, documents(t, dir))
	outside := filepath.Dir(filepath.Dir(dir)) // where the test keeps all that it makes
	args := []string{"upload", dir, target, "--update-filepaths", "--allow-assets-outside", outside}
	first := m.run(0, args...)
	is := sceneValues(t, documents(t, dir))
	assets := map[string]bool{}
	for at, old := range was {
		if !filepath.IsAbs(old) {
			old = filepath.Join(dir, old)
		}
		for path := range scenetest.Same(t, old, stored(is[at])) {
			assets[path] = true
		}
	}
	if len(was) != 2 || len(assets) != want {
		t.Errorf("%d scenes need %d files, want %d", len(was), len(assets), want)
	}
	m.run(0, "verify", dir)
	if again := m.run(0, args...); again.Counts.Objects != 0 || again.Counts.Rewritten != 0 {
		t.Errorf("the second run did something: %+v", again.Counts)
	}
	m.run(0, "undo", first.Run)
	after := snapshot(t, dir)
	for name, text := range before {
		if after[name] != text {
			t.Errorf("%q is not as it was", name)
		}
	}
	// What has arrived is found again, copies too.
	if again := m.run(0, args...); again.Counts.Objects != 0 || again.Counts.Rewritten != first.Counts.Rewritten {
		t.Errorf("after undo: %+v", again.Counts)
	}
	var gone string
	for path := range assets {
		gone = max(gone, path)
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	wrong := m.run(1, "verify", dir)
	if len(wrong.Problems) != 1 || wrong.Problems[0].Kind != "missing" {
		t.Errorf("without %q: %+v", gone, wrong.Problems)
	}
}

// TestScenesOfAnotherRun: files that scenes need, and that another run sent, are
// not replaced by other ones, whatever the options say.
func TestScenesOfAnotherRun(t *testing.T) {
	m := newTool(t)
	root := t.TempDir()
	out := filepath.Join(root, "out")
	export := func(name, file string) string {
		dir := filepath.Join(root, name)
		doc, err := json.Marshal(map[string]any{"samples": []any{map[string]any{
			"_id": map[string]string{"$oid": "65a000000000000000000001"}, "filepath": file}}})
		if err != nil {
			t.Fatal(err)
		}
		scenetest.Write(t, filepath.Join(dir, "metadata.json"),
			`{"version": "1.22.1", "name": "x", "sample_fields": [{"name": "filepath", "ftype": "fiftyone.core.fields.StringField"}]}`)
		scenetest.Write(t, filepath.Join(dir, "samples.json"), string(doc))
		return dir
	}
	scenetest.Write(t, filepath.Join(root, "one/m.pcd"), "cloud")
	scenetest.Write(t, filepath.Join(root, "one/s.fo3d"), `{"children": [{"pcdPath": "m.pcd"}]}`)
	scenetest.Write(t, filepath.Join(root, "two/m.pcd"), "another cloud")
	one, two := filepath.Join(root, "one"), filepath.Join(root, "two")
	dir := export("export", filepath.Join(one, "s.fo3d"))
	m.run(0, "upload", dir, out, "--rel-dir", one, "--update-filepaths")
	// The dataset comes to name the other file beside the scene.
	text, err := os.ReadFile(filepath.Join(dir, "samples.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Samples []map[string]any }
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	doc.Samples = append(doc.Samples, map[string]any{
		"_id": map[string]string{"$oid": "65a000000000000000000002"}, "filepath": filepath.Join(two, "m.pcd")})
	more, err := json.Marshal(map[string]any{"samples": doc.Samples})
	if err != nil {
		t.Fatal(err)
	}
	scenetest.Write(t, filepath.Join(dir, "samples.json"), string(more))
	for _, flags := range [][]string{{"--rel-dir", two}, {"--rel-dir", one, "--rel-dir", two}} {
		refused := m.run(4, slices.Concat([]string{"upload", dir, out, "--overwrite", "--update-filepaths"}, flags)...)
		if len(refused.Problems) != 1 || refused.Problems[0].Kind != "exists" {
			t.Errorf("%q: %+v", flags, refused.Problems)
		}
	}
	if held, err := os.ReadFile(filepath.Join(out, "m.pcd")); err != nil || string(held) != "cloud" {
		t.Errorf("the scene's cloud is %q, %v", held, err)
	}
}
