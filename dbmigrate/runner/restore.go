package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// Restored is what Restore did.
type Restored struct {
	Datasets int // put back, and the database as one
	Already  int // that were as before the migration
	// Left are datasets that somebody has changed since, and those of which single
	// documents were.
	Left []Failure
}

// ErrBackup says that a folder holds no backups of this database, or that one of
// them is damaged. Nothing was changed then.
var ErrBackup = errors.New("unusable backup")

// Restore takes back the migrations whose backups are in dir, the latest first:
// datasets whose document is as the migration left it, but for the times that
// FiftyOne notes when it loads one. Documents beside it that somebody changed since
// stay as they are, and the dataset is listed. Everything else is as before. A
// restore that was killed is finished by the next.
func (r *Runner) Restore(ctx context.Context, dir string, opts Options) (Restored, error) {
	files, err := r.backups(dir)
	if err != nil {
		return Restored{}, err
	}
	lease, err := r.acquire(ctx, opts)
	if err != nil {
		return Restored{}, err
	}
	report, err := r.restoreAll(lease.Context(), files, opts)
	if err != nil && lease.Context().Err() != nil {
		err = context.Cause(lease.Context())
	}
	return report, errors.Join(err, lease.release(context.WithoutCancel(ctx)))
}

// backups lists the files of a folder, each of which must be whole.
func (r *Runner) backups(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(globEscape(dir), "*.bson"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: there is none in %q", ErrBackup, dir)
	}
	for _, file := range files {
		b, err := openBackup(file)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBackup, err)
		}
		if b.Database != r.db.Name() {
			err = fmt.Errorf("%q is of the database %q", file, b.Database)
		}
		for _, damaged := range b.items() {
			err = errors.Join(err, damaged)
		}
		if err = errors.Join(err, b.end()); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBackup, err)
		}
	}
	return files, nil
}

// globEscape spells a path so that no letter of it is a pattern.
func globEscape(path string) string {
	var b []byte
	for i := range len(path) {
		if c := path[i]; slices.Contains([]byte(`*?[\`), c) {
			b = append(b, '[', c, ']')
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// restoreAll goes over the backups as long as one of them fits: the way from
// version to version may have been taken in several steps.
func (r *Runner) restoreAll(ctx context.Context, files []string, opts Options) (Restored, error) {
	var report Restored
	for progress := true; progress && len(files) > 0; {
		progress = false
		var left []string
		report.Left = nil
		for _, file := range files {
			state, b, err := r.restoreOne(ctx, file)
			if err != nil {
				return report, err
			}
			switch state {
			case restored:
				report.Datasets++
				progress = true
			case already:
				report.Already++
			case partly:
				report.Datasets++
				progress = true
				report.Left = append(report.Left, Failure{Dataset: b.Name, Err: errDocuments})
			case changed:
				left = append(left, file)
				report.Left = append(report.Left, Failure{Dataset: b.Name, Err: &ChangedError{Dataset: b.Name}})
			}
			if opts.Progress != nil {
				opts.Progress(Progress{Datasets: report.Datasets + report.Already, Dataset: b.Name})
			}
		}
		files = left
	}
	return report, nil
}

var errDocuments = errors.New("some of its documents were changed since, and stay as they are")

type outcome int

const (
	restored outcome = iota
	already
	partly
	changed
)

// restoreOne takes back one plan: what it destroyed first, then the document that
// names it, then what the plan had added.
func (r *Runner) restoreOne(ctx context.Context, file string) (_ outcome, _ *backup, err error) {
	b, err := openBackup(file)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	current, err := dbmigrate.First(ctx, r.Reader(), b.Collection, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: b.ID}}})
	if err != nil {
		return 0, b, err
	}
	plan := &dbmigrate.Plan{Before: b.After, After: b.Before}
	back, asLeft := carryStamps(plan, current)
	_, asBefore := carryStamps(&dbmigrate.Plan{Before: b.Before, After: b.Before}, current)
	if !asLeft && !asBefore {
		return changed, b, nil
	}
	whole := true
	var added, indexes []backupItem
	for item, err := range b.items() {
		if err != nil {
			return 0, b, err
		}
		if item.Absent {
			added = append(added, backupItem{Collection: item.Collection, Doc: slices.Clone(item.Doc), Made: item.Made})
			continue
		}
		if item.Index != nil {
			indexes = append(indexes, backupItem{Collection: item.Collection, Index: slices.Clone(item.Index)})
			continue
		}
		ok, err := r.putBack(ctx, item)
		if err != nil {
			return 0, b, err
		}
		whole = whole && ok
	}
	for _, item := range indexes { // unique ones hold once all documents are back
		if err := r.makeIndex(ctx, item); err != nil {
			return 0, b, err
		}
	}
	if !asBefore {
		if err := r.replaceOwn(ctx, b, current, back); err != nil {
			return 0, b, err
		}
	}
	for _, item := range added {
		if err := r.takeAway(ctx, item); err != nil {
			return 0, b, err
		}
	}
	switch {
	case !whole:
		return partly, b, nil
	case asBefore:
		return already, b, nil
	}
	return restored, b, nil
}

// replaceOwn writes the dataset's document of before, if it is still current.
func (r *Runner) replaceOwn(ctx context.Context, b *backup, current, back bson.D) error {
	collection := r.durable.Collection(b.Collection)
	if b.New { // the migration made it
		_, err := collection.DeleteOne(ctx, unchanged(b.ID, current))
		return err
	}
	result, err := collection.ReplaceOne(ctx, unchanged(b.ID, current), back)
	if err == nil && result.MatchedCount == 0 {
		err = &ChangedError{Dataset: b.Name}
	}
	return err
}
