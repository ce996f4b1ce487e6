package export

import (
	"context"
	"fmt"
	"os"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/inuse"
)

// unnamed makes sure that no dataset in reach names what is in the directory
// that is to be overwritten. One that cannot be read may name anything.
func unnamed(ctx context.Context, job Job, opts Options) error {
	if entries, err := os.ReadDir(job.Dir); err != nil || len(entries) == 0 || job.Reach == nil {
		return nil // nothing to lose; what else is wrong, dirstore says
	}
	dir, err := inuse.NewDir(job.Dir)
	if err != nil {
		return err
	}
	u := user{refusal: &dataset.Refusal{
		Reason: "datasets name files in the directory that would be overwritten",
		Hint:   "export into another directory, or move those datasets' media first",
	}}
	for named, err := range job.Reach {
		if err != nil {
			return err
		}
		u.name, u.rows = named.Name, 0
		opts.Progress(Progress{Phase: "checking"})
		err := dir.Uses(ctx, inuse.Named{Name: named.Name, Dataset: named.Source, Dir: named.Dir}, u.use)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return &dataset.Refusal{
				Reason: fmt.Sprintf("whether dataset %q names files in the directory that would be overwritten cannot be found out: %v", named.Name, err),
				Hint:   "mend what is named above, or export into another directory", Err: err,
			}
		}
	}
	if u.refusal.Total > 0 {
		return u.refusal
	}
	return nil
}

// A user gathers the values of one dataset after the other that name files.
type user struct {
	refusal *dataset.Refusal
	name    string
	rows    int64
	last    dataset.Row
}

// use notes a value, which may name several things, once.
func (u *user) use(found inuse.Use) error {
	row := found.Row
	if u.rows > 0 && row.Part == u.last.Part && row.ID.Equal(u.last.ID) && row.At == u.last.At {
		return nil
	}
	u.rows++
	u.last = row
	u.last.ID = bson.RawValue{Type: row.ID.Type, Value: append([]byte(nil), row.ID.Value...)}
	hint := fmt.Sprintf("of dataset %q", u.name)
	if found.Scene {
		hint += fmt.Sprintf(", which needs %q", found.Rel)
	}
	u.refusal.Add(dataset.Problem{Kind: "in-use", ID: idText(row.ID), Field: row.Field, Path: row.Value, Hint: hint})
	return nil
}

func idText(id bson.RawValue) string {
	if oid, ok := id.ObjectIDOK(); ok {
		return oid.Hex()
	}
	return id.String()
}
