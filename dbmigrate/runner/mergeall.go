package runner

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
)

// mergeAll puts back what ways down took out of datasets that have changed since, the
// lowest ways first: several may follow one another. reasons say why the others stay.
func (r *Runner) mergeAll(ctx context.Context, files []string, reasons map[string]error, opts Options, report *Restored) error {
	from, of := map[string]dbmigrate.Version{}, map[string]string{}
	for _, file := range files {
		b, err := openBackup(file)
		if err == nil {
			from[file], _ = dbmigrate.ParseVersion(b.From) // no version is the lowest
			of[file] = b.Collection + dbmigrate.IDKey(b.ID)
			err = b.end()
		}
		if err != nil {
			return err
		}
	}
	slices.SortStableFunc(files, func(a, b string) int { return from[a].Compare(from[b]) })
	whole := map[string]bool{} // the datasets that are as before the highest of their ways
	for i, file := range files {
		isLast := !slices.ContainsFunc(files[i+1:], func(other string) bool { return of[other] == of[file] })
		several := slices.ContainsFunc(files[:i], func(other string) bool { return of[other] == of[file] })
		if !isLast || !several {
			continue
		}
		dry, said := opts, Restored{}
		dry.DryRun = true
		if err := r.mergeFile(ctx, file, reasons[file], dry, &said); err != nil {
			return err
		}
		whole[of[file]] = said.Already == 1 && len(said.Left) == 0
	}
	for _, file := range files {
		if whole[of[file]] {
			report.Already++
			continue
		}
		if err := r.mergeFile(ctx, file, reasons[file], opts, report); err != nil {
			return err
		}
	}
	return nil
}

// mergeFile is mergeAll for one backup.
func (r *Runner) mergeFile(ctx context.Context, file string, why error, opts Options, report *Restored) (err error) {
	b, err := openBackup(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	leave := func(why error) { report.Left = append(report.Left, Failure{Dataset: b.Name, Err: why}) }
	now, err := dbmigrate.First(ctx, r.Reader(), b.Collection, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: b.ID}}})
	if err != nil {
		return err
	}
	_, asBefore := carryStamps(&dbmigrate.Plan{Before: b.Before, After: b.Before}, now)
	version, can := whereTo(b, now, opts.Version)
	switch {
	case now == nil:
		leave(&ChangedError{Dataset: b.Name, Deleted: true})
		return nil
	case !can && !asBefore:
		leave(cmp.Or(why, error(&ChangedError{Dataset: b.Name})))
		return nil
	case !can, b.Collection != dbmigrate.Datasets: // the database's own document holds nothing else
		report.Already++
		return nil
	}
	m, err := r.mergeBack(ctx, b, version, opts.now())
	_, refused := errors.AsType[*dbmigrate.RefusalError](err)
	switch {
	case (refused || errors.Is(err, errNotRecorded)) && asBefore:
		report.Already++
		return nil
	case refused || errors.Is(err, errNotRecorded):
		leave(err)
		return nil
	}
	if err != nil {
		return err
	}
	return r.carryBack(ctx, b, m, opts, report)
}

// carryBack carries out what puts back into one dataset, and says what it did.
func (r *Runner) carryBack(ctx context.Context, b *backup, m *mergeBack, opts Options, report *Restored) error {
	plan := m.plan
	if !opts.DryRun {
		if err := r.putBackFiles(ctx, b.file, m.files); err != nil {
			return err
		}
		if failure, err := r.applyHeld(ctx, plan, opts); err != nil || failure != nil {
			if failure != nil {
				report.Left = append(report.Left, *failure)
			}
			return err
		}
	}
	values, err := r.carryValues(ctx, b, m, plan.To, opts)
	if err != nil {
		return err
	}
	if values.kept > 0 {
		m.kept = append(m.kept, fmt.Sprintf("%d documents, the first %s", values.kept, values.where))
	}
	if !opts.DryRun {
		if err := r.takeAwayFiles(ctx, b.file, plan.After); err != nil {
			return err
		}
	}
	if plan.Empty() && values.back == 0 {
		report.Already++
	} else {
		report.Merged = append(report.Merged, MergedBack{Dataset: plan.Name, Version: plan.To, PutBack: m.back, Documents: values.back})
	}
	if len(m.kept) > 0 {
		report.Left = append(report.Left, Failure{Dataset: plan.Name, Err: &KeptError{Dataset: plan.Name, Places: m.kept}})
	}
	return nil
}

// carryValues puts back into samples and frames. Below the version that they come from the
// client may not know what was in them, so that it is only counted.
func (r *Runner) carryValues(ctx context.Context, b *backup, m *mergeBack, at string, opts Options) (mergedValues, error) {
	to, err := dbmigrate.ParseVersion(at)
	if err != nil {
		return mergedValues{}, err
	}
	if from, err := dbmigrate.ParseVersion(b.From); err == nil && to.Compare(from) >= 0 {
		return r.mergeValues(ctx, b.file, m.up, !opts.DryRun)
	}
	values, err := r.mergeValues(ctx, b.file, m.up, false)
	if values.back > 0 {
		m.kept = append(m.kept, fmt.Sprintf("values in %d documents, which FiftyOne %s may not know", values.back, at))
	}
	return mergedValues{}, err
}

// KeptError says what could not be put back into a dataset: something newer stands there.
type KeptError struct {
	Dataset string
	Places  []string // with dots between keys
}

// Error implements error.
func (e *KeptError) Error() string {
	const most = 5
	text := strings.Join(e.Places[:min(most, len(e.Places))], ", ")
	if more := len(e.Places) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("not put back into dataset %q, since something newer stands there: %s", e.Dataset, text)
}

// whereTo is the version at which a dataset is or, with asked, is going to be, and whether
// something can be put back into it there: its backup is of a way down that led below.
func whereTo(b *backup, now bson.D, asked string) (version string, can bool) {
	head := func(text string) dbmigrate.Version {
		v, err := dbmigrate.ParseVersion(text)
		if err != nil {
			return dbmigrate.MustParseVersion("0.0")
		}
		return v
	}
	if version = spell(lookup(now, "version")); asked != "" {
		version = asked
	}
	to := head(b.To)
	return version, to.Compare(head(b.From)) < 0 && to.Compare(head(version)) < 0
}

// finishMerges finishes what a restore that was killed has begun: it leads to no other
// version, as no migration does.
func (r *Runner) finishMerges(ctx context.Context, opts Options) error {
	x := &execution{Runner: r, journal: journal{r}, opts: Options{MaxOps: opts.MaxOps, Now: opts.Now}}
	x.opts.Finish = func(u Unfinished) bool { return u.From == u.To && !u.Changed }
	if err := x.run(ctx, func(func(*dbmigrate.Plan, error) bool) {}); err != nil {
		return err
	}
	return x.journal.dropEmpty(ctx)
}

// applyHeld carries out a plan while this run has the lease.
func (r *Runner) applyHeld(ctx context.Context, plan *dbmigrate.Plan, opts Options) (*Failure, error) {
	x := &execution{Runner: r, journal: journal{r}, opts: Options{MaxOps: opts.MaxOps, Now: opts.Now}}
	plans := iter.Seq2[*dbmigrate.Plan, error](func(yield func(*dbmigrate.Plan, error) bool) { yield(plan, nil) })
	if err := x.run(ctx, plans); err != nil {
		return nil, err
	}
	if err := x.journal.dropEmpty(ctx); err != nil {
		return nil, err
	}
	if len(x.report.Failures) > 0 {
		return &x.report.Failures[0], nil
	}
	return nil, nil //nolint:nilnil // it went well
}

// putBackFiles puts back results of runs: their parts first, since a file that is there is
// whole.
func (r *Runner) putBackFiles(ctx context.Context, file string, ids map[string]any) error {
	if len(ids) == 0 {
		return nil
	}
	for _, part := range []struct{ collection, key string }{{"fs.chunks", "files_id"}, {"fs.files", "_id"}} {
		err := func() (err error) {
			b, err := openBackup(file)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, b.end()) }()
			for item, err := range b.items() {
				if err != nil {
					return err
				}
				if item.Collection != part.collection || item.Absent {
					continue
				}
				var of any
				if err := item.Doc.Lookup(part.key).Unmarshal(&of); err != nil {
					return err
				}
				if _, needed := ids[dbmigrate.IDKey(of)]; !needed {
					continue
				}
				filter := bson.D{{Key: "_id", Value: item.Doc.Lookup("_id")}}
				if _, err := r.durable.Collection(part.collection).ReplaceOne(ctx, filter, item.Doc, options.Replace().SetUpsert(true)); err != nil {
					return err
				}
			}
			return nil
		}()
		if err != nil {
			return fmt.Errorf("putting back results of runs: %w", err)
		}
	}
	return nil
}

// takeAwayFiles removes the results that the way down made, as far as no run names them.
func (r *Runner) takeAwayFiles(ctx context.Context, file string, dataset bson.D) (err error) {
	own, err := bson.Marshal(dataset) // runs stand in it below 0.19
	if err != nil {
		return err
	}
	b, err := openBackup(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	for item, err := range b.items() {
		if err != nil {
			return err
		}
		if item.Collection != "fs.files" || !item.Absent {
			continue
		}
		id := item.Doc.Lookup("_id")
		named, err := dbmigrate.First(ctx, r.Reader(), "runs", dbmigrate.Query{Filter: bson.D{{Key: "results", Value: idOf(item.Doc)}}, Fields: []string{"_id"}})
		if err != nil {
			return err
		}
		if named != nil || bytes.Contains(own, id.Value) {
			continue
		}
		for _, part := range []struct{ collection, key string }{{"fs.files", "_id"}, {"fs.chunks", "files_id"}} {
			if _, err := r.durable.Collection(part.collection).DeleteMany(ctx, bson.D{{Key: part.key, Value: id}}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o Options) now() time.Time {
	if o.Now.IsZero() {
		return time.Now().UTC().Truncate(time.Millisecond)
	}
	return o.Now
}
