package revisions

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_7_3 brought evaluations.
func v0_7_3() dbmigrate.Revision {
	return revision("0.7.3", up0_7_3, func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		loseEntries(s, "evaluations", "evaluation")
		edit.Drop(&s.Doc, "evaluations")
		return nil
	})
}

// up0_7_3 also takes away the field that FiftyOne leaves in a dataset of videos where
// it fails to take it below 0.7.2, and for which no later version loads it.
func up0_7_3(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	edit.Ensure(&s.Doc, "evaluations", bson.D{})
	left := slices.ContainsFunc(edit.Docs(s.Doc, "sample_fields"), func(field bson.D) bool {
		return edit.Get(field, "name") == "frames" && edit.Get(field, "embedded_doc_type") == framesClass
	})
	if !left || !isVideo(s) {
		return nil
	}
	samples, err := samplesOf(s)
	if err != nil {
		return err
	}
	dropSummaries(s, samples)
	return nil
}

// loseEntries says that the entries of a map go, or what stands in its place.
func loseEntries(s *dbmigrate.State, key, what string) {
	switch value := edit.Get(s.Doc, key).(type) {
	case nil:
	case bson.D:
		if len(value) > 0 {
			s.Lose("%s", count(len(value), what))
		}
	default:
		s.Lose("its %s, %s", key, typeOf(value))
	}
}
