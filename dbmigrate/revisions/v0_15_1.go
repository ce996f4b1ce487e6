package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_15_1 brought skeletons of keypoints.
func v0_15_1() dbmigrate.Revision {
	return revision("0.15.1", func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		edit.Ensure(&s.Doc, "skeletons", bson.D{})
		edit.Ensure(&s.Doc, "default_skeleton", nil)
		return nil
	}, func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		loseEntries(s, "skeletons", "skeleton")
		if edit.Get(s.Doc, "default_skeleton") != nil {
			s.Lose("the default skeleton")
		}
		edit.Drop(&s.Doc, "skeletons", "default_skeleton")
		return nil
	})
}
