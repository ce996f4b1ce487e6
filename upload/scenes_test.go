package upload_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/scene/scenetest"
	"github.com/medialift/medialift/upload"
)

// listed lists the files below dir, by slash paths.
func listed(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			list = append(list, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return list
}

// contents is what the files below the directories hold.
func contents(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, dir := range dirs {
		for _, name := range listed(t, dir) {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all[filepath.Join(dir, name)] = string(text)
		}
	}
	return all
}

// TestScenes sends scenes with assets of all kinds in every layout: everything
// that the copies name is there, once, and local files stay as they are.
func TestScenes(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts upload.Options
	}{
		{"tree", upload.Options{}},
		{"rel-dir", upload.Options{RelDirs: []string{"DIR"}}},
		{"rel-dir above all", upload.Options{RelDirs: []string{"DIR/.."}}},
		{"flat", upload.Options{Layout: upload.Flat, SuffixCollisions: true}},
		{"hash", upload.Options{Layout: upload.Hash}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			dir, outside, out := filepath.Join(root, "data"), filepath.Join(root, "lib"), filepath.Join(t.TempDir(), "out")
			scenes := scenetest.Lay(t, dir, outside)
			cloud := filepath.Join(dir, "a/cloud.pcd") // also a sample
			before := contents(t, root)
			samples := []sample{{"filepath": scenes[0]}, {"filepath": scenes[1]}, {"filepath": cloud}}
			for i := range tt.opts.RelDirs {
				tt.opts.RelDirs[i] = strings.Replace(tt.opts.RelDirs[i], "DIR", dir, 1)
			}
			tt.opts.AssetDirs = []string{outside}
			job := newJob(t, dir, out, samples...)
			lift(t, job, tt.opts)
			first := scenetest.Same(t, scenes[0], samples[0]["filepath"])
			second := scenetest.Same(t, scenes[1], samples[1]["filepath"])
			both := 0
			for path := range second {
				if first[path] {
					both++
				}
			}
			if all := len(first) + len(second) - both; all != scenetest.LaidAssets || both != scenetest.LaidShared || !second[samples[2]["filepath"]] {
				t.Errorf("%d assets, %d of them shared; the point cloud went to %q", all, both, samples[2]["filepath"])
			}
			if n := len(listed(t, out)); n != scenetest.LaidAssets+2 {
				t.Errorf("%d objects: %q", n, listed(t, out))
			}
			if after := contents(t, root); len(after) != len(before) {
				t.Errorf("%d local files became %d", len(before), len(after))
			} else {
				for name, text := range before {
					if after[name] != text {
						t.Errorf("%q has changed", name)
					}
				}
			}
		})
	}
}

// TestScenesAgain plans again what has arrived: nothing is to be sent, unless a
// file or the place of what it names has changed.
func TestScenesAgain(t *testing.T) {
	root := t.TempDir()
	dir, out := filepath.Join(root, "data"), filepath.Join(root, "out")
	scenes := scenetest.Lay(t, dir, filepath.Join(root, "lib"))
	samples := []sample{{"filepath": scenes[0]}, {"filepath": scenes[1]}}
	job := newJob(t, dir, out, samples...)
	send := func(want int64, opts upload.Options) *upload.Plan {
		t.Helper()
		opts.AssetDirs = []string{filepath.Join(root, "lib")}
		plan, err := upload.NewPlan(t.Context(), job, opts)
		if err != nil {
			t.Fatal(err)
		}
		objects, _ := plan.ToSend()
		sent, err := plan.Execute(t.Context())
		if err != nil || objects != want || sent.Objects != want {
			t.Errorf("%d planned, %d sent, %v; want %d", objects, sent.Objects, err, want)
		}
		return plan
	}
	send(scenetest.LaidAssets+2, upload.Options{})
	send(0, upload.Options{})
	arrived := map[string]ledger.File{}
	for f, err := range job.Ledger.Objects(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		arrived[f.Path] = f
	}
	s := arrived[scenes[0]]
	info, err := os.Stat(filepath.Join(out, "a/s.fo3d"))
	if err != nil || s.Variant == "" || s.Size != info.Size() || s.LocalSize == s.Size || s.Checksum == "" {
		t.Errorf("%+v, %v", s, err)
	}
	// One material is another file now, of the same size.
	scenetest.Write(t, filepath.Join(dir, "a/mesh/wood.png"), "the BYTES of /a/mesh/wood.png")
	send(1, upload.Options{Overwrite: upload.OverwriteOwn})
	// A scene as it is on the disk is another object than its copy was.
	plan, err := upload.NewPlan(t.Context(), job, upload.Options{SkipAssets: true, Overwrite: upload.OverwriteOwn})
	if err != nil || len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0], "2 .fo3d scenes are sent without their assets") {
		t.Fatalf("%+v, %v", plan, err)
	}
	if sent, err := plan.Execute(t.Context()); err != nil || sent.Objects != 2 {
		t.Errorf("%+v, %v", sent, err)
	}
	send(2, upload.Options{Overwrite: upload.OverwriteOwn})
	lift(t, job, upload.Options{AssetDirs: []string{filepath.Join(root, "lib")}})
	scenetest.Same(t, scenes[0], samples[0]["filepath"])
}

// TestSceneWaitsForItsAssets: rows name a scene only when all that it needs has
// arrived.
func TestSceneWaitsForItsAssets(t *testing.T) {
	root := t.TempDir()
	dir, out := filepath.Join(root, "data"), filepath.Join(root, "out")
	scenes := scenetest.Lay(t, dir, filepath.Join(root, "lib"))
	image := write(t, dir, "x.png", "x")
	samples := []sample{{"filepath": scenes[0]}, {"filepath": scenes[1]}, {"filepath": image}}
	job := newJob(t, dir, out, samples...)
	plan, err := upload.NewPlan(t.Context(), job, upload.Options{SkipFailures: true, AssetDirs: []string{filepath.Join(root, "lib")}})
	if err != nil {
		t.Fatal(err)
	}
	// Three steps away from the first scene, and not of the other one.
	gone := filepath.Join(dir, "a/mesh/wood.png")
	if err := os.Rename(gone, gone+".away"); err != nil {
		t.Fatal(err)
	}
	sent, err := plan.Execute(t.Context())
	if err != nil || sent.Failed != 1 {
		t.Fatalf("%+v, %v", sent, err)
	}
	done, err := plan.Commit(t.Context())
	if err != nil || done.Changed != 2 || done.Remaining != 1 || samples[0]["filepath"] != scenes[0] {
		t.Errorf("%+v, %v, %q", done, err, samples)
	}
	rows, err := job.Ledger.Rows(t.Context(), ledger.RowsFailed)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for row, err := range rows {
		if n++; err != nil || row.Old != scenes[0] || !strings.Contains(row.Reason, "its asset "+gone) {
			t.Errorf("%+v, %v", row, err)
		}
	}
	if n != 1 {
		t.Errorf("%d failed rows", n)
	}
	if err := os.Rename(gone+".away", gone); err != nil {
		t.Fatal(err)
	}
	if done := lift(t, job, upload.Options{AssetDirs: []string{filepath.Join(root, "lib")}}); done.Changed != 1 || done.Remaining != 0 {
		t.Errorf("%+v", done)
	}
	scenetest.Same(t, scenes[0], samples[0]["filepath"])
	needed, err := job.Ledger.Needed(t.Context(), samples[1]["filepath"])
	if err != nil || len(needed) != len(scenetest.Same(t, scenes[1], samples[1]["filepath"])) {
		t.Errorf("%d needed, %v", len(needed), err)
	}
}

// TestSceneRefused: what a scene needs is refused like what rows name.
func TestSceneRefused(t *testing.T) {
	node := func(key, path string) string { return `{"children": [{"` + key + `": "` + path + `"}]}` }
	for _, tt := range []struct {
		name  string
		files map[string]string // those that end in .fo3d or .png are samples
		opts  upload.Options
		kind  string
		hints []string // what problems say
	}{
		{"missing", map[string]string{"a/s.fo3d": node("objPath", "m.obj"), "a/m.obj": "mtllib gone.mtl\n"}, upload.Options{}, "missing-asset",
			[]string{`gone.mtl", in "`, `a/m.obj" as mtllib: it is not there`}},
		{"windows", map[string]string{"a/s.fo3d": node("objPath", `C:\\m.obj`)}, upload.Options{}, "missing-asset", []string{`its asset "C:\\m.obj"`}},
		{"a directory", map[string]string{"a/s.fo3d": node("pcdPath", "d"), "a/d/x.png": ""}, upload.Options{}, "directory", []string{"it is a directory"}},
		{"no JSON", map[string]string{"s.fo3d": "{"}, upload.Options{}, "scene", []string{"broken at offset 1"}},
		{"a broken asset", map[string]string{"s.fo3d": node("gltfPath", "g.gltf"), "g.gltf": "x"}, upload.Options{}, "asset", []string{`its asset "`, "broken"}},
		{"two kinds", map[string]string{"s.fo3d": node("objPath", "m"), "t.fo3d": node("gltfPath", "m"), "m": "{}"}, upload.Options{}, "asset",
			[]string{"another kind"}},
		{"one key", map[string]string{"a/s.fo3d": node("pcdPath", "x.png"), "b/x.png": "1", "a/x.png": "not a sample"},
			upload.Options{RelDirs: []string{"a", "b"}}, "collision", []string{`its asset "`, "another file has the same key"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			var samples []sample
			for name, text := range tt.files {
				path := write(t, dir, name, text)
				if strings.HasSuffix(name, ".fo3d") || strings.HasSuffix(name, ".png") && text != "not a sample" {
					samples = append(samples, sample{"filepath": path})
				}
			}
			for i, d := range tt.opts.RelDirs {
				tt.opts.RelDirs[i] = filepath.Join(dir, d)
			}
			_, err := upload.NewPlan(t.Context(), newJob(t, dir, "mem://m", samples...), tt.opts)
			var r *dataset.Refusal
			if !errors.As(err, &r) || r.Problems[0].Kind != tt.kind || r.Hint == "" {
				t.Fatalf("%v: %+v", err, r)
			}
			all := ""
			for _, p := range r.Problems {
				if p.ID == "" || p.Field == "" || p.Path == "" {
					t.Errorf("%+v", p)
				}
				all += p.Hint + "\n"
			}
			for _, want := range tt.hints {
				if !strings.Contains(all, want) {
					t.Errorf("%q is not said in %s", want, all)
				}
			}
		})
	}
}

// TestScenePlacesRefused: keys that a store cannot hold, and places that a scene
// cannot name, are refused for assets too.
func TestScenePlacesRefused(t *testing.T) {
	const cloud = `{"children": [{"pcdPath": "m#1.pcd"}]}`
	for _, tt := range []struct {
		name, target, kind, hint string
		opts                     upload.Options
	}{
		{"a key", "https://account.blob.core.windows.net/media/p", "key", "would need escaping", upload.Options{Fields: []string{"filepath"}}},
		{"two buckets", "mem://m", "asset", "another bucket", upload.Options{RemoteDirs: []upload.RemoteDir{{Field: "thumb", URL: "mem://other"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "m#1.pcd", "")
			one := sample{"filepath": write(t, dir, "s.fo3d", cloud), "thumb": write(t, dir, "t.fo3d", cloud)}
			_, err := upload.NewPlan(t.Context(), newJob(t, dir, tt.target, one), tt.opts)
			var r *dataset.Refusal
			if !errors.As(err, &r) || r.Total != 1 || r.Problems[0].Kind != tt.kind || !strings.Contains(r.Problems[0].Hint, tt.hint) {
				t.Errorf("%v: %+v", err, r)
			}
		})
	}
}

// TestSceneSuffixes: assets that would take one key get their suffixes, and the
// scenes name them so.
func TestSceneSuffixes(t *testing.T) {
	root := t.TempDir()
	a, b, out := filepath.Join(root, "a"), filepath.Join(root, "b"), filepath.Join(root, "out")
	var samples []sample
	var scenes []string
	for _, dir := range []string{a, b} {
		scenetest.Write(t, filepath.Join(dir, "s.fo3d"), `{"children": [{"objPath": "m.obj"}]}`)
		scenetest.Write(t, filepath.Join(dir, "m.obj"), "mtllib m.mtl\n")
		scenetest.Write(t, filepath.Join(dir, "m.mtl"), "map_Kd t.png\n")
		scenetest.Write(t, filepath.Join(dir, "t.png"), dir)
		scenes = append(scenes, filepath.Join(dir, "s.fo3d"))
		samples = append(samples, sample{"filepath": filepath.Join(dir, "s.fo3d")})
	}
	job := newJob(t, root, out, samples...)
	opts := upload.Options{RelDirs: []string{a, b}}
	_, err := upload.NewPlan(t.Context(), job, opts)
	var r *dataset.Refusal
	if !errors.As(err, &r) || r.Total != 8 || r.Problems[0].Kind != "collision" {
		t.Fatalf("%v: %+v", err, r)
	}
	opts.SuffixCollisions = true
	for range 2 {
		lift(t, job, opts)
		for i := range scenes {
			scenetest.Same(t, scenes[i], samples[i]["filepath"])
		}
		if list := listed(t, out); len(list) != 8 || slices.Contains(list, "m.obj") {
			t.Errorf("%q", list)
		}
	}
}

// TestScenesOfEqualBytes: two scenes, equal on the disk, that mean different
// neighbours never become one object.
func TestScenesOfEqualBytes(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(t.TempDir(), "out")
	var samples []sample
	var scenes []string
	for _, name := range []string{"a", "b", "c"} {
		scenetest.Write(t, filepath.Join(dir, name, "s.fo3d"), `{"children": [{"objPath": "m.obj"}]}`)
		scenetest.Write(t, filepath.Join(dir, name, "m.obj"), "mtllib m.mtl\n")
		scenetest.Write(t, filepath.Join(dir, name, "m.mtl"), "map_Kd t.png\n")
		scenetest.Write(t, filepath.Join(dir, name, "t.png"), strings.TrimSuffix(name, "c")) // c has another texture than a and b
		scenes = append(scenes, filepath.Join(dir, name, "s.fo3d"))
		samples = append(samples, sample{"filepath": scenes[len(scenes)-1]})
	}
	scenetest.Write(t, filepath.Join(dir, "b/t.png"), "a")
	job := newJob(t, dir, out, samples...)
	lift(t, job, upload.Options{Layout: upload.Hash})
	for i := range scenes {
		scenetest.Same(t, scenes[i], samples[i]["filepath"])
	}
	if samples[0]["filepath"] != samples[1]["filepath"] || samples[0]["filepath"] == samples[2]["filepath"] || len(listed(t, out)) != 8 {
		t.Errorf("%q, %q", samples, listed(t, out))
	}
}

// TestMissingAssetsKept sends scenes without what is not there, and says so.
func TestMissingAssetsKept(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	path := write(t, dir, "s.fo3d", `{"children": [{"objPath": "m.obj"}, {"pcdPath": "/gone/c.pcd"}]}`)
	write(t, dir, "m.obj", "mtllib gone.mtl\n")
	samples := []sample{{"filepath": path}}
	job := newJob(t, dir, out, samples...)
	plan, err := upload.NewPlan(t.Context(), job, upload.Options{KeepMissing: true})
	if err != nil || plan.MissingAssetsTotal != 2 || len(plan.MissingAssets) != 2 || plan.MissingTotal != 0 || plan.Assets != 1 {
		t.Fatalf("%+v, %v", plan, err)
	}
	lift(t, job, upload.Options{KeepMissing: true})
	sent, err := os.ReadFile(samples[0]["filepath"])
	if err != nil || !strings.Contains(string(sent), `"/gone/c.pcd"`) || len(listed(t, out)) != 2 {
		t.Errorf("%s, %v, %q", sent, err, listed(t, out))
	}
}

// TestSceneChangesWhileSent: the copy is of the file as it was planned.
func TestSceneChangesWhileSent(t *testing.T) {
	root := t.TempDir()
	scenes := scenetest.Lay(t, filepath.Join(root, "data"), filepath.Join(root, "lib"))
	samples := []sample{{"filepath": scenes[0]}}
	plan, err := upload.NewPlan(t.Context(), newJob(t, root, filepath.Join(root, "out"), samples...), upload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(scenes[0], later, later); err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Execute(t.Context()); err == nil || !strings.Contains(err.Error(), "file changed") {
		t.Error(err)
	}
	if done, err := plan.Commit(t.Context()); err != nil || done.Changed != 0 {
		t.Errorf("%+v, %v", done, err)
	}
}
