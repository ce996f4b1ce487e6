package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_8_0 brought lists of classes and mask targets, and stored results of runs.
func v0_8_0() dbmigrate.Revision {
	return revision("0.8.0", up0_8_0, down0_8_0)
}

func up0_8_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if err := expectRuns(s, "evaluations", "brain_methods"); err != nil {
		return err
	}
	edit.Ensure(&s.Doc, "classes", bson.D{})
	edit.Ensure(&s.Doc, "default_classes", bson.A{})
	edit.Ensure(&s.Doc, "mask_targets", bson.D{})
	edit.Ensure(&s.Doc, "default_mask_targets", bson.D{})
	eachEarlyRun(s, func(_ string, run *bson.D) { edit.Ensure(run, "results", nil) })
	return nil
}

func down0_8_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if err := expectRuns(s, "evaluations", "brain_methods"); err != nil {
		return err
	}
	for _, lost := range []struct{ key, what string }{
		{"classes", "the classes of fields"},
		{"default_classes", "the default classes"},
		{"mask_targets", "the mask targets of fields"},
		{"default_mask_targets", "the default mask targets"},
	} {
		if value, _ := edit.Pop(&s.Doc, lost.key); truthy(value) {
			s.Lose("%s", lost.what)
		}
	}
	lost := 0
	eachEarlyRun(s, func(_ string, run *bson.D) {
		if results, _ := edit.Pop(run, "results"); results != nil {
			lost++
		}
	})
	if lost > 0 {
		s.Lose("the results of %s: files in GridFS that nothing names any more", count(lost, "run"))
	}
	return nil
}

// eachEarlyRun changes the runs that a dataset had before 0.13.0.
func eachEarlyRun(s *dbmigrate.State, change func(name string, run *bson.D)) {
	edit.EachValue(&s.Doc, "evaluations", change)
	edit.EachValue(&s.Doc, "brain_methods", change)
}
