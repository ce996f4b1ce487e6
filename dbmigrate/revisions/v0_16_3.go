package revisions

import (
	"context"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_16_3 brought tags of datasets.
func v0_16_3() dbmigrate.Revision {
	return revision("0.16.3", nil, func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		if n := edit.Len(s.Doc, "tags"); n > 0 {
			s.Lose("%s of the dataset", count(n, "tag"))
		}
		edit.Drop(&s.Doc, "tags")
		return nil
	})
}
