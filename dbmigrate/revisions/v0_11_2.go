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
		eachEarlyRun(s, func(name string, run *bson.D) {
			version, found := edit.Pop(run, "version")
			if found {
				s.Lose("that the run %q was made by version %v", name, version)
			} else {
				version = "an unknown version"
			}
			s.Warn("dataset %q: versions before 0.11.2 may not be able to use the run %q, which was made by %v", s.Name(), name, version)
		})
		return nil
	})
}
