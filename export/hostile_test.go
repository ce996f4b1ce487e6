package export_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/export"
)

// A named is a memory whose media field has another name than thumbs, or which has a
// run of that name.
type named struct {
	memory
	field, run string
}

func (n *named) Manifest(ctx context.Context) (dataset.Manifest, error) {
	m, err := n.memory.Manifest(ctx)
	if err != nil {
		return m, err
	}
	var doc bson.D
	if err := bson.Unmarshal(m.Doc, &doc); err != nil {
		return m, err
	}
	for i, e := range doc {
		switch e.Key {
		case "app_config":
			doc[i].Value = d{{Key: "media_fields", Value: bson.A{"filepath", n.field}}}
		case "sample_fields":
			doc[i].Value = append(e.Value.(bson.A), d{{Key: "name", Value: n.field}, {Key: "db_field", Value: "x"}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}})
		}
	}
	if n.run != "" {
		doc = append(doc, bson.E{Key: "brain_methods", Value: d{{Key: n.run, Value: d{{Key: "key", Value: n.run}}}}})
	}
	m.Doc, err = bson.Marshal(doc)
	return m, err
}

// around lists all files around a directory.
func around(t *testing.T, top string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(top, func(path string, _ os.DirEntry, err error) error {
		list = append(list, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The name of a field or run leads nothing out of the directory.
func TestNamesLeadNowhere(t *testing.T) {
	for _, name := range []string{"../../../.ssh", "..", "a/b", `..\..\x`, "/etc", "c:x", "con", "NUL.txt", "a\n", "x/../../../../y"} {
		for _, n := range []*named{{field: name}, {field: "thumbs", run: name}} {
			top := t.TempDir()
			file := filepath.Join(top, "media", "authorized_keys")
			lay(t, top, "media/authorized_keys")
			n.samples = []bson.D{append(sample(1, file, ""), bson.E{Key: "x", Value: file})}
			before := len(around(t, top))
			_, err := export.Run(t.Context(), export.Job{Source: n, Dir: filepath.Join(top, "home", "work", "out")}, export.Options{Media: true})
			refusal, ok := errors.AsType[*dataset.Refusal](err)
			if !ok || refusal.Total != 1 || refusal.Problems[0].Kind != "name" || refusal.Problems[0].Field != name {
				t.Errorf("%q: got %v %+v", name, err, refusal)
			}
			if after := around(t, top); len(after) != before {
				t.Errorf("%q: %q", name, after)
			}
		}
	}
	n := &named{field: "thumb path.x"}
	top := t.TempDir()
	lay(t, top, "media/a.png")
	n.samples = []bson.D{append(sample(1, filepath.Join(top, "media", "a.png"), ""), bson.E{Key: "thumb path", Value: d{{Key: "x", Value: filepath.Join(top, "media", "a.png")}}})}
	out := filepath.Join(top, "out")
	if _, err := export.Run(t.Context(), export.Job{Source: n, Dir: out}, export.Options{Media: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(out, "fields", "thumb path.x", "a.png")); err != nil {
		t.Error(err)
	}
}

// Assets of scenes are copied from where the dataset's media are.
func TestAssetsOutside(t *testing.T) {
	top := t.TempDir()
	lay(t, top, "secret/key", "data/pcd/1.pcd", "data/a.png")
	write := func(scene string) *memory {
		path := filepath.Join(top, "data", "scenes", "s.fo3d")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(scene), 0o666)); err != nil {
			t.Fatal(err)
		}
		return &memory{samples: []bson.D{sample(1, path, ""), sample(2, filepath.Join(top, "data", "a.png"), "")}}
	}
	for scene, fine := range map[string]bool{
		`{"children": [{"pcdPath": "../pcd/1.pcd"}]}`:                             true,
		`{"children": [{"pcdPath": "../../secret/key"}]}`:                         false,
		`{"children": [{"pcdPath": "` + filepath.Join(top, "secret/key") + `"}]}`: false,
	} {
		run := func(opts export.Options) error {
			opts.Media = true
			_, err := export.Run(t.Context(), export.Job{Source: write(scene), Dir: filepath.Join(t.TempDir(), "out")}, opts)
			return err
		}
		refusal, _ := errors.AsType[*dataset.Refusal](run(export.Options{}))
		if fine != (refusal == nil) || refusal != nil && (refusal.Problems[0].Kind != "outside-asset" || !strings.Contains(refusal.Problems[0].Path, "key")) {
			t.Errorf("%s: got %v", scene, refusal)
		}
		if err := run(export.Options{AssetDirs: []string{filepath.Join(top, "secret")}}); err != nil {
			t.Errorf("%s, allowed: %v", scene, err)
		}
	}
}
