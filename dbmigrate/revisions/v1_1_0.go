package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v1_1_0 removes the app's sidebar mode.
func v1_1_0() dbmigrate.Revision {
	return revision("1.1.0", func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		edit.In(&s.Doc, "app_config", func(config *bson.D) { edit.Drop(config, "sidebar_mode") })
		return nil
	}, nil)
}
