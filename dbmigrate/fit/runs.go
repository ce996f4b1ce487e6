package fit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/clients"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// families are the keys of a dataset under which its runs stand, with what one is called.
var families = []family{
	{"annotation_runs", "annotation run"}, {"brain_methods", "brain run"}, {"evaluations", "evaluation"}, {"runs", "run"},
}

type family struct{ key, what string }

// runs fits the runs of a family: those that stand in the dataset's document and those
// that it refers to.
func (f *fitting) runs(ctx context.Context, reader dbmigrate.Reader, kind family) error {
	var gone []string
	list := edit.Doc(f.state.Doc, kind.key)
	for i, entry := range list {
		if run, isDoc := entry.Value.(bson.D); isDoc {
			why := f.run(&run)
			list[i].Value = run
			if why != "" {
				f.gone(kind.what, entry.Key, why)
				gone = append(gone, entry.Key)
			}
			continue
		}
		run, err := f.state.Run(ctx, reader, entry.Value)
		if err != nil {
			return err
		}
		if run == nil {
			continue
		}
		before := dbmigrate.IDKey(run)
		switch why := f.run(&run); {
		case why != "":
			f.gone(kind.what, entry.Key, why)
			gone = append(gone, entry.Key)
			f.state.DeleteRun(entry.Value)
		case dbmigrate.IDKey(run) != before:
			f.state.PutRun(run)
		}
	}
	edit.In(&f.state.Doc, kind.key, func(inner *bson.D) { edit.Drop(inner, gone...) })
	return nil
}

// run fits a run, or says why the target can't load it.
func (f *fitting) run(run *bson.D) (why string) {
	f.strip(run, runClass, "of runs")
	if why := f.config(run); why != "" {
		return why
	}
	stages, why := f.stages(edit.Get(*run, "view_stages"))
	if why != "" {
		return why
	}
	if stages != nil {
		edit.Set(run, "view_stages", stages)
	}
	return ""
}

// config fits the settings of a run: the client makes an object of their class, with each of
// them an argument. A class that no FiftyOne has is somebody's own.
func (f *fitting) config(run *bson.D) (why string) {
	cls := edit.String(edit.Doc(*run, "config"), "cls")
	if cls == "" || f.client.Has(clients.RunConfigFallsBack) {
		return ""
	}
	known, ok := f.client.Config(cls)
	if !ok {
		since, isKnown := f.client.Since(cls)
		if !isKnown || since.Compare(f.client.Looked()) <= 0 {
			return ""
		}
		return "its class " + cls[strings.LastIndex(cls, ".")+1:] + f.since(since, true)
	}
	edit.In(run, "config", func(config *bson.D) {
		*config = slices.DeleteFunc(*config, func(e bson.E) bool {
			if e.Key == "cls" || e.Key == "method" || known.Knows(e.Key) {
				return false
			}
			f.taken.add("of the settings of runs", e.Key, e.Value)
			return true
		})
	})
	return ""
}

// gone notes that something goes as a whole.
func (f *fitting) gone(what, name, why string) {
	f.taken.whole = append(f.taken.whole, fmt.Sprintf("the %s %q, which FiftyOne %s can't load: %s", what, name, f.state.To, why))
}

// listed is a list of ids of documents in a collection.
type listed struct{ key, collection, class, what string }

// listed fits the documents that the dataset lists: saved views, workspaces.
func (f *fitting) listed(ctx context.Context, reader dbmigrate.Reader, part listed) error {
	ids, _ := edit.Get(f.state.Doc, part.key).(bson.A)
	if len(ids) == 0 {
		return nil
	}
	var gone bson.A
	filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}
	for doc, err := range reader.Find(ctx, part.collection, dbmigrate.Query{Filter: filter}) {
		if err != nil {
			return fmt.Errorf("reading %s: %w", part.collection, err)
		}
		was := slices.Clone(doc)
		changed := f.strip(&doc, part.class, "of "+part.what+"s")
		stages, why := f.stages(edit.Get(doc, "view_stages"))
		switch {
		case why != "":
			f.gone(part.what, edit.String(doc, "name"), why)
			gone = append(gone, edit.Get(doc, "_id"))
			continue
		case stages != nil:
			edit.Set(&doc, "view_stages", stages)
			changed = true
		}
		if changed {
			f.state.Add(dbmigrate.Put{Collection: part.collection, Doc: doc, Was: was})
		}
	}
	if len(gone) > 0 {
		f.state.Add(dbmigrate.Delete{Collection: part.collection, IDs: gone})
		kept := slices.DeleteFunc(slices.Clone(ids), func(id any) bool {
			return slices.ContainsFunc(gone, func(g any) bool { return dbmigrate.IDKey(g) == dbmigrate.IDKey(id) })
		})
		edit.Set(&f.state.Doc, part.key, kept)
	}
	return nil
}
