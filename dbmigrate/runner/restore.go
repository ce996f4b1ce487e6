package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// Restored is what Restore did, or is going to do.
type Restored struct {
	Datasets int // put back wholly, and the database as one
	Already  int // that were as before the migration, or have all that can be put back
	// Merged are datasets that have changed since, and got back what was taken out of them.
	Merged []MergedBack
	// Left are datasets that stay as they are, or did not get back all, and why.
	Left []Failure
}

// MergedBack is a dataset that was taken down and up again, and gets back what the way down
// took out of it.
type MergedBack struct {
	Dataset string
	Version string // at which it gets it back
	// PutBack are the places in its own document, its runs, saved views and workspaces that
	// get back what was there, with dots between keys.
	PutBack []string
	// Documents is how many samples, frames and others get back something.
	Documents int64
}

// ErrBackup says that a folder holds no backups of this database, or that one of
// them is damaged. Nothing was changed then.
var ErrBackup = errors.New("unusable backup")

// Restore takes back the migrations whose backups are in dir, the latest first: of
// datasets that are as the migration left them, but for the times that FiftyOne notes
// when it loads one. A dataset that was taken down, and up again since, gets back key by key
// what was taken out of it; what something newer stands in the place of stays as it is, and
// is listed. Options.Datasets chooses some. Any other that somebody has changed since stays as it is, and is listed. A
// restore that was killed is finished by the next; a migration that was, has to be finished
// before (ErrUnfinished).
func (r *Runner) Restore(ctx context.Context, dir string, opts Options) (Restored, error) {
	files, err := r.backups(dir)
	if err == nil && opts.Datasets != nil {
		files, err = ofDatasets(files, opts.Datasets)
	}
	if err != nil {
		return Restored{}, err
	}
	if opts.DryRun {
		return r.restoreAll(ctx, files, opts)
	}
	lease, err := r.acquire(ctx, opts)
	if err != nil {
		return Restored{}, err
	}
	report, err := r.restoreWith(lease.Context(), files, opts)
	return report, errors.Join(lease.why(err), lease.release(ctx))
}

// ErrUnfinished says that a migration has begun and not ended. Nothing was changed.
var ErrUnfinished = errors.New("a migration of this database is unfinished")

func (r *Runner) restoreWith(ctx context.Context, files []string, opts Options) (Restored, error) {
	if err := r.finishMerges(ctx, opts); err != nil {
		return Restored{}, err
	}
	begun, err := journal{r}.read(ctx)
	if err == nil && len(begun) > 0 {
		err = fmt.Errorf("%w: %s", ErrUnfinished, called(begun[0].plan))
	}
	if err != nil {
		return Restored{}, err
	}
	return r.restoreAll(ctx, files, opts)
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
	return r.effective(files)
}

// ofDatasets chooses the backups of datasets that had one of these names.
func ofDatasets(files, names []string) (chosen []string, err error) {
	for _, file := range files {
		b, err := openBackup(file)
		if err != nil {
			return nil, err
		}
		if b.Collection == dbmigrate.Datasets && slices.Contains(names, b.Name) {
			chosen = append(chosen, file)
		}
		if err := b.end(); err != nil {
			return nil, err
		}
	}
	return chosen, nil
}

// effective leaves out backups of migrations that never ended, where there is one of the
// same way of the same dataset that did: the run was killed, and the next one made it.
func (r *Runner) effective(files []string) ([]string, error) {
	ways, ended := map[string]string{}, map[string]bool{}
	for _, file := range files {
		b, err := openBackup(file)
		if err != nil {
			return nil, err
		}
		way := backupName(&dbmigrate.Plan{Collection: b.Collection, ID: b.ID, From: b.From, To: b.To}, 1)
		ways[file] = way
		if _, err := os.Stat(leftName(file)); err == nil {
			ended[way] = true
		}
		if err := b.end(); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(files, func(file string) bool {
		_, err := os.Stat(leftName(file))
		return err != nil && ended[ways[file]]
	}), nil
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
	var changed []string // those of datasets that may need more
	pretend, reasons := map[string]bson.D{}, map[string]error{}
	for progress := true; progress && len(files) > 0; {
		progress = false
		var kept []string
		for _, file := range files {
			state, b, why, err := r.restoreOne(ctx, file, pretend, opts)
			if err != nil {
				return report, err
			}
			switch state {
			case restored:
				report.Datasets++
				progress = true
			case already:
				changed = append(changed, file)
			case left:
				kept = append(kept, file)
				reasons[file] = why
			}
			if opts.Progress != nil {
				opts.Progress(Progress{Datasets: report.Datasets + len(changed), Dataset: b.Name})
			}
		}
		files = kept
	}
	err := r.mergeAll(ctx, append(changed, files...), reasons, opts, &report)
	return report, err
}

type outcome int

const (
	restored outcome = iota
	already
	left
)

// restoreOne takes back one plan, if nobody has changed what it left: what it
// destroyed first, then the document that names it, then what the plan had added. why
// says why a dataset is left as it is. A dry run writes nothing, and has pretend tell by
// IDKey what stands there for the backups that come after.
func (r *Runner) restoreOne(ctx context.Context, file string, pretend map[string]bson.D, opts Options) (_ outcome, _ *backup, why, err error) {
	b, err := openBackup(file)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	current, err := dbmigrate.First(ctx, r.Reader(), b.Collection, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: b.ID}}})
	if err != nil {
		return 0, b, nil, err
	}
	pretended, isPretended := pretend[dbmigrate.IDKey(b.ID)]
	if isPretended {
		current = pretended
	}
	back, asLeft := carryStamps(&dbmigrate.Plan{Before: b.After, After: b.Before}, current)
	_, asBefore := carryStamps(&dbmigrate.Plan{Before: b.Before, After: b.Before}, current)
	if !asLeft && !asBefore {
		return left, b, &ChangedError{Dataset: b.Name}, nil
	}
	if opts.Version != "" { // it is going to be elsewhere
		return left, b, &ChangedError{Dataset: b.Name}, nil
	}
	if !asLeft { // put back before, or never migrated
		if opts.DryRun {
			return already, b, nil, nil
		}
		return already, b, nil, r.takeAway(ctx, file)
	}
	if isPretended {
		pretend[dbmigrate.IDKey(b.ID)] = back
		return restored, b, nil, nil
	}
	if changed, err := r.changedSince(ctx, file); changed != nil || err != nil {
		return left, b, changed, err
	}
	if opts.DryRun {
		pretend[dbmigrate.IDKey(b.ID)] = back
		return restored, b, nil, nil
	}
	if err := r.putBackAll(ctx, file); err != nil {
		return 0, b, nil, err
	}
	if asBefore {
		return restored, b, nil, nil
	}
	if err := r.putBackOwn(ctx, b, current, back); err != nil {
		return 0, b, nil, err
	}
	return restored, b, nil, r.takeAway(ctx, file)
}

// changedSince looks at all documents of a backup: each must be as the migration left
// it or, where a restore was killed, as before.
func (r *Runner) changedSince(ctx context.Context, file string) (changed, err error) {
	b, err := openBackup(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	for v, err := range r.compared(ctx, b) {
		if errors.Is(err, errNotRecorded) {
			return err, nil
		}
		if err != nil {
			return nil, err
		}
		if !v.isLeft && !v.isBefore {
			return fmt.Errorf("a document of %s was changed since: %s", v.item.Collection, v.item.Doc.Lookup("_id")), nil
		}
	}
	return nil, nil //nolint:nilnil // nothing was changed, nothing went wrong
}

// putBackOwn writes the dataset's document of before, if it is still current.
func (r *Runner) putBackOwn(ctx context.Context, b *backup, current, back bson.D) error {
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
