package arrival_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/arrival"
	"github.com/medialift/medialift/dbmigrate/clients"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/internal/mongotest"
)

// old restores a database that FiftyOne of that version wrote.
func old(t *testing.T, version string) (*mongostore.Database, *mongo.Database) {
	t.Helper()
	name := filepath.Join("old", version, "before")
	dir := migratetest.Unpack(t, "../revisions/testdata/golden.tar.zst", name)
	db := mongotest.Database(t)
	mongotest.Read(t, filepath.Join(dir, name)).Restore(t, db)
	return open(t, db), db
}

func open(t *testing.T, db *mongo.Database) *mongostore.Database {
	t.Helper()
	d, err := mongostore.Open(t.Context(), mongotest.URI(t), db.Name(), mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// arrive copies a dataset into a database under another name, and returns its way.
func arrive(ctx context.Context, target *mongostore.Database, source dataset.Source, name string) (*arrival.Way, error) {
	m, err := source.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	way := arrival.Begin(target, m.Version())
	w := target.New(name, mongostore.NewOptions{Version: way.To, CreateDatabase: true, Finish: way.Finish(nil)})
	if err := way.Plan(ctx, source); err != nil {
		return nil, err
	}
	return way, errors.Join(dataset.Copy(ctx, w, source), w.Close())
}

// stored is the document of a dataset as it stands in a database.
func stored(t *testing.T, db *mongo.Database, name string) bson.D {
	t.Helper()
	var doc bson.D
	if err := db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: name}}).Decode(&doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc
}

func get(doc bson.D, key string) any {
	for _, e := range doc {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// stores opens all datasets of a database.
func stores(t *testing.T, d *mongostore.Database) []*mongostore.Store {
	t.Helper()
	infos, err := d.Datasets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var list []*mongostore.Store
	for _, info := range infos {
		s, err := d.Dataset(t.Context(), info.Name)
		if err != nil {
			continue // of media that medialift does not copy
		}
		list = append(list, s)
	}
	return list
}

// check looks for what keeps the FiftyOne of a version from loading a dataset: how runs,
// frames and slugs stand, and keys that its strict classes do not know.
func check(t *testing.T, doc bson.D, version string) {
	t.Helper()
	before := func(other string) bool { return mongostore.Older(version, other) }
	if got := get(doc, "version"); got != version {
		t.Errorf("it is of version %v", got)
	}
	if frames, _ := get(doc, "frame_collection_name").(string); before("0.20") && !strings.HasPrefix(frames, "frames.samples.") {
		t.Errorf("its frames are in %q", frames)
	}
	if slug := get(doc, "slug"); before("0.19") != (slug == nil) {
		t.Errorf("its slug is %v", slug)
	}
	for _, family := range dataset.Families() {
		runs, _ := get(doc, string(family)).(bson.D)
		for _, run := range runs {
			if _, inDoc := run.Value.(bson.D); inDoc != before("0.19") {
				t.Errorf("run %s is %T", run.Key, run.Value)
			}
		}
	}
	known := func(what string, class clients.Class, doc bson.D) {
		for _, e := range doc {
			if class.Strict && e.Key != "_id" && !class.Knows(e.Key) {
				t.Errorf("its %s has the key %q, which %s does not know", what, e.Key, version)
			}
		}
	}
	client := clients.At(dbmigrate.MustParseVersion(version))
	class, _ := client.Class("DatasetDocument")
	known("document", class, doc)
	class, _ = client.Class("SampleFieldDocument")
	fields, _ := get(doc, "sample_fields").(bson.A)
	for _, field := range fields {
		known("schema", class, field.(bson.D))
	}
	class, _ = client.Class("DatasetAppConfig")
	config, _ := get(doc, "app_config").(bson.D)
	known("app_config", class, config)
}

// spared makes sure that all documents that were there are there as they were.
func spared(t *testing.T, before, after mongotest.Dump) {
	t.Helper()
	for name, c := range before {
		there := map[string]bool{}
		if now := after[name]; now != nil {
			for _, doc := range now.Docs {
				there[string(doc)] = true
			}
		}
		for _, doc := range c.Docs {
			if !there[string(doc)] {
				t.Errorf("a document of %s is not there any more: %v", name, doc)
			}
		}
	}
}

// Whatever the version of a dataset and that of the database which gets it, it stands
// there as the FiftyOne of that database has its own.
func TestArrivesAsItsClientReads(t *testing.T) {
	newest := mongotest.Database(t)
	mongotest.FiftyOne(t).Restore(t, newest)
	for _, version := range []string{"0.14.4", "0.16.6", "0.19.1", "1.0.2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			target, db := old(t, version)
			if c := target.Config(); c.Version != version || c.OfDatasets != (version == "0.14.4") {
				t.Fatalf("the database says that it is %+v", c)
			}
			before := mongotest.Take(t, db)
			for from, d := range map[string]*mongostore.Database{"1.22.1": open(t, newest), version: target} {
				for i, s := range stores(t, d) {
					name := fmt.Sprintf("from %s, %d", from, i)
					t.Run(from+" "+s.Name(), func(t *testing.T) {
						_, err := arrive(t.Context(), target, s, name)
						if refused := (*dataset.Refusal)(nil); errors.As(err, &refused) && strings.Contains(err.Error(), "0.17.0") {
							return // a dataset of groups
						}
						if err != nil {
							t.Fatal(err)
						}
						check(t, stored(t, db, name), version)
					})
				}
			}
			spared(t, before, mongotest.Take(t, db))
			if n, err := db.Collection("config").CountDocuments(t.Context(), bson.D{}); err != nil || (n == 0) != (version == "0.14.4") {
				t.Errorf("%d documents in config, %v", n, err)
			}
		})
	}
}

// A dataset that stays at its version has the keys that FiftyOne itself gave it, and the
// values, but for its names and ids.
func TestSameVersion(t *testing.T) {
	for _, version := range []string{"0.14.4", "0.16.6", "0.19.1"} {
		target, db := old(t, version)
		for i, s := range stores(t, target) {
			name := fmt.Sprint("copy ", i)
			if _, err := arrive(t.Context(), target, s, name); err != nil {
				t.Fatalf("%s: %s: %v", version, s.Name(), err)
			}
			own, copied := stored(t, db, s.Name()), stored(t, db, name)
			keys := func(doc bson.D) (keys []string) {
				for _, e := range doc {
					keys = append(keys, e.Key)
				}
				slices.Sort(keys)
				return keys
			}
			if a, b := keys(own), keys(copied); !slices.Equal(a, b) {
				t.Errorf("%s: %s: keys %v became %v", version, s.Name(), a, b)
			}
			for _, e := range own {
				switch e.Key {
				case "_id", "name", "slug", "sample_collection_name", "frame_collection_name", "persistent", "saved_views":
				case "evaluations", "brain_methods", "annotation_runs":
					if a, b := keys(e.Value.(bson.D)), keys(get(copied, e.Key).(bson.D)); !slices.Equal(a, b) {
						t.Errorf("%s: %s: %s %v became %v", version, s.Name(), e.Key, a, b)
					}
				default:
					if a, b := dbmigrate.IDKey(e.Value), dbmigrate.IDKey(get(copied, e.Key)); a != b {
						t.Errorf("%s: %s: %s: %v became %v", version, s.Name(), e.Key, e.Value, get(copied, e.Key))
					}
				}
			}
		}
	}
}

// FiftyOne's own migration declares the points of keypoints of versions before 0.16 as
// points of polylines, and then can't read them. A database that is made for such a dataset
// is noted as one of today, whose FiftyOne would do so.
func TestKeypoints(t *testing.T) {
	source, _ := old(t, "0.14.4")
	for _, version := range []string{"1.22.1", "0.17.2", ""} {
		db := mongotest.Database(t)
		if version != "" {
			if _, err := db.Collection("config").InsertOne(t.Context(), bson.D{{Key: "version", Value: version}, {Key: "type", Value: "fiftyone"}}); err != nil {
				t.Fatal(err)
			}
		}
		found := 0
		for i, s := range stores(t, open(t, source.Handle())) {
			name := fmt.Sprint("arrived ", i)
			_, err := arrive(t.Context(), open(t, db), s, name)
			if refused := (*dataset.Refusal)(nil); errors.As(err, &refused) && strings.Contains(err.Error(), "created_at") {
				continue // a field of its own has a name that 1.0 took
			}
			if err != nil {
				t.Fatal(err)
			}
			found += keypoints(t, get(stored(t, db, name), "sample_fields"))
		}
		if found == 0 {
			t.Errorf("no keypoints are declared in %q", version)
		}
	}
}

// keypoints counts the declared points of keypoints, at any depth.
func keypoints(t *testing.T, fields any) (n int) {
	list, _ := fields.(bson.A)
	for _, item := range list {
		field, _ := item.(bson.D)
		inner, _ := get(field, "fields").(bson.A)
		if get(field, "embedded_doc_type") == "fiftyone.core.labels.Keypoint" {
			for _, child := range inner {
				if child := child.(bson.D); get(child, "name") == "points" {
					n++
					if got := get(child, "ftype"); got != "fiftyone.core.fields.KeypointsField" {
						t.Errorf("points of keypoints are declared as %v", got)
					}
				}
			}
		}
		n += keypoints(t, inner)
	}
	return n
}
