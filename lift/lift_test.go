package lift_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/lift"
	"github.com/medialift/medialift/upload"
)

// A stage has a database A that FiftyOne wrote, and an empty one at a version.
type stage struct {
	a, b    *mongostore.Database
	media   string
	dir     *ledger.Dir
	targets *open.Opener
	bucket  string
}

func newStage(t *testing.T, version string) *stage {
	t.Helper()
	s := &stage{media: testexport.Copy(t, "image").Media, targets: open.New(open.Options{}), bucket: filepath.Join(t.TempDir(), "bucket")}
	a, b := mongotest.Database(t), mongotest.Database(t)
	mongotest.FiftyOne(t, testexport.Root, s.media).Restore(t, a)
	config := bson.D{{Key: "version", Value: version}, {Key: "type", Value: "fiftyone-teams"}}
	if _, err := b.Collection("config").InsertOne(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	connect := func(name string) *mongostore.Database {
		d, err := mongostore.Open(t.Context(), mongotest.URI(t), name, mongostore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
	s.a, s.b = connect(a.Name()), connect(b.Name())
	var err error
	if s.dir, err = ledger.OpenDir(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return s
}

// A way is one invocation of a lift.
type way struct {
	*stage
	store  *mongostore.Store
	record *ledger.Run
	sent   *ledger.Run
}

func (s *stage) begin(t *testing.T, name string) *way {
	t.Helper()
	store, err := s.a.Dataset(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	run := func(command string) *ledger.Run {
		r, err := s.dir.Begin(t.Context(), ledger.Identity{Command: command, Dataset: name})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		return r
	}
	return &way{s, store, run("lift"), run("upload")}
}

func (w *way) plan(t *testing.T, source dataset.Source) (*lift.Plan, error) {
	t.Helper()
	return lift.NewPlan(t.Context(), lift.Job{
		Upload: upload.Job{Dataset: w.store, Name: "image", Target: w.bucket, Open: w.targets.Open, Ledger: w.sent},
		Source: source, Target: w.b, Record: w.record,
	}, lift.Options{})
}

func (w *way) mustPlan(t *testing.T) *lift.Plan {
	t.Helper()
	p, err := w.plan(t, w.store)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// finish carries a plan out from where it is.
func (w *way) finish(t *testing.T, p *lift.Plan) {
	t.Helper()
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Import(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Migrate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	report, err := p.Verify(t.Context(), w.targets.Open, w.dir.History(w.sent.Name()))
	if err != nil || report.Wrong() > 0 || report.Total.Paths == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func datasets(t *testing.T, d *mongostore.Database) int64 {
	t.Helper()
	n, err := d.Handle().Collection("datasets").CountDocuments(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Each step can be the last of a process, and the next one goes on from there.
func TestStepsGoOn(t *testing.T) {
	s := newStage(t, "1.22.1")
	w := s.begin(t, "image")
	p := w.mustPlan(t)
	if _, err := p.Import(t.Context()); !errors.Is(err, lift.ErrPending) || datasets(t, s.b) > 0 {
		t.Fatalf("an import before its media: %v", err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	p = w.mustPlan(t)
	if objects, bytes := p.Upload.ToSend(); objects+bytes > 0 || p.Copied {
		t.Errorf("%d objects are to send again", objects)
	}
	if _, err := p.Import(t.Context()); err != nil {
		t.Fatal(err)
	}
	p = w.mustPlan(t)
	if !p.Copied || p.Done {
		t.Errorf("after the import: copied %t, done %t", p.Copied, p.Done)
	}
	w.finish(t, p)
	if p = w.mustPlan(t); !p.Done || datasets(t, s.b) != 1 {
		t.Errorf("after the end: done %t, %d datasets", p.Done, datasets(t, s.b))
	}
	// What it was like was noted before anybody saw it: it does not matter who finished it.
	u, err := lift.Undo(t.Context(), s.b, w.record, false)
	if err != nil || !u.Deleted || u.Changed != "" || datasets(t, s.b) != 0 {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestUndo(t *testing.T) {
	s := newStage(t, "1.0.0")
	w := s.begin(t, "video")
	if u, err := lift.Undo(t.Context(), s.b, w.record, false); err != nil || !u.Gone {
		t.Errorf("of nothing: %+v, %v", u, err)
	}
	p := w.mustPlan(t)
	if p.Version != "1.22.1" || p.To != "1.0.0" {
		t.Errorf("from %s to %s", p.Version, p.To)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Import(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u, err := lift.Undo(t.Context(), s.b, w.record, true); err != nil || !u.Deleted {
		t.Errorf("of a lift that was interrupted: %+v, %v", u, err)
	}
	w.finish(t, p)
	to, err := lift.TargetOf(t.Context(), w.record)
	if err != nil || to.Address != s.b.Address() || to.Database != s.b.Name() || to.Dataset == "" {
		t.Errorf("%+v, %v", to, err)
	}
	// What FiftyOne notes when it loads a dataset is no change.
	loaded := bson.D{{Key: "$set", Value: bson.D{
		{Key: "last_loaded_at", Value: bson.DateTime(1)},
		{Key: "sample_fields.6.created_at", Value: bson.DateTime(2)}, // of "metadata"
		{Key: "sample_fields.6.fields.0.created_at", Value: bson.DateTime(2)},
	}}, {Key: "$unset", Value: bson.D{{Key: "sample_fields.6.fields.1.read_only", Value: ""}}}}
	if _, err := s.b.Handle().Collection("datasets").UpdateOne(t.Context(), bson.D{}, loaded); err != nil {
		t.Fatal(err)
	}
	if u, err := lift.Undo(t.Context(), s.b, w.record, true); err != nil || !u.Deleted || datasets(t, s.b) != 1 {
		t.Errorf("dry: %+v, %v", u, err)
	}
	if u, err := lift.Undo(t.Context(), s.b, w.record, false); err != nil || !u.Deleted || datasets(t, s.b) != 0 {
		t.Errorf("%+v, %v", u, err)
	}
	for name, c := range mongotest.Take(t, s.b.Handle()) {
		if name != "config" && len(c.Docs) > 0 {
			t.Errorf("%d documents are left in %s", len(c.Docs), name)
		}
	}
}

// What lacks documents is not taken for what was copied.
func TestHalfIsNotResumed(t *testing.T) {
	s := newStage(t, "1.22.1")
	w := s.begin(t, "video")
	p := w.mustPlan(t)
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Import(t.Context()); err != nil {
		t.Fatal(err)
	}
	made, err := s.b.Handle().Collection("datasets").FindOne(t.Context(), bson.D{}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.b.Handle().Collection(made.Lookup("sample_collection_name").StringValue()).DeleteOne(t.Context(), bson.D{}); err != nil {
		t.Fatal(err)
	}
	var refusal *dataset.Refusal
	if _, err := w.plan(t, w.store); !errors.As(err, &refusal) || refusal.Hint == "" {
		t.Errorf("got %v", err)
	}
}

// A meddler is a source to which somebody adds a sample while it is copied.
type meddler struct {
	*mongostore.Store
	media string
}

func (m *meddler) Documents(ctx context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		for doc, err := range m.Store.Documents(ctx, part) {
			if !yield(doc, err) || err != nil {
				return
			}
		}
		if part == dataset.Samples {
			doc, err := bson.Marshal(bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: m.media}})
			yield(doc, err)
		}
	}
}

// What comes into the source after the plan does not come into the target with a
// path that only the source's machine has.
func TestSourceChangesMeanwhile(t *testing.T) {
	s := newStage(t, "1.22.1")
	w := s.begin(t, "image")
	fresh := filepath.Join(s.media, "fresh.png")
	if err := os.WriteFile(fresh, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := w.plan(t, &meddler{Store: w.store, media: fresh})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err = p.Import(t.Context()); !errors.Is(err, dataset.ErrChanged) || !strings.Contains(err.Error(), fresh) {
		t.Errorf("%v", err)
	}
	for name, c := range mongotest.Take(t, s.b.Handle()) {
		if name != "config" && len(c.Docs) > 0 {
			t.Errorf("%d documents are left in %s", len(c.Docs), name)
		}
	}
	w.finish(t, w.mustPlan(t))
}

// Objects that are gone are found.
func TestVerifyFinds(t *testing.T) {
	s := newStage(t, "1.22.1")
	w := s.begin(t, "video")
	w.finish(t, w.mustPlan(t))
	p := w.mustPlan(t)
	var gone string
	err := filepath.WalkDir(s.bucket, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && gone == "" {
			gone = path
		}
		return err
	})
	if err = errors.Join(err, os.Remove(gone)); err != nil {
		t.Fatal(err)
	}
	report, err := p.Verify(t.Context(), w.targets.Open, w.dir.History(w.sent.Name()))
	if err != nil || report.Total.Missing != 1 || report.Problems[0].Path != gone {
		t.Errorf("%+v, %v", report, err)
	}
}

// A view of an evaluation is nothing to FiftyOne without it.
func TestViewsThatNeedRuns(t *testing.T) {
	s := newStage(t, "1.22.1")
	for without, want := range map[bool]int{false: 0, true: 1} {
		w := s.begin(t, "image")
		p, err := lift.NewPlan(t.Context(), lift.Job{
			Upload: upload.Job{Dataset: w.store, Name: "image", Target: w.bucket, Open: w.targets.Open, Ledger: w.sent},
			Source: w.store, Target: w.b, Record: w.record, WithoutRuns: without,
		}, lift.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Warnings) != want || want > 0 && !strings.Contains(p.Warnings[0], `"mistakes"`) {
			t.Errorf("without runs %t: %q", without, p.Warnings)
		}
		if err := errors.Join(w.record.Close(), w.sent.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
