package revisions

import (
	"context"
	"slices"
	"strings"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// admin0_15_0 drops what deleted datasets left behind before. FiftyOne does so in
// the database called "fiftyone", whichever is being migrated.
func admin0_15_0() dbmigrate.Revision {
	return revision("0.15.0", func(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State) error {
		used, silent, err := usedCollections(ctx, reader)
		if err != nil {
			return err
		}
		names, err := reader.Collections(ctx)
		if err != nil {
			return err
		}
		var orphans []string
		for _, name := range names {
			prefix, _, found := strings.Cut(name, ".")
			if found && slices.Contains([]string{"samples", "frames", "patches", "clips"}, prefix) && !used[name] {
				orphans = append(orphans, name)
			}
		}
		if len(orphans) == 0 {
			return nil
		}
		if silent > 0 {
			s.Warn("%s that no dataset names may be the samples of %s that names none, and stay: %s",
				count(len(orphans), "collection"), count(silent, "dataset"), strings.Join(orphans, ", "))
			return nil
		}
		for _, name := range orphans {
			s.Add(dbmigrate.Drop{Collection: name})
		}
		s.Lose("%s that no dataset names: %s", count(len(orphans), "collection"), strings.Join(orphans, ", "))
		return nil
	}, nil)
}

// usedCollections holds the collections of samples and frames that datasets name,
// and those of frames that they mean where they name none. silent is the number of
// datasets that name no samples: whose they are, nobody can tell.
func usedCollections(ctx context.Context, reader dbmigrate.Reader) (used map[string]bool, silent int, err error) {
	used = map[string]bool{}
	fields := []string{"sample_collection_name", "frame_collection_name"}
	for doc, err := range reader.Find(ctx, dbmigrate.Datasets, dbmigrate.Query{Fields: fields}) {
		if err != nil {
			return nil, 0, err
		}
		samples := edit.String(doc, "sample_collection_name")
		if samples == "" {
			silent++
		}
		used[samples], used[framesOf(samples)], used[edit.String(doc, "frame_collection_name")] = true, true, true
	}
	return used, silent, nil
}

// admin0_15_1 brought the type of a database.
func admin0_15_1() dbmigrate.Revision {
	return revision("0.15.1", nil, func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		// FiftyOne takes the type out and writes it again; 0.15.0 can't read it.
		if kind, found := edit.Pop(&s.Doc, "type"); found && kind != "fiftyone" {
			return dbmigrate.Refuse("migrate to 0.15.1 or later", "its type is %v, and databases have no type before 0.15.1", kind)
		}
		return nil
	})
}
