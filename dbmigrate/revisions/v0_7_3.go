package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_7_3 brought evaluations.
func v0_7_3() dbmigrate.Revision {
	return revision("0.7.3", func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		edit.Ensure(&s.Doc, "evaluations", bson.D{})
		return nil
	}, func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		loseEntries(s, "evaluations", "evaluation")
		edit.Drop(&s.Doc, "evaluations")
		return nil
	})
}

// loseEntries says that the entries of a map go.
func loseEntries(s *dbmigrate.State, key, what string) {
	if n := len(edit.Doc(s.Doc, key)); n > 0 {
		s.Lose("%s", count(n, what))
	}
}
