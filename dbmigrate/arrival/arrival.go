// Package arrival brings a dataset that is copied into a database to the version of that
// database, up or down. The way is planned on paper before anything is written, and
// carried out when all of the dataset is there and nobody sees it, so that the first
// FiftyOne that does finds what it reads. Import and lift arrive alike.
//
// FiftyOne's own migration, at the first load, would do for most ways up; but it leaves
// datasets with keypoints of versions before 0.16 that it then can't read.
package arrival

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
)

// A Way is what becomes of a dataset that arrives in a database.
type Way struct {
	// From is the version of the dataset, To the one that it gets: the database's or,
	// where nothing is known of that, the newest that is known.
	From, To string
	// Losses says in words what a downgrade deletes.
	Losses []string
	// Unopenable says why the FiftyOne of To can't open the dataset, or a part of it.
	Unopenable []string
	// Warnings are sentences about what may surprise.
	Warnings []string

	// Brought is what Finish has done.
	Brought Brought

	database *mongo.Database
}

// Begin finds out which version a dataset gets in a database, and plans nothing.
func Begin(target *mongostore.Database, version string) *Way {
	w := &Way{From: version, database: target.Handle(), To: cmp.Or(target.Config().Version, version)}
	switch noted := target.Config().Version; {
	case noted == "" && mongostore.Older(version, oldest):
		w.To = mongostore.Newest // which is what is noted of a database that is made for it
	case mongostore.Older(mongostore.Newest, version):
		w.To = version // nothing is known of it: it stays as it is
	case mongostore.Older(mongostore.Newest, noted):
		w.Warnings = append(w.Warnings, fmt.Sprintf("the target database is at %s; the newest version known here is %s, and FiftyOne brings the dataset from there on when it loads it", noted, mongostore.Newest))
		w.To = mongostore.Newest
	}
	return w
}

// oldest is the version of the oldest database that FiftyOne of today connects to.
const oldest = "0.19"

// Down reports whether the dataset is newer than the database.
func (w *Way) Down() bool { return mongostore.Older(w.To, w.From) }

// Plan composes the way on paper: source is read where a step of it has to look at
// documents. A dataset that can't go there is a *dataset.Refusal.
func (w *Way) Plan(ctx context.Context, source dataset.Source) error {
	if w.From == w.To {
		return nil
	}
	m, err := source.Manifest(ctx)
	if err != nil {
		return err
	}
	doc, reader, err := onPaper(ctx, source, m)
	if err != nil {
		return err
	}
	plan, err := revisions.Datasets().Plan(ctx, reader, doc, w.To, dbmigrate.Env{})
	if closed := reader.results.close(); err == nil {
		err = closed
	}
	if refused, ok := errors.AsType[*dbmigrate.RefusalError](err); ok {
		return &dataset.Refusal{Reason: fmt.Sprintf("the dataset can't go from version %s to the target's %s: %s", w.From, w.To, refused.Error()), Hint: refused.Hint}
	}
	if err != nil {
		return err
	}
	if w.Down() {
		w.Losses, w.Unopenable = plan.Losses, plan.Unopenable
	}
	return nil
}

// Brought says what it took to bring a dataset to its version.
type Brought struct {
	Moved    bool // whether anything was to do
	Warnings []string
}

// Finish is the Finish of a Writer whose dataset takes this way; see Bring.
func (w *Way) Finish(progress func(documents int64)) func(context.Context, *mongostore.Hidden) (bson.Raw, error) {
	return func(ctx context.Context, h *mongostore.Hidden) (doc bson.Raw, err error) {
		doc, w.Brought, err = w.Bring(ctx, h, progress)
		return doc, err
	}
}

// Bring migrates what is there of the hidden dataset, and returns its document as it is to
// be inserted. Progress, if not nil, is told how many documents a step has passed.
func (w *Way) Bring(ctx context.Context, h *mongostore.Hidden, progress func(documents int64)) (bson.Raw, Brought, error) {
	if w.From == w.To {
		return h.Document(), Brought{}, nil
	}
	var doc bson.D
	if err := bson.Unmarshal(h.Document(), &doc); err != nil {
		return nil, Brought{}, fmt.Errorf("%w: its own document: %w", dataset.ErrMalformed, err)
	}
	failed := func(err error) (bson.Raw, Brought, error) {
		return nil, Brought{}, fmt.Errorf("bringing the dataset to version %s: %w", w.To, err)
	}
	r := runner.New(w.database, revisions.Datasets(), revisions.Database())
	plan, err := r.PlanNew(ctx, doc, runner.Target{Version: w.To, Now: time.Now().UTC().Truncate(time.Millisecond)})
	if err != nil {
		return failed(err)
	}
	if plan.Empty() {
		return h.Document(), Brought{}, nil
	}
	for _, op := range plan.Ops {
		if file, ok := op.(dbmigrate.CopyResult); ok {
			if err := h.NoteFile(ctx, file.To); err != nil {
				return failed(err)
			}
		}
	}
	opts := runner.Options{}
	if progress != nil {
		opts.Progress = func(m runner.Progress) { progress(m.Documents) }
	}
	if err := r.Alone(ctx, plan, opts); err != nil {
		return failed(err)
	}
	after, err := bson.Marshal(plan.After)
	if err != nil {
		return failed(err)
	}
	return after, Brought{Moved: true, Warnings: plan.Warnings}, nil
}
