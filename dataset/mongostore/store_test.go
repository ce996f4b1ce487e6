package mongostore

import (
	"context"
	"errors"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
	"github.com/medialift/medialift/internal/mongotest"
)

// open opens a database of a test.
func open(t testing.TB, db *mongo.Database) *Database {
	t.Helper()
	d, err := Open(context.Background(), mongotest.URI(t), db.Name(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// rich answers the database of seven datasets that real FiftyOne wrote.
func rich(t testing.TB) (*Database, *mongo.Database) {
	t.Helper()
	db := mongotest.Database(t)
	mongotest.FiftyOne(t).Restore(t, db)
	return open(t, db), db
}

func TestSinkConforms(t *testing.T) {
	datasettest.RunSink(t, func(t *testing.T) (dataset.Sink, func() (dataset.Source, error)) {
		d := open(t, mongotest.Database(t))
		return d.New("", NewOptions{CreateDatabase: true}), func() (dataset.Source, error) {
			return d.Dataset(context.Background(), "under-test")
		}
	})
}

func TestDatasets(t *testing.T) {
	d, _ := rich(t)
	infos, err := d.Datasets(context.Background())
	if err != nil || len(infos) != 7 {
		t.Fatalf("%d datasets, %v", len(infos), err)
	}
	if got := infos[0]; got.Name != "Odd  näme_2. (with+all)" || got.Version != "1.22.1" || !got.Persistent || got.Samples != 0 {
		t.Errorf("got %+v", got)
	}
	_, err = d.Dataset(context.Background(), "imag")
	var missing *NotFoundError
	if !errors.As(err, &missing) || !errors.Is(err, ErrNotFound) || len(missing.Near) == 0 || missing.Near[0] != "image" {
		t.Errorf("got %v", err)
	}
}

// A copy must be all that the original is, but for the ids that have to differ.
func TestCopyWithinDatabase(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	before := mongotest.Take(t, db)
	infos, err := d.Datasets(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range infos {
		src, err := d.Dataset(ctx, i.Name)
		if errors.Is(err, dataset.ErrUnsupported) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		w := d.New("copy of "+i.Name, NewOptions{})
		if err := dataset.Copy(ctx, w, src); err != nil {
			t.Fatalf("%s: %v", i.Name, err)
		}
		copied, err := d.Dataset(ctx, w.Name())
		if err != nil {
			t.Fatal(err)
		}
		same(t, src, copied)
	}
	after := mongotest.Take(t, db)
	for name, c := range before {
		for i, doc := range c.Docs {
			if !contains(after[name].Docs, doc) {
				t.Errorf("%s %d was changed: %s", name, i, doc)
			}
		}
	}
	if left := after[importsName]; left != nil && len(left.Docs) > 0 {
		t.Errorf("left behind: %v", left.Docs)
	}
}

func contains(docs []bson.Raw, doc bson.Raw) bool {
	for _, d := range docs {
		if string(d) == string(doc) {
			return true
		}
	}
	return false
}

// same compares two datasets.
func same(t *testing.T, a, b *Store) {
	t.Helper()
	ctx := context.Background()
	ma, errA := a.Manifest(ctx)
	mb, errB := b.Manifest(ctx)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	da, db := neutral(t, ma.Doc), neutral(t, mb.Doc)
	if string(da) != string(db) {
		t.Errorf("%s:\n%s\nbecame\n%s", a.Name(), da, db)
	}
	if len(ma.Indexes) != len(mb.Indexes) {
		t.Errorf("%s: indexes %v became %v", a.Name(), ma.Indexes, mb.Indexes)
	}
	for i, index := range ma.Indexes {
		if string(index.Spec) != string(mb.Indexes[i].Spec) {
			t.Errorf("%s: index %s became %s", a.Name(), index.Spec, mb.Indexes[i].Spec)
		}
	}
	for _, part := range []dataset.Part{dataset.Samples, dataset.Frames, dataset.Tags} {
		x, y := all(t, a, part), all(t, b, part)
		if len(x) != len(y) || ma.Counts[part] != int64(len(x)) || mb.Counts[part] != int64(len(y)) {
			t.Fatalf("%s: %d %s (%v) became %d (%v)", a.Name(), len(x), part, ma.Counts, len(y), mb.Counts)
		}
		for i := range x {
			if xi, yi := neutral(t, x[i]), neutral(t, y[i]); string(xi) != string(yi) {
				t.Errorf("%s: %s %s became %s", a.Name(), part, xi, yi)
			}
			if owner := y[i].Lookup("_dataset_id"); part != dataset.Tags && !owner.Equal(b.ID()) {
				t.Errorf("%s: belongs to %v, not %v", part, owner, b.ID())
			}
		}
	}
	for _, run := range ma.Runs() {
		if x, y := result(t, a, run), result(t, b, run); x != y {
			t.Errorf("%s: the results of %v: %q became %q", a.Name(), run, x, y)
		}
	}
}
