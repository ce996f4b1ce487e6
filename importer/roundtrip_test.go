package importer_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/export"
	"github.com/medialift/medialift/importer"
	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

func open(t testing.TB, db *mongo.Database) *mongostore.Database {
	t.Helper()
	d, err := mongostore.Open(context.Background(), mongotest.URI(t), db.Name(), mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func exported(t testing.TB, d *mongostore.Database, name string) string {
	t.Helper()
	src, err := d.Dataset(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "export")
	if _, err := export.Run(t.Context(), export.Job{Source: src, Dir: dir}, export.Options{}); err != nil {
		t.Fatalf("exporting %q: %v", name, err)
	}
	return dir
}

func imported(t testing.TB, d *mongostore.Database, dir, name string, opts importer.Options) (importer.Report, error) {
	t.Helper()
	src, err := dirstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := d.New(name, mongostore.NewOptions{CreateDatabase: true})
	return importer.Run(t.Context(), importer.Job{Source: src, Dir: dir, Sink: w}, opts)
}

func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var hexID = regexp.MustCompile(`\b[0-9a-f]{24}\b`)

// numbered puts numbers in the place of ids, the same for the same one, but for
// what may stay old.
func numbered(text string) string {
	// FiftyOne brings this one up to date when it loads the view.
	text = regexp.MustCompile(`\\"dataset_id\\": \\"[0-9a-f]{24}\\"`).ReplaceAllString(text, "")
	seen := map[string]string{}
	return hexID.ReplaceAllStringFunc(text, func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprint("#", len(seen))
		}
		return seen[id]
	})
}

func datasetID(t testing.TB, text string) string {
	t.Helper()
	m := regexp.MustCompile(`^\{"_id": \{"\$oid": "([0-9a-f]{24})"`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no _id in %.200s", text)
	}
	return m[1]
}

// A dataset that went out and came in is the same, but for the ids that have to
// be others: of the dataset, its views, workspaces, runs and their results.
func TestThereAndBack(t *testing.T) {
	from := mongotest.Database(t)
	mongotest.FiftyOne(t).Restore(t, from)
	a, b := open(t, from), open(t, mongotest.Database(t))
	infos, err := a.Datasets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if _, err := a.Dataset(t.Context(), info.Name); errors.Is(err, dataset.ErrUnsupported) {
			continue
		}
		t.Run(info.Name, func(t *testing.T) {
			first := exported(t, a, info.Name)
			report, err := imported(t, b, first, "", importer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if report.Samples != info.Samples {
				t.Errorf("report %+v of %d samples", report, info.Samples)
			}
			before, after := files(t, first), files(t, exported(t, b, info.Name))
			if !slices.Equal(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))) {
				t.Fatalf("files %v became %v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
			}
			old, fresh := datasetID(t, before["metadata.json"]), datasetID(t, after["metadata.json"])
			if old == fresh {
				t.Error("the dataset has the id of the original")
			}
			for name, text := range before {
				got, want := after[name], strings.ReplaceAll(text, old, fresh)
				if name == "metadata.json" {
					got, want = numbered(got), numbered(text)
				}
				if got != want {
					at := 0
					for at < min(len(got), len(want)) && got[at] == want[at] {
						at++
					}
					t.Errorf("%s:\n…%.200s\nbecame\n…%.200s", name, want[max(0, at-50):], got[max(0, at-50):])
				}
			}
		})
	}
}

// Relative paths become absolute as FiftyOne makes them so.
func TestRelativePaths(t *testing.T) {
	b := open(t, mongotest.Database(t))
	for _, c := range []struct{ export, relDir, filepath, mask string }{
		{"image", "", "EXPORT/data/000001.png", "EXPORT/fields/segmentation/000000.png"},
		{"image-reldir", "", "EXPORT/images/train/000001.png", "segmentations/000000.png"},
		{"image-reldir", "/mnt/vision", "/mnt/vision/images/train/000001.png", "/mnt/vision/segmentations/000000.png"},
		{"image-reldir", "s3://b/vision", "s3://b/vision/images/train/000001.png", "s3://b/vision/segmentations/000000.png"},
	} {
		dir := testexport.Copy(t, c.export).Dir
		name := "relative " + c.export + c.relDir
		report, err := imported(t, b, dir, name, importer.Options{RelDir: c.relDir})
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.Dataset(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		for doc, err := range s.Documents(t.Context(), dataset.Samples) {
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(c.filepath, "EXPORT", dir)
			if got := doc.Lookup("filepath").StringValue(); got != want {
				t.Errorf("%s: filepath %q, want %q", name, got, want)
			}
			want = strings.ReplaceAll(c.mask, "EXPORT", dir)
			if got := doc.Lookup("segmentation", "mask_path").StringValue(); got != want {
				t.Errorf("%s: mask %q, want %q", name, got, want)
			}
			break
		}
		if left := !strings.Contains(c.mask, "/s") && c.mask != "" && c.relDir == "" && c.export != "image"; left != (len(report.Warnings) > 0) {
			t.Errorf("%s: warnings %q", name, report.Warnings)
		}
	}
}

// Legacy extended JSON with bare NaN, and a file a document, are the same dataset
// as the usual form of it.
func TestForms(t *testing.T) {
	b := open(t, mongotest.Database(t))
	documents := func(name string) (list []string) {
		made := testexport.Copy(t, name)
		if _, err := imported(t, b, made.Dir, "form "+name, importer.Options{}); err != nil {
			t.Fatal(err)
		}
		s, err := b.Dataset(t.Context(), "form "+name)
		if err != nil {
			t.Fatal(err)
		}
		for doc, err := range s.Documents(t.Context(), dataset.Samples) {
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(doc.String(), s.ID().ObjectID().Hex(), "ID")
			list = append(list, strings.ReplaceAll(text, made.Media, "MEDIA"))
		}
		return list
	}
	want := documents("image-local")
	for _, name := range []string{"legacy-v1", "image-dirs"} {
		if got := documents(name); !slices.Equal(got, want) {
			t.Errorf("%s:\n%.400s\nwant\n%.400s", name, got, want)
		}
	}
}
