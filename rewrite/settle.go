package rewrite

import (
	"context"
	"fmt"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/pathmap"
)

// settle puts a value of which the maps have said what it becomes into the
// draft, or counts why not.
func (b *builder) settle(ctx context.Context, row dataset.Row, path pathmap.Path, a answer) error {
	f := b.field(row.Field)
	b.Values++
	f.Values++
	if a.standing == unmatched {
		// What a table or a pattern moved, it does not know any more the next
		// night; the ledger does.
		made, err := b.draft.Made(ctx, row)
		if err != nil {
			return err
		}
		if made {
			b.Already++
			f.Already++
			return nil
		}
	}
	switch a.standing {
	case unmatched:
		b.Unmatched++
		f.Unmatched++
		b.groups.add(row)
		return nil
	case moved:
		b.Rewritten++
		f.Rewritten++
		return b.moved(ctx, row, path, a)
	}
	if a.standing == url {
		b.URLs++
	}
	// The doubtful count too: there is no plan unless all of them are explained.
	b.Already++
	f.Already++
	if a.standing == doubtful && !b.opts.AlreadyMoved {
		return b.draft.Stage(ctx, row)
	}
	return nil
}

func (b *builder) moved(ctx context.Context, row dataset.Row, path pathmap.Path, a answer) error {
	m := &b.Maps[a.by]
	m.Rows++
	if len(m.Examples) < 3 {
		m.Examples = append(m.Examples, Example{Before: row.Value, After: a.to})
	}
	problem := dataset.Problem{ID: path.ID, Field: row.Field, Path: row.Value, URL: a.to}
	if why := unreadable(a.to, b.opts.Schemes); why != "" {
		problem.Kind, problem.Hint = "unreadable-path", why+"; by "+m.Spec
		b.refuse("new paths that FiftyOne cannot read",
			"a new path must be absolute, or a URL like s3://bucket/key, gs://…, https://…", problem)
		return nil
	}
	next, err := b.mapping.again(ctx, path, a)
	if err != nil {
		return err
	}
	if next != "" {
		b.changes(a.by, path.ID, row.Field, row.Value, a.to, next)
		return nil
	}
	if strings.HasPrefix(a.to, "http") && strings.ContainsAny(a.to, " #%") {
		b.odd = a.to
		b.oddRows++
	}
	return b.draft.AddValue(ctx, row, row.Value, a.to)
}

// leaveAlone says how a map of that number is written so that it leaves its own
// output alone.
func (b *builder) leaveAlone(by int) string {
	kind, _, _ := strings.Cut(b.job.Maps[by].Spec, ":")
	how := "write the maps so that they leave new paths alone"
	switch kind {
	case "regexp":
		how = "begin the pattern with ^ and what only old paths begin with"
	case "table":
		how = "take the rows out of the table whose from is the to of another"
	case "template", "star", "exec":
		how = "give no answer, or the path itself, for a path that is a new one already"
	}
	return how + "; the same command could not be repeated"
}

// changes refuses a value whose new path, given by the map of the number by, the
// maps would change again.
func (b *builder) changes(by int, id, field, path, to, next string) {
	b.refuse("maps that would change their own output", b.leaveAlone(by),
		dataset.Problem{Kind: "not-idempotent", ID: id, Field: field, Path: path, URL: to,
			Hint: fmt.Sprintf("asked again, it would become %q", next)})
}
