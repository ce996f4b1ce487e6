package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/savedview"
)

// viewsField is what the ledger has in the place of a media field for the stages of
// saved views.
const viewsField = string(dataset.Views)

// Views finds the saved views of the dataset that choose others once what is planned is
// done. Where this run has changed paths before, it finds views that would still follow
// those.
func (r *Run) Views(ctx context.Context, u dataset.Updater) ([]savedview.Finding, error) {
	return r.views(ctx, u, ValuePlanned)
}

// AttemptViews attempts the changes of saved views that follow those of the attempted
// values exactly; Apply makes them after all others. It returns all that it found.
func (r *Run) AttemptViews(ctx context.Context, u dataset.Updater) ([]savedview.Finding, error) {
	if err := r.forgetViews(ctx, u); err != nil {
		return nil, err
	}
	findings, err := r.views(ctx, u, ValueAttempted)
	if err != nil {
		return nil, err
	}
	return findings, r.tx(ctx, func(tx *sql.Tx) error {
		for _, f := range findings {
			for _, s := range f.Stages {
				for _, step := range []struct {
					text string
					args []any
				}{
					{`INSERT OR IGNORE INTO field(name) VALUES(?)`, []any{viewsField}},
					{`INSERT INTO value(part, seq, doc, at, field, path, new, state) VALUES(?, 0, ?, ?, (SELECT id FROM field WHERE name = ?), ?, ?, ?)`,
						[]any{viewsField, encodeID(f.ID), string(s.At()), viewsField, s.Old, s.New, ValueAttempted}},
				} {
					if _, err := tx.ExecContext(ctx, step.text, step.args...); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// attemptedViews lists the changes of stages that were attempted or made.
func (r *Run) attemptedViews(ctx context.Context, states ...ValueState) ([]Value, error) {
	marks, args := placeholders(states)
	return query(ctx, r.db, scanValue, `SELECT `+valueColumns+` FROM value v JOIN field f ON f.id = v.field WHERE v.part = ? AND v.state IN (`+marks+`)`,
		append([]any{viewsField}, args...)...)
}

// madeViews knows the stages that this run made what they are.
func (r *Run) madeViews(ctx context.Context) (func(view bson.RawValue, stage string) bool, error) {
	list, err := r.attemptedViews(ctx, ValueAttempted, ValueDone)
	made := map[string]bool{}
	for _, v := range list {
		made[string(v.Doc.Value)+v.New] = true
	}
	return func(view bson.RawValue, stage string) bool { return made[string(view.Value)+stage] }, err
}

// forgetViews drops what a killed run has attempted and not begun: it is judged again.
func (r *Run) forgetViews(ctx context.Context, u dataset.Updater) error {
	list, err := r.attemptedViews(ctx, ValueAttempted)
	if err != nil || len(list) == 0 {
		return err
	}
	manifest, err := u.Manifest(ctx)
	if err != nil {
		return err
	}
	now := map[string]bool{}
	for _, view := range manifest.Views() {
		stages, _ := view.Lookup("view_stages").ArrayOK()
		values, _ := stages.Values()
		for _, s := range values {
			text, _ := s.StringValueOK()
			now[string(view.Lookup("_id").Value)+text] = true
		}
	}
	return r.tx(ctx, func(tx *sql.Tx) error {
		for _, v := range list {
			if now[string(v.Doc.Value)+v.Old] && !now[string(v.Doc.Value)+v.New] {
				if _, err := tx.ExecContext(ctx, `DELETE FROM value WHERE id = ?`, v.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// partial is a dataset that may be a part of one.
type partial interface{ Partial() bool }

// views judges the saved views with values that are in state from or further.
func (r *Run) views(ctx context.Context, u dataset.Updater, from ValueState) ([]savedview.Finding, error) {
	manifest, err := u.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	// A view that an earlier invocation did not change is still to follow what that did;
	// of others, only what happens now is of interest.
	made, err := r.madeViews(ctx)
	if err != nil {
		return nil, err
	}
	all, now := savedview.NewJudge(manifest, made), savedview.NewJudge(manifest, made)
	if !all.Needed() {
		return nil, nil
	}
	ids, err := r.fieldIDs(ctx)
	if err != nil {
		return nil, err
	}
	finder, err := wideFinder(ctx, u, ids)
	if err != nil {
		return nil, err
	}
	show := func(each func(j *savedview.Judge, row dataset.Row, before, after string)) error {
		return r.becoming(ctx, u, finder, from, func(row dataset.Row, before, after string, done bool) {
			each(all, row, before, after)
			if done {
				before = after
			}
			each(now, row, before, after)
		})
	}
	if err := show((*savedview.Judge).Look); err != nil {
		return nil, err
	}
	if all, now := all.Propose(), now.Propose(); all || now {
		if err := show((*savedview.Judge).Check); err != nil {
			return nil, err
		}
	}
	why := ""
	if p, ok := u.(partial); ok && p.Partial() {
		why = "only a part of the dataset is changed"
	}
	return merged(all.Findings(why), now.Findings(why)), nil
}

// merged are the findings of what happens now, and of all that can still be followed.
func merged(all, now []savedview.Finding) []savedview.Finding {
	var list []savedview.Finding
	exact := map[string]bool{}
	for _, f := range all {
		if f.Exact() {
			list = append(list, f)
			exact[f.View] = true
		}
	}
	for _, f := range now {
		if !exact[f.View] {
			list = append(list, f)
		}
	}
	return list
}

// becoming streams every media value with what the run makes of it. Done tells that it
// has done so.
func (r *Run) becoming(ctx context.Context, u dataset.Updater, finder *dataset.Finder, from ValueState,
	each func(row dataset.Row, before, after string, done bool)) (err error) {
	if err := r.steps(ctx, `CREATE INDEX IF NOT EXISTS value_doc ON value(doc)`); err != nil {
		return err
	}
	look, err := r.prepare(ctx, `SELECT coalesce(v.old, v.path), coalesce(v.new,
			(SELECT l.url FROM file l WHERE l.path = v.path AND l.live AND l.state <> 3), ''), v.state
		FROM value v WHERE v.doc = ? AND v.at = ? AND v.part = ? AND v.state IN (?, 1, 2) ORDER BY v.id DESC LIMIT 1`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, look.Close()) }()
	for _, part := range dataset.MediaParts() {
		for row, err := range u.Rows(ctx, part, finder) {
			if err != nil {
				return fmt.Errorf("reading %s: %w", part, err)
			}
			if row.Missing || row.Value == "" {
				continue
			}
			before, after, state := "", "", ValuePlanned
			err := look.QueryRowContext(ctx, encodeID(row.ID), string(row.At), string(part), from).Scan(&before, &after, &state)
			switch {
			case errors.Is(err, sql.ErrNoRows), err == nil && (after == "" || row.Value != before && row.Value != after):
				each(row, row.Value, row.Value, false)
			case err != nil:
				return r.explain("reading", err)
			case state == ValueDone && row.Value != after:
				each(row, row.Value, row.Value, false)
			default:
				each(row, before, after, state == ValueDone)
			}
		}
	}
	return nil
}
