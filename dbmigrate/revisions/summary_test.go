package revisions_test

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
)

// Samples keep their frames whatever the media type says, but for images;
// those that never had any get a summary only where they are videos.
func TestFramesOfAnyMedia(t *testing.T) {
	const summary = `{"_cls":"_Frames","frame_count":1,"first_frame":{"_id":7,"frame_number":1,"_cls":"_FrameLabels"}}`
	const none = `{"_cls":"_Frames","frame_count":0,"first_frame":null}`
	for _, c := range []struct{ media, frames, want string }{
		{`"video"`, `,"frames":{"1":7}`, `,"frames":` + summary},
		{`"video"`, ``, `,"frames":` + none},
		{`null`, `,"frames":{"1":7}`, `,"frames":` + summary},
		{`null`, `,"frames":{}`, `,"frames":` + none},
		{`null`, ``, ``},
		{`7`, `,"frames":"x"`, `,"frames":"x"`},
		{`"image"`, `,"frames":{"1":7}`, `,"frames":{"1":7}`},
	} {
		db := dbmigrate.Memory{"frames.samples.x": {parse(t, `{"_id":7,"frame_number":1}`)}}
		doc := parse(t, `{"_id":1,"name":"d","media_type":`+c.media+`,"sample_collection_name":"samples.x","sample_fields":[]}`)
		plan, err := revisions.Datasets().Plan(t.Context(), db, doc, "0.6.2", dbmigrate.Env{})
		if err != nil {
			t.Fatal(err)
		}
		sample := parse(t, `{"_id":2`+c.frames+`}`)
		for range 2 { // as a run does that was killed in between
			for _, op := range plan.Ops {
				convert, isConvert := op.(dbmigrate.Convert)
				if !isConvert || convert.Collection != "samples.x" {
					continue
				}
				if _, err := revisions.Datasets().Conversion(convert.Conversion)(t.Context(), db, &sample, convert.Args); err != nil {
					t.Fatal(err)
				}
			}
			text, err := bson.MarshalExtJSON(sample, false, false)
			if want := `{"_id":2` + c.want + `}`; err != nil || strings.TrimSpace(string(text)) != want {
				t.Errorf("media %s, %s: %s (%v), want %s", c.media, c.frames, text, err, want)
			}
		}
	}
}
