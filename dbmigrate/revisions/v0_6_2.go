package revisions

import (
	"context"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// The names of the conversions of 0.6.2.
const (
	upFrames0_6_2   = "0.6.2 up frames"    // of samples of videos
	upShapes0_6_2   = "0.6.2 up polylines" // of samples and frames
	downShapes0_6_2 = "0.6.2 down polylines"
)

// v0_6_2 brought polylines of several shapes, and turned the map from frame numbers
// to frames that a video had into a reference from each frame to its video.
func v0_6_2() dbmigrate.Revision {
	r := revision("0.6.2", up0_6_2, down0_6_2)
	r.Conversions = map[string]dbmigrate.Conversion{
		upFrames0_6_2:   summarizeFrames,
		upShapes0_6_2:   polylines(wrapShape),
		downShapes0_6_2: polylines(unwrapShape),
	}
	return r
}

func up0_6_2(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	edit.Ensure(&s.Doc, "media_type", "image")
	edit.Ensure(&s.Doc, "frame_fields", bson.A{})
	if err := expectFields(s, "sample_fields", "frame_fields"); err != nil {
		return err
	}
	samples, err := samplesOf(s)
	if err != nil {
		return err
	}
	eachField(s, func(field *bson.D) { edit.Drop(field, "media_type") })
	if edit.Get(s.Doc, "media_type") == "image" {
		s.Add(convert(samples, upShapes0_6_2, nil))
		return nil
	}
	if isVideo(s) {
		eachFramesField(s, func(field *bson.D) {
			edit.Set(field, "ftype", fieldType+"EmbeddedDocumentField")
			edit.Set(field, "subfield", nil)
			edit.Set(field, "embedded_doc_type", framesClass)
		})
	}
	frames := framesOf(samples)
	s.Add(
		dbmigrate.Merge{From: samples, Pipeline: samplesOfFrames(), Into: frames, Fields: []string{"_sample_id"}},
		// Before the polylines of frames: the copies of first frames keep theirs as
		// they were, in FiftyOne too.
		convert(samples, upFrames0_6_2, bson.D{{Key: "frames", Value: frames}, {Key: "all", Value: isVideo(s)}}),
		convert(samples, upShapes0_6_2, nil),
		convert(frames, upShapes0_6_2, bson.D{{Key: "with", Value: "_sample_id"}}),
	)
	return nil
}

const framesClass = "fiftyone.core.labels._Frames"

// isVideo reports whether a dataset of these versions is one of videos. One that
// never had a sample has no media type.
func isVideo(s *dbmigrate.State) bool { return edit.String(s.Doc, "media_type") == "video" }

func eachField(s *dbmigrate.State, change func(field *bson.D)) {
	edit.Each(&s.Doc, "sample_fields", change)
	edit.Each(&s.Doc, "frame_fields", change)
}

func eachFramesField(s *dbmigrate.State, change func(field *bson.D)) {
	edit.Each(&s.Doc, "sample_fields", func(field *bson.D) {
		if edit.Get(*field, "name") == "frames" {
			change(field)
		}
	})
}

func convert(collection, conversion string, args bson.D) dbmigrate.Convert {
	if args == nil {
		args = bson.D{}
	}
	return dbmigrate.Convert{Collection: collection, Conversion: conversion, Args: args}
}

// samplesOfFrames gives the sample of each frame that a sample's map names. A sample
// that has a summary in its place already is passed over.
func samplesOfFrames() bson.A {
	return bson.A{
		bson.D{{Key: "$match", Value: bson.D{{Key: "frames", Value: bson.D{{Key: "$type", Value: "object"}}}, {Key: "frames._cls", Value: bson.D{{Key: "$exists", Value: false}}}}}},
		bson.D{{Key: "$project", Value: bson.D{{Key: "frames", Value: bson.D{{Key: "$objectToArray", Value: "$frames"}}}}}},
		bson.D{{Key: "$unwind", Value: "$frames"}},
		bson.D{{Key: "$match", Value: bson.D{{Key: "frames.v", Value: bson.D{{Key: "$type", Value: "objectId"}}}}}},
		bson.D{{Key: "$project", Value: bson.D{{Key: "_id", Value: "$frames.v"}, {Key: "_sample_id", Value: "$_id"}}}},
	}
}

// summarizeFrames replaces the map of a sample's frames by their number and a copy
// of the first. A sample that has no map gets one of none where Args say "all": no
// video is without.
func summarizeFrames(ctx context.Context, reader dbmigrate.Reader, doc *bson.D, args bson.D) (bool, error) {
	numbers, isMap := edit.Get(*doc, "frames").(bson.D)
	if isMap && edit.Has(numbers, "_cls") || !isMap && edit.Get(args, "all") != true {
		return false, nil
	}
	var first any
	for _, frame := range numbers {
		if number, err := strconv.Atoi(frame.Key); err != nil || number != 1 {
			continue
		}
		found, err := dbmigrate.First(ctx, reader, edit.String(args, "frames"), dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: frame.Value}}})
		if err != nil {
			return false, err
		}
		if found != nil {
			edit.Drop(&found, "_sample_id") // which the original has not given it yet
			edit.Set(&found, "_cls", "_FrameLabels")
			first = found
		}
	}
	edit.Set(doc, "frames", bson.D{
		{Key: "_cls", Value: "_Frames"},
		{Key: "frame_count", Value: int32(len(numbers))}, //nolint:gosec // a document of 16 MiB holds fewer
		{Key: "first_frame", Value: first},
	})
	return true, nil
}

// down0_6_2 makes what FiftyOne means to make and fails at.
func down0_6_2(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State) error {
	if err := expectFields(s, "sample_fields", "frame_fields"); err != nil {
		return err
	}
	samples, err := samplesOf(s)
	if err != nil {
		return err
	}
	frames := framesOf(samples)
	if err := loseShapes(ctx, reader, s, samples); err != nil {
		return err
	}
	if err := loseShapes(ctx, reader, s, frames); err != nil {
		return err
	}
	eachField(s, func(field *bson.D) { edit.Set(field, "media_type", nil) })
	edit.Drop(&s.Doc, "version")
	s.Add(convert(samples, downShapes0_6_2, nil))
	if !isVideo(s) {
		return nil
	}
	eachFramesField(s, func(field *bson.D) {
		edit.Set(field, "ftype", fieldType+"FramesField")
		edit.Set(field, "subfield", fieldType+"ReferenceField")
		edit.Set(field, "embedded_doc_type", nil)
	})
	if err := loseNumbers(ctx, reader, s, frames); err != nil {
		return err
	}
	s.Lose("the index of %s by sample and number, which FiftyOne makes for new datasets alone", frames)
	s.Add(
		dbmigrate.UpdateAll{Collection: samples, Filter: bson.D{}, Update: bson.D{{Key: "$set", Value: bson.D{{Key: "frames", Value: bson.D{}}}}}},
		dbmigrate.Merge{From: frames, Pipeline: framesOfSamples(), Into: samples, Fields: []string{"frames"}},
		convert(frames, downShapes0_6_2, bson.D{{Key: "with", Value: "_sample_id"}}),
		// It is unique, and without samples no frame number is.
		dbmigrate.DropIndex{Collection: frames, Keys: bson.D{{Key: "_sample_id", Value: int32(1)}, {Key: "frame_number", Value: int32(1)}}},
		dbmigrate.UpdateAll{Collection: frames, Filter: bson.D{}, Update: bson.D{{Key: "$unset", Value: bson.D{{Key: "_sample_id", Value: ""}}}}},
	)
	return nil
}

// loseNumbers counts the frames that no map of frame numbers can hold.
func loseNumbers(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State, frames string) error {
	lost := 0
	for frame, err := range reader.Find(ctx, frames, dbmigrate.Query{Fields: []string{"frame_number", "_sample_id"}}) {
		if err != nil {
			return err
		}
		switch edit.Get(frame, "frame_number").(type) {
		case int32, int64:
		default:
			if edit.Get(frame, "_sample_id") != nil {
				lost++
			}
		}
	}
	if lost > 0 {
		s.Lose("whose %s in %s are that have no whole number", count(lost, "frame"), frames)
	}
	return nil
}

// framesOfSamples gives each sample's map from frame numbers to frames, in order.
func framesOfSamples() bson.A {
	entry := bson.D{{Key: "k", Value: bson.D{{Key: "$toString", Value: "$frame_number"}}}, {Key: "v", Value: "$_id"}}
	return bson.A{
		bson.D{{Key: "$match", Value: bson.D{{Key: "frame_number", Value: bson.D{{Key: "$type", Value: bson.A{"int", "long"}}}}, {Key: "_sample_id", Value: bson.D{{Key: "$ne", Value: nil}}}}}},
		bson.D{{Key: "$sort", Value: bson.D{{Key: "frame_number", Value: 1}}}},
		bson.D{{Key: "$group", Value: bson.D{{Key: "_id", Value: "$_sample_id"}, {Key: "frames", Value: bson.D{{Key: "$push", Value: entry}}}}}},
		bson.D{{Key: "$project", Value: bson.D{{Key: "frames", Value: bson.D{{Key: "$arrayToObject", Value: "$frames"}}}}}},
	}
}
