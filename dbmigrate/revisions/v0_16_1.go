package revisions

import (
	"context"

	"github.com/medialift/medialift/dbmigrate"
)

// v0_16_1 writes the schemas of 0.16.0 once more, now those of lists of labels too.
func v0_16_1() dbmigrate.Revision {
	return revision("0.16.1", func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		resetSchemas(s, listSchemaOf)
		return nil
	}, nil)
}
