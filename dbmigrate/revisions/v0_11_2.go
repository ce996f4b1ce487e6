package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_11_2 began to note which version made a run.
func v0_11_2() dbmigrate.Revision {
	return revision("0.11.2", nil, func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		if err := expectRuns(s, "evaluations", "brain_methods"); err != nil {
			return err
		}
		runs, lost := 0, 0
		eachEarlyRun(s, func(_ string, run *bson.D) {
			runs++
			if version, _ := edit.Pop(run, "version"); version != nil {
				lost++
			}
		})
		if lost > 0 {
			s.Lose("which version made %s", count(lost, "run"))
		}
		if runs > 0 {
			s.Warn("dataset %q: versions before 0.11.2 may not be able to use its %s", s.Name(), count(runs, "run"))
		}
		return nil
	})
}
