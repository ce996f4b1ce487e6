package revisions

import (
	"context"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_14_0 began to say when a dataset was made and loaded, and where its frames are.
func v0_14_0() dbmigrate.Revision {
	return revision("0.14.0", up0_14_0, down0_14_0)
}

func up0_14_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	samples, err := samplesOf(s)
	if err != nil {
		return err
	}
	edit.Ensure(&s.Doc, "created_at", nil)
	edit.Ensure(&s.Doc, "last_loaded_at", nil)
	edit.Ensure(&s.Doc, "frame_collection_name", framesOf(samples))
	return nil
}

func down0_14_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if edit.Get(s.Doc, "created_at") != nil || edit.Get(s.Doc, "last_loaded_at") != nil {
		s.Lose("the times at which the dataset was made and last loaded")
	}
	frames, samples := edit.String(s.Doc, "frame_collection_name"), edit.String(s.Doc, "sample_collection_name")
	if frames != "" && frames != framesOf(samples) {
		s.Lose("that its frames are in %q: versions before 0.14.0 look for them in %q", frames, framesOf(samples))
	}
	edit.Drop(&s.Doc, "created_at", "last_loaded_at", "frame_collection_name")
	return nil
}
