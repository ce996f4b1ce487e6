package mongostore

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/mongotest"
)

// dataset opens a dataset that has to be there.
func (d *Database) must(t *testing.T, name string) *Store {
	t.Helper()
	s, err := d.Dataset(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A copy next to the original must not share its generated datasets: deleting
// one would take them from the other.
func TestGeneratedNames(t *testing.T) {
	ctx := context.Background()
	d, _ := rich(t)
	for _, name := range []string{"image", "video"} {
		src := d.must(t, name)
		w := d.New(name+" copied", NewOptions{})
		if err := dataset.Copy(ctx, w, src); err != nil {
			t.Fatal(err)
		}
		before, after := generatedNames(t, src), generatedNames(t, d.must(t, w.Name()))
		if len(before) < 2 || len(before) != len(after) {
			t.Fatalf("%v became %v", before, after)
		}
		for view, old := range before {
			if after[view] == old || !strings.HasPrefix(after[view], old+"_") {
				t.Errorf("the dataset of view %q, %q, became %q", view, old, after[view])
			}
		}
	}
	// In another database the names are free, and kept.
	other := open(t, mongotest.Database(t))
	src := d.must(t, "image")
	w := other.New("", NewOptions{CreateDatabase: true})
	if err := dataset.Copy(ctx, w, src); err != nil {
		t.Fatal(err)
	}
	for view, name := range generatedNames(t, other.must(t, "image")) {
		if generatedNames(t, src)[view] != name {
			t.Errorf("the dataset of view %q became %q", view, name)
		}
	}
}

func TestBeginRefuses(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	empty := open(t, mongotest.Database(t))
	m, err := d.must(t, "image").Manifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	with := func(edits ...edit) dataset.Manifest {
		doc, err := edited(m.Doc, edits...)
		if err != nil {
			t.Fatal(err)
		}
		return dataset.Manifest{Doc: doc}
	}
	tests := []struct {
		what string
		d    *Database
		name string
		opts NewOptions
		m    dataset.Manifest
		want error
	}{
		{"a name that is taken", d, "", NewOptions{}, m, ErrTaken},
		{"a slug that is taken", d, "IMAGE.", NewOptions{}, m, ErrTaken},
		{"a name without a slug", d, "日本", NewOptions{}, m, ErrName},
		{"a newer version", d, "new", NewOptions{}, with(set("version", "1.23.0")), ErrVersion},
		{"no version", d, "new", NewOptions{Force: true}, with(setRaw("version", bson.TypeNull, nil)), dataset.ErrUnsupported},
		{"media references", d, "new", NewOptions{}, with(set("_media_sources", bson.A{bson.D{{Key: "id", Value: "a"}}})), dataset.ErrUnsupported},
		{"an empty database", empty, "new", NewOptions{}, m, ErrNoConfig},
		{"views that are none", d, "new", NewOptions{}, with(set("saved_views", bson.A{"x"})), dataset.ErrMalformed},
		{"a document that is too large", d, "new", NewOptions{}, with(set("info", strings.Repeat("x", maxDocument))), dataset.ErrMalformed},
	}
	before := mongotest.Take(t, db)
	for _, tt := range tests {
		w := tt.d.New(tt.name, tt.opts)
		if err := w.Begin(ctx, tt.m); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.what, err, tt.want)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	unchanged(t, before, mongotest.Take(t, db))
	w := d.New("newer", NewOptions{Force: true})
	if err := w.Begin(ctx, with(set("version", "1.23.0"))); err != nil {
		t.Errorf("with Force: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	unchanged(t, before, mongotest.Take(t, db))
}

// unchanged compares two states of a database, empty collections aside.
func unchanged(t *testing.T, before, after mongotest.Dump) {
	t.Helper()
	for name, c := range after {
		if len(c.Docs) > 0 && before[name] == nil {
			t.Errorf("%s is new: %v", name, c.Docs)
		}
	}
	for name, c := range before {
		if after[name] == nil || !slices.EqualFunc(c.Docs, after[name].Docs, func(a, b bson.Raw) bool { return string(a) == string(b) }) {
			t.Errorf("%s was changed", name)
		}
	}
}

// expire makes all records of imports those of dead ones.
func expire(t *testing.T, db *mongo.Database) int64 {
	t.Helper()
	past := bson.D{{Key: "$set", Value: bson.D{{Key: "expires", Value: bson.DateTime(0)}}}}
	result, err := db.Collection(importsName).UpdateMany(context.Background(), bson.D{}, past)
	if err != nil {
		t.Fatal(err)
	}
	return result.ModifiedCount
}

// An import that died is cleaned up by the next, once its lease has expired and
// not before; one that is alive is left alone.
func TestLeftovers(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	before := mongotest.Take(t, db)
	src := d.must(t, "image")
	dead := d.New("dead", NewOptions{})
	if err := dataset.Copy(ctx, stopping{dead}, src); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	dead.lease.Leave() // as the process would
	next := func() {
		t.Helper()
		w := d.New("next", NewOptions{})
		if err := dataset.Copy(ctx, w, d.must(t, "empty")); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Collection(datasetsName).DeleteOne(ctx, bson.D{{Key: "name", Value: "next"}}); err != nil {
			t.Fatal(err)
		}
	}
	next()
	if after := mongotest.Take(t, db); after[dead.samples] == nil || len(after[importsName].Docs) != 1 {
		t.Fatalf("an import was removed before its lease had expired: %v", after[importsName])
	}
	if expire(t, db) != 1 {
		t.Fatal("no record")
	}
	next()
	after := mongotest.Take(t, db)
	if after[dead.samples] != nil {
		t.Errorf("%s is still there", dead.samples)
	}
	unchanged(t, before, after)
	m, err := src.Manifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// The dead one wakes: it must not make a dataset of what is gone.
	if err := dead.Commit(ctx, m); !errors.Is(err, ErrLost) {
		t.Errorf("got %v", err)
	}
	if err := dead.Close(); err != nil {
		t.Error(err)
	}
}

func must1(doc bson.Raw, err error) bson.Raw {
	if err != nil {
		panic(err)
	}
	return doc
}

var errStopped = errors.New("stopped")

// stopping is a sink that stops before the end.
type stopping struct{ *Writer }

func (s stopping) Commit(ctx context.Context, final dataset.Manifest) error {
	if err := s.pipe.wait(); err != nil {
		return err
	}
	if _, err := s.insertReferred(ctx, final); err != nil {
		return err
	}
	return errStopped
}

// A record of an import whose dataset is there must not cost the dataset.
func TestLeftoverRecordOfFinishedImport(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	w := d.New("done", NewOptions{})
	if err := dataset.Copy(ctx, w, d.must(t, "image")); err != nil {
		t.Fatal(err)
	}
	record := bson.D{{Key: "_id", Value: w.ID()}, {Key: "samples", Value: w.samples}, {Key: "expires", Value: bson.DateTime(0)}}
	if _, err := db.Collection(importsName).InsertOne(ctx, record); err != nil {
		t.Fatal(err)
	}
	if err := d.sweep(ctx); err != nil {
		t.Fatal(err)
	}
	same(t, d.must(t, "image"), d.must(t, "done"))
	if n, err := db.Collection(importsName).CountDocuments(ctx, bson.D{}); n != 0 || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
}

// bad is a source of the documents given.
type bad struct {
	dataset.Source
	samples []bson.Raw
}

func (b bad) Documents(ctx context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	if part != dataset.Samples {
		return func(func(bson.Raw, error) bool) {}
	}
	return func(yield func(bson.Raw, error) bool) {
		for _, doc := range b.samples {
			if !yield(doc, nil) {
				return
			}
		}
	}
}

func TestBadDocuments(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	src := d.must(t, "image")
	docs := all(t, src, dataset.Samples)
	large := must1(edited(docs[0], set("big", strings.Repeat("x", maxDocument))))
	nameless := must1(bson.Marshal(bson.D{{Key: "filepath", Value: "/a"}}))
	before := mongotest.Take(t, db)
	id := docs[0].Lookup("_id").ObjectID().Hex()
	for what, tt := range map[string]struct {
		docs []bson.Raw
		says string
	}{
		"twice":    {[]bson.Raw{docs[0], docs[1], docs[0]}, id},
		"large":    {[]bson.Raw{large}, id},
		"nameless": {[]bson.Raw{nameless}, "_id"},
	} {
		w := d.New("bad", NewOptions{})
		err := dataset.Copy(ctx, w, bad{src, tt.docs})
		if !errors.Is(err, dataset.ErrMalformed) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v", what, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		unchanged(t, before, mongotest.Take(t, db))
	}
}

// An import that sleeps until another has removed what it wrote removes what came
// after that.
func TestSweptWhileAsleep(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	before := mongotest.Take(t, db)
	dead := d.New("dead", NewOptions{})
	if err := dataset.Copy(ctx, sleeping{stopping{dead}, t, db}, d.must(t, "image")); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	late := mongotest.Take(t, db)
	if late[dead.samples] == nil || len(late["views"].Docs) == len(before["views"].Docs) || len(late["fs.files"].Docs) == len(before["fs.files"].Docs) {
		t.Fatal("nothing came late")
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	after := mongotest.Take(t, db)
	if after[dead.samples] != nil {
		t.Errorf("%s is still there", dead.samples)
	}
	unchanged(t, before, after)
}

// sleeping is a sink that is taken for dead before it is committed.
type sleeping struct {
	stopping
	t  *testing.T
	db *mongo.Database
}

func (s sleeping) Commit(ctx context.Context, final dataset.Manifest) error {
	if err := s.pipe.wait(); err != nil {
		return err
	}
	if expire(s.t, s.db) != 1 {
		s.t.Error("no record")
	}
	if err := s.d.sweep(ctx); err != nil {
		return err
	}
	for collection, doc := range map[string]bson.D{s.samples: {{Key: "a", Value: 1}}, filesName: {{Key: "_id", Value: s.files[0]}}} {
		if _, err := s.db.Collection(collection).InsertOne(ctx, doc); err != nil {
			return err
		}
	}
	return s.stopping.Commit(ctx, final)
}

// A commit that finds its record gone when the dataset is there looks at what is left.
func TestSweptWhenCommitted(t *testing.T) {
	ctx := context.Background()
	for what, lose := range map[string]func(w *Writer) error{
		"nothing": func(*Writer) error { return nil },
		"a sample": func(w *Writer) error {
			_, err := w.d.db.Collection(w.samples).DeleteOne(ctx, bson.D{})
			return err
		},
		"a view": func(w *Writer) error {
			_, err := w.d.db.Collection(viewsName).DeleteOne(ctx, bson.D{{Key: "_dataset_id", Value: w.id}})
			return err
		},
	} {
		d, db := rich(t)
		before := mongotest.Take(t, db)
		w := d.New("done", NewOptions{})
		if err := dataset.Copy(ctx, w, d.must(t, "image")); err != nil {
			t.Fatal(err)
		}
		refs := references{}
		for _, view := range d.must(t, "done").raw(t, "saved_views") {
			refs["saved_views"] = append(refs["saved_views"], view.ObjectID())
		}
		err := errors.Join(lose(w), w.missed(ctx, refs))
		if what == "nothing" {
			if err != nil {
				t.Errorf("of what is whole: %v", err)
			}
			same(t, d.must(t, "image"), d.must(t, "done"))
			continue
		}
		if !errors.Is(err, ErrLost) {
			t.Errorf("%s is missing: got %v", what, err)
		}
		unchanged(t, before, mongotest.Take(t, db))
	}
}

// raw are the values of a list in the dataset's document.
func (s *Store) raw(t *testing.T, key string) []bson.RawValue {
	t.Helper()
	doc, err := s.document(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	values, err := doc.Lookup(key).Array().Values()
	if err != nil {
		t.Fatal(err)
	}
	return values
}
