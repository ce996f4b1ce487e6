package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_7_2 removed the summary of its frames from each video.
func v0_7_2() dbmigrate.Revision {
	return revision("0.7.2", up0_7_2, down0_7_2)
}

func up0_7_2(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if !isVideo(s) {
		return nil
	}
	if err := expectFields(s, "sample_fields"); err != nil {
		return err
	}
	samples, err := samplesOf(s)
	if err != nil {
		return err
	}
	dropSummaries(s, samples)
	return nil
}

func dropSummaries(s *dbmigrate.State, samples string) {
	edit.DeleteItems(&s.Doc, "sample_fields", func(field bson.D) bool { return edit.Get(field, "name") == "frames" })
	s.Add(dbmigrate.UpdateAll{Collection: samples, Filter: bson.D{}, Update: bson.A{bson.D{{Key: "$unset", Value: "frames"}}}})
}

func down0_7_2(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if !isVideo(s) {
		return nil
	}
	if err := expectFields(s, "sample_fields"); err != nil {
		return err
	}
	samples, err := samplesOf(s)
	if err != nil {
		return err
	}
	if !hasField(s.Doc, "sample_fields", "frames") {
		edit.Append(&s.Doc, "sample_fields", bson.D{
			{Key: "name", Value: "frames"},
			{Key: "ftype", Value: fieldType + "EmbeddedDocumentField"},
			{Key: "subfield", Value: nil},
			{Key: "embedded_doc_type", Value: framesClass},
		})
	}
	s.Add(dbmigrate.Merge{From: framesOf(samples), Pipeline: summaries(), Into: samples, Fields: []string{"frames"}})
	return nil
}

// summaries gives the first frame, where there is one, and the number of frames of
// each sample.
func summaries() bson.A {
	isFirst := bson.D{{Key: "$eq", Value: bson.A{"$frame_number", 1}}}
	first := bson.D{{Key: "$max", Value: bson.D{{Key: "$cond", Value: bson.A{isFirst, "$$ROOT", "$$REMOVE"}}}}}
	return bson.A{
		bson.D{{Key: "$match", Value: bson.D{{Key: "_sample_id", Value: bson.D{{Key: "$ne", Value: nil}}}}}},
		bson.D{{Key: "$group", Value: bson.D{
			{Key: "_id", Value: "$_sample_id"},
			{Key: "first", Value: first},
			{Key: "count", Value: bson.D{{Key: "$sum", Value: 1}}},
		}}},
		bson.D{{Key: "$project", Value: bson.D{{Key: "frames", Value: bson.D{
			{Key: "$mergeObjects", Value: bson.A{
				bson.D{{Key: "$cond", Value: bson.A{bson.D{{Key: "$eq", Value: bson.A{"$first", nil}}}, bson.D{}, bson.D{{Key: "first_frame", Value: "$first"}}}}},
				bson.D{{Key: "frame_count", Value: "$count"}},
			}},
		}}}}},
	}
}
