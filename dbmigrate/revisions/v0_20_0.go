package revisions

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// Where 0.20.0 moved the classes of similarity by scikit-learn.
const (
	similarityConfig  = "fiftyone.brain.similarity.SimilarityConfig"
	similarityResults = "fiftyone.brain.similarity.SimilarityResults"
	sklearnConfig     = "fiftyone.brain.internal.core.sklearn.SklearnSimilarityConfig"
	sklearnIndex      = "fiftyone.brain.internal.core.sklearn.SklearnSimilarityIndex"
)

// v0_20_0 writes the dataset's id into samples and frames, joins label tags and
// tags in the app's sidebar, and renames the classes of similarity runs.
func v0_20_0() dbmigrate.Revision {
	return revision("0.20.0", up0_20_0, down0_20_0)
}

func up0_20_0(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State) error {
	for _, list := range fieldLists() {
		if edit.Len(s.Doc, list) == 0 || hasField(s.Doc, list, "_dataset_id") {
			continue
		}
		edit.Append(&s.Doc, list, topField("_dataset_id", "ObjectIdField"))
		if collection := collectionOf(s.Doc, list); collection != "" {
			owner, err := ownerOf(ctx, reader, s, list)
			if err != nil {
				return err
			}
			s.Add(setAll(collection, bson.D{{Key: "_dataset_id", Value: owner}}))
		}
	}
	edit.In(&s.Doc, "app_config", func(config *bson.D) {
		edit.Each(config, "sidebar_groups", func(group *bson.D) {
			if edit.Get(*group, "name") == "tags" {
				edit.Set(group, "paths", bson.A{"tags", "_label_tags"})
			}
		})
		dropLast(config, "sidebar_groups", "label tags")
	})
	return moveSimilarity(ctx, reader, s, similarityConfig, sklearnConfig, "sklearn", sklearnIndex)
}

func down0_20_0(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State) error {
	samples := edit.String(s.Doc, "sample_collection_name")
	if samples != "" && edit.String(s.Doc, "frame_collection_name") == "" {
		edit.Set(&s.Doc, "frame_collection_name", "frames."+samples)
	}
	edit.In(&s.Doc, "app_config", func(config *bson.D) {
		groups, _ := edit.Get(*config, "sidebar_groups").(bson.A)
		last, labelTags := -1, false
		for i := range groups {
			group, _ := groups[i].(bson.D)
			switch edit.Get(group, "name") {
			case "tags":
				last = i
			case "label tags":
				labelTags = true
			default:
				continue
			}
			edit.Set(&group, "paths", bson.A{})
			groups[i] = group
		}
		if last >= 0 && !labelTags {
			edit.Insert(config, "sidebar_groups", last+1, bson.D{{Key: "name", Value: "label tags"}, {Key: "paths", Value: bson.A{}}})
		}
	})
	return moveSimilarity(ctx, reader, s, sklearnConfig, similarityConfig, "similarity", similarityResults)
}

// moveSimilarity gives the similarity runs of one class another, in the run and in
// its results, which become a new file: the run names the old one until then.
func moveSimilarity(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State, from, to, method, results string) error {
	for _, entry := range edit.Doc(s.Doc, "brain_methods") {
		if _, isDoc := entry.Value.(bson.D); isDoc {
			continue // a run that is still in the dataset, where 0.19.0 was only half done
		}
		run, err := s.Run(ctx, reader, entry.Value)
		if err != nil {
			return err
		}
		if run == nil {
			s.Warn("dataset %q: brain_methods names a run %q that does not exist", s.Name(), entry.Key)
			continue
		}
		if edit.Get(edit.Doc(run, "config"), "cls") != from {
			continue
		}
		edit.In(&run, "config", func(config *bson.D) {
			edit.Set(config, "cls", to)
			edit.Set(config, "method", method)
		})
		if file := edit.Get(run, "results"); file != nil {
			whole, err := resultIsWhole(ctx, reader, file)
			if err != nil {
				return err
			}
			if whole {
				id := s.NewID()
				s.Add(
					dbmigrate.CopyResult{From: file, To: id, Set: bson.D{{Key: "cls", Value: results}}, Date: bson.NewDateTimeFromTime(s.Now)},
					dbmigrate.DeleteResult{IDs: bson.A{file}},
				)
				edit.Set(&run, "results", id)
			} else {
				s.Warn("dataset %q: the results of the brain run %q are not whole in GridFS, and stay as they are", s.Name(), entry.Key)
			}
		}
		s.PutRun(run)
	}
	return nil
}

// resultIsWhole reports whether GridFS has a file with all its chunks.
func resultIsWhole(ctx context.Context, reader dbmigrate.Reader, id any) (bool, error) {
	file, err := dbmigrate.First(ctx, reader, "fs.files", dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: id}}})
	if file == nil || err != nil {
		return false, err
	}
	length, size := integer(edit.Get(file, "length")), integer(edit.Get(file, "chunkSize"))
	if length < 0 || size <= 0 {
		return false, nil
	}
	var chunks int64
	query := dbmigrate.Query{Filter: bson.D{{Key: "files_id", Value: id}}, Fields: []string{"n"}}
	for _, err := range reader.Find(ctx, "fs.chunks", query) {
		if err != nil {
			return false, err
		}
		chunks++
	}
	return chunks == (length+size-1)/size, nil
}

// dropLast removes the last document of that name from a list.
func dropLast(doc *bson.D, key, name string) {
	list, _ := edit.Get(*doc, key).(bson.A)
	for i, item := range slices.Backward(list) {
		if group, isDoc := item.(bson.D); isDoc && edit.Get(group, "name") == name {
			edit.Set(doc, key, slices.Delete(list, i, i+1))
			return
		}
	}
}
