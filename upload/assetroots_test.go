package upload_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/scene/scenetest"
	"github.com/medialift/medialift/upload"
)

// What a scene names is only sent from where the dataset's own files are, whatever
// the name looks like.
func TestAssetsOutside(t *testing.T) {
	type files map[string]string
	for _, tt := range []struct {
		name    string
		scene   string // what data/s/s.fo3d holds; TOP is the folder of everything
		files   files
		links   files
		rel     []string
		allowed []string
		refused string // what is named; empty if all is well
	}{
		{name: "beside", scene: `{"children": [{"pcdPath": "1.pcd"}]}`, files: files{"data/s/1.pcd": ""}},
		{name: "a sibling folder", scene: `{"children": [{"pcdPath": "../pcd/1.pcd"}]}`, files: files{"data/pcd/1.pcd": ""}},
		{name: "absolute and inside", scene: `{"children": [{"pcdPath": "TOP/data/pcd/1.pcd"}]}`, files: files{"data/pcd/1.pcd": ""}},
		{name: "out and in again", scene: `{"children": [{"pcdPath": "../../data/pcd/1.pcd"}]}`, files: files{"data/pcd/1.pcd": ""}},
		{name: "climbing", scene: `{"children": [{"pcdPath": "../../secret/key"}]}`, refused: "secret/key"},
		{name: "absolute", scene: `{"children": [{"plyPath": "TOP/secret/key"}]}`, refused: "secret/key"},
		{name: "background", scene: `{"background": {"image": "../../secret/key"}}`, refused: "secret/key"},
		{name: "a name that begins alike", scene: `{"children": [{"pcdPath": "../../data2/key"}]}`, files: files{"data2/key": ""}, refused: "data2/key"},
		{name: "backslashes", scene: `{"children": [{"pcdPath": "..\\..\\secret\\key"}]}`, refused: "secret/key"},
		{name: "percent escapes of a scene are none", scene: `{"children": [{"pcdPath": "..%2f..%2fsecret/key"}]}`, refused: "not there"},
		{name: "percent escapes of a glTF", scene: `{"children": [{"gltfPath": "g.gltf"}]}`,
			files: files{"data/s/g.gltf": `{"buffers": [{"uri": "..%2F..%2f%73ecret/key"}]}`}, refused: "secret/key"},
		{name: "an absolute one in a material", scene: `{"children": [{"objPath": "m.obj"}]}`,
			files: files{"data/s/m.obj": "mtllib m.mtl\n", "data/s/m.mtl": "map_Kd TOP/secret/key\n"}, refused: "secret/key"},
		{name: "a link to a file", scene: `{"children": [{"pcdPath": "1.pcd"}]}`, links: files{"data/s/1.pcd": "../../secret/key"}, refused: "secret/key"},
		{name: "a link to a folder", scene: `{"children": [{"pcdPath": "in/key"}]}`, links: files{"data/s/in": "../../secret"}, refused: "secret/key"},
		{name: "a link and back", scene: `{"children": [{"pcdPath": "in/../secret/key"}]}`, files: files{"data/secret/key": ""}, links: files{"data/s/in": "../pcd"}, refused: "not there"},
		{name: "a link within", scene: `{"children": [{"pcdPath": "in/1.pcd"}]}`, files: files{"data/pcd/1.pcd": ""}, links: files{"data/s/in": "../pcd"}},
		{name: "URLs are not files", scene: `{"children": [{"pcdPath": "file:///TOP/secret/key"}, {"pcdPath": "FILE://TOP/secret/key"}, {"pcdPath": "s3://x/key"}]}`},
		{name: "allowed", scene: `{"children": [{"pcdPath": "../../secret/key"}]}`, allowed: []string{"secret"}},
		{name: "allowed by a link", scene: `{"children": [{"pcdPath": "../../secret/key"}]}`, links: files{"alias": "secret"}, allowed: []string{"alias"}},
		{name: "another is allowed", scene: `{"children": [{"pcdPath": "../../secret/key"}]}`, allowed: []string{"data"}, refused: "secret/key"},
		{name: "below the rel-dir", scene: `{"children": [{"pcdPath": "../../secret/key"}]}`, rel: []string{"."}},
	} {
		top, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		in := func(names []string) []string {
			names = slices.Clone(names)
			for i, name := range names {
				names[i] = filepath.Join(top, name)
			}
			return names
		}
		scenetest.Write(t, filepath.Join(top, "secret", "key"), "s3cret")
		scenetest.Write(t, filepath.Join(top, "data", "s", "s.fo3d"), strings.ReplaceAll(tt.scene, "TOP", top))
		for name, text := range tt.files {
			scenetest.Write(t, filepath.Join(top, name), strings.ReplaceAll(text, "TOP", top))
		}
		for name, to := range tt.links {
			if err := os.Symlink(to, filepath.Join(top, name)); err != nil {
				t.Skip(err)
			}
		}
		// Once as an export, once as a dataset of a database whose media lie in data.
		for kind, dir := range map[string]string{"an export": filepath.Join(top, "data"), "a database": ""} {
			out := t.TempDir()
			job := newJob(t, dir, out, sample{"filepath": filepath.Join(top, "data", "s", "s.fo3d")}, sample{"filepath": write(t, top, "data/a.png", "a")})
			_, err := upload.NewPlan(t.Context(), job, upload.Options{RelDirs: in(tt.rel), AssetDirs: in(tt.allowed)})
			refusal, _ := errors.AsType[*dataset.Refusal](err)
			switch said := fmt.Sprint(refusal); {
			case tt.refused == "" && err != nil:
				t.Errorf("%s, %s: %v %+v", tt.name, kind, err, refusal)
			case tt.refused == "":
			case refusal == nil || refusal.Total != 1 || !strings.Contains(fmt.Sprint(said, refusal.Problems), tt.refused):
				t.Errorf("%s, %s: got %v %+v, want %q", tt.name, kind, err, refusal, tt.refused)
			case tt.refused != "not there" && (refusal.Problems[0].Kind != "outside-asset" || !strings.Contains(refusal.Hint, "--allow-assets-outside")):
				t.Errorf("%s, %s: %+v", tt.name, kind, refusal)
			}
		}
	}
}

// A dataset whose media have no common directory but the top one does not hold
// everything: each field's own holds.
func TestAssetsOfScatteredMedia(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a file at the top of the system is needed")
	}
	top := t.TempDir()
	elsewhere, err := os.MkdirTemp("/", "medialift-test-")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(elsewhere)
	scenetest.Write(t, filepath.Join(top, "secret"), "s3cret")
	scene := write(t, top, "data/s.fo3d", `{"children": [{"pcdPath": "../secret"}]}`)
	job := newJob(t, "", t.TempDir(), sample{"filepath": scene, "thumb": write(t, elsewhere, "t.png", "t")})
	_, err = upload.NewPlan(t.Context(), job, upload.Options{})
	if refusal, ok := errors.AsType[*dataset.Refusal](err); !ok || refusal.Problems[0].Kind != "outside-asset" {
		t.Errorf("got %v", err)
	}
}
