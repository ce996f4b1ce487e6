package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_7_4 brought brain methods, and gave evaluations the form that all runs have.
func v0_7_4() dbmigrate.Revision {
	return revision("0.7.4", up0_7_4, down0_7_4)
}

func up0_7_4(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if err := expectConfigs(s, "evaluations"); err != nil {
		return err
	}
	if edit.Get(s.Doc, "evaluations") == nil {
		edit.Set(&s.Doc, "evaluations", bson.D{})
	}
	edit.EachValue(&s.Doc, "evaluations", func(name string, run *bson.D) {
		if edit.Move(run, "eval_key", run, "key") {
			edit.Set(run, "timestamp", nil)
		} else { // it has the new form, or none
			edit.Ensure(run, "key", name)
			edit.Ensure(run, "timestamp", nil)
		}
		if edit.Get(*run, "config") == nil && (edit.Has(*run, "pred_field") || edit.Has(*run, "gt_field")) {
			edit.Set(run, "config", bson.D{})
		}
		var fields bson.D
		for _, key := range []string{"pred_field", "gt_field"} {
			edit.Move(run, key, &fields, key)
		}
		edit.In(run, "config", func(config *bson.D) {
			for _, field := range fields {
				edit.Set(config, field.Key, field.Value)
			}
		})
	})
	edit.Ensure(&s.Doc, "brain_methods", bson.D{})
	return nil
}

func down0_7_4(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if err := expectConfigs(s, "evaluations"); err != nil {
		return err
	}
	if edit.Get(s.Doc, "evaluations") == nil {
		edit.Set(&s.Doc, "evaluations", bson.D{})
	}
	timed := 0
	edit.EachValue(&s.Doc, "evaluations", func(name string, run *bson.D) {
		if !edit.Move(run, "key", run, "eval_key") {
			edit.Ensure(run, "eval_key", name)
		}
		if at, _ := edit.Pop(run, "timestamp"); at != nil {
			timed++
		}
		var fields bson.D
		edit.In(run, "config", func(config *bson.D) {
			for _, key := range []string{"pred_field", "gt_field"} {
				if !edit.Move(config, key, &fields, key) {
					s.Warn("dataset %q: the evaluation %q has no %s, which versions before 0.7.4 ask for", s.Name(), name, key)
				}
			}
		})
		for _, field := range fields {
			edit.Set(run, field.Key, field.Value)
		}
	})
	if timed > 0 {
		s.Lose("the time of %s", count(timed, "evaluation"))
	}
	loseEntries(s, "brain_methods", "brain method")
	edit.Drop(&s.Doc, "brain_methods")
	return nil
}
