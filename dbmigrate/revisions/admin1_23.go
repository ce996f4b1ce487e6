package revisions

import (
	"context"
	"slices"

	"github.com/medialift/medialift/dbmigrate"
)

// temporalTags is the collection of temporal tags, and unusedTagIndexes are its indexes
// that no query of FiftyOne uses from 1.23.0 on.
const temporalTags = "tags"

var unusedTagIndexes = []string{"temporal_tag_overlap", "temporal_tag_sample_range", "temporal_tag_tag_lookup", "temporal_tag_counts"}

// admin1_23_0 drops indexes of the temporal tags, by their names. Going down there is
// nothing to do: an older FiftyOne makes its indexes itself.
func admin1_23_0() dbmigrate.Revision {
	return revision("1.23.0", func(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State) error {
		collections, err := reader.Collections(ctx)
		if err != nil || !slices.Contains(collections, temporalTags) {
			return err
		}
		for _, name := range unusedTagIndexes {
			s.Add(dbmigrate.DropIndex{Collection: temporalTags, Name: name})
		}
		return nil
	}, nil)
}
