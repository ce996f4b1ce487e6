package export_test

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/export"
)

// A videos dataset has a frame, too.
type videos struct{ memory }

func (v *videos) Documents(ctx context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	if part != dataset.Frames {
		return v.memory.Documents(ctx, part)
	}
	return func(yield func(bson.Raw, error) bool) {
		b, err := bson.Marshal(d{{Key: "_id", Value: bson.ObjectID{3}}, {Key: "seg", Value: d{{Key: "_cls", Value: "Segmentation"}, {Key: "mask_path", Value: v.samples[0][1].Value}}}})
		yield(b, err)
	}
}

func label(class, leaf, path string) bson.D {
	return d{{Key: "_cls", Value: class}, {Key: leaf, Value: path}}
}

// Only a path that FiftyOne's importer makes absolute again becomes relative, whatever
// Media or RelDir ask for; the report counts both by field.
func TestOnlyRestoredBecomesRelative(t *testing.T) {
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	lay(t, root, "a.png", "b.png")
	a, b := at("a.png"), at("b.png")
	first := append(sample(1, a, b),
		bson.E{Key: "thumbs", Value: bson.A{a, b}},
		bson.E{Key: "cls", Value: label("Classification", "mask_path", a)},
		bson.E{Key: "dets", Value: d{{Key: "_cls", Value: "Detections"}, {Key: "detections", Value: bson.A{
			append(label("Detection", "mask_path", a), bson.E{Key: "inner", Value: label("Segmentation", "mask_path", b)}),
		}}}},
		bson.E{Key: "odd", Value: label("Detection", "map_path", a)},
		bson.E{Key: "deep", Value: d{{Key: "seg", Value: label("Heatmap", "map_path", b)}}},
		bson.E{Key: "either", Value: label("Segmentation", "mask_path", a)},
		bson.E{Key: "holes", Value: bson.A{nil, label("Detection", "mask_path", a)}},
	)
	second := append(sample(2, a, ""), bson.E{Key: "either", Value: label("Classification", "label", "x")})
	want := []export.Field{
		{Name: "filepath", Relative: 2},
		{Name: "cls", Absolute: 1}, {Name: "deep.seg", Relative: 1}, {Name: "dets.detections", Relative: 1}, {Name: "dets.detections.inner", Absolute: 1},
		{Name: "either", Absolute: 1}, {Name: "holes", Absolute: 1}, {Name: "odd", Absolute: 1}, {Name: "seg", Relative: 1}, {Name: "thumbs", Absolute: 2},
	}
	for name, opts := range map[string]export.Options{"media": {Media: true}, "rel-dir": {RelDir: root}, "both": {Media: true, RelDir: root}} {
		t.Run(name, func(t *testing.T) {
			var planned []export.Field
			opts.Planned = func(f []export.Field) { planned = f }
			src := &videos{memory{samples: []bson.D{first, second}}}
			dir := filepath.Join(t.TempDir(), "out")
			report, err := export.Run(t.Context(), export.Job{Source: src, Dir: dir}, opts)
			if err != nil {
				t.Fatal(err)
			}
			frames := export.Field{Name: "frames.seg", Absolute: 1}
			for _, list := range []struct{ got, want []export.Field }{{planned, want}, {report.Fields, append(want[:len(want):len(want)], frames)}} {
				for i, f := range list.got {
					if (f.Absolute > 0) != (f.Why != "") {
						t.Errorf("%+v", f)
					}
					list.got[i].Why = ""
				}
				if !reflect.DeepEqual(list.got, list.want) {
					t.Errorf("got %+v\nwant %+v", list.got, list.want)
				}
			}
			if all := strings.Join(report.Warnings, "\n"); !strings.Contains(all, "2 paths of thumbs stay absolute") || !strings.Contains(all, "1 paths of frames.seg stay absolute") {
				t.Errorf("warnings %s", all)
			}
			text, err := os.ReadFile(filepath.Join(dir, "samples.json"))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), root); n != 7 {
				t.Errorf("%d absolute paths in %s", n, text)
			}
			entries, err := os.ReadDir(filepath.Join(dir, "fields"))
			if err != nil || len(entries) != 3 {
				t.Errorf("fields/ holds %v, %v", entries, err)
			}
		})
	}
}
