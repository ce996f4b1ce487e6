package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_19_0 gives datasets slugs, descriptions and saved views, and moves runs from
// the dataset's document to a collection of their own.
func v0_19_0() dbmigrate.Revision {
	return revision("0.19.0", up0_19_0, down0_19_0)
}

func up0_19_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if !edit.Has(s.Doc, "slug") {
		setSlug(s)
	}
	edit.Ensure(&s.Doc, "description", nil)
	edit.Ensure(&s.Doc, "saved_views", bson.A{})
	for _, key := range runMaps() {
		edit.In(&s.Doc, key, func(runs *bson.D) {
			for i, entry := range *runs {
				if run, isDoc := entry.Value.(bson.D); isDoc {
					(*runs)[i].Value = putRun(s, run)
				}
			}
		})
	}
	warnLegacy3D(s)
	return nil
}

// runMaps are the keys under which a dataset of 0.19.0 maps names to runs.
func runMaps() []string { return []string{"annotation_runs", "brain_methods", "evaluations"} }

// putRun gives a run a document of its own and returns its id.
func putRun(s *dbmigrate.State, run bson.D) bson.ObjectID {
	id := s.NewID()
	doc := bson.D{{Key: "_id", Value: id}}
	for _, e := range run {
		if e.Key != "_id" {
			doc = append(doc, e)
		}
	}
	edit.Set(&doc, "_dataset_id", s.ID())
	s.PutRun(doc)
	return id
}

// warnLegacy3D warns of settings that the 3D viewer of 0.19 no longer reads.
func warnLegacy3D(s *dbmigrate.State) {
	viewer := edit.Doc(edit.Doc(edit.Doc(s.Doc, "app_config"), "plugins"), "3d")
	overlay, cloud := edit.Doc(viewer, "overlay"), edit.Doc(viewer, "pointCloud")
	if edit.Has(overlay, "itemRotation") || edit.Has(overlay, "rotation") || edit.Has(cloud, "rotation") {
		s.Warn("dataset %q has settings of the 3D viewer that versions from 0.19.0 on don't read", s.Name())
	}
}

func down0_19_0(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State) error {
	if edit.String(s.Doc, "description") != "" {
		s.Lose("the description of the dataset")
	}
	edit.Drop(&s.Doc, "slug", "description")
	views, _ := edit.Pop(&s.Doc, "saved_views")
	if ids, isList := views.(bson.A); isList && len(ids) > 0 {
		s.Lose("%s", count(len(ids), "saved view"))
		s.Add(dbmigrate.Delete{Collection: "views", IDs: ids})
	}
	for _, key := range runMaps() {
		if err := embedRuns(ctx, reader, s, key); err != nil {
			return err
		}
	}
	return nil
}

// embedRuns puts the documents of runs back where the dataset names their ids.
func embedRuns(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State, key string) error {
	entries := edit.Doc(s.Doc, key)
	if entries == nil {
		return nil
	}
	embedded := bson.D{}
	for _, entry := range entries {
		id, isID := entry.Value.(bson.ObjectID)
		if !isID {
			embedded = append(embedded, entry)
			continue
		}
		run, err := s.Run(ctx, reader, id)
		if err != nil {
			return err
		}
		if run == nil {
			s.Warn("dataset %q: %s names a run %q that does not exist: the name is dropped", s.Name(), key, entry.Key)
			continue
		}
		s.DeleteRun(id)
		edit.Drop(&run, "_id", "_dataset_id")
		embedded = append(embedded, bson.E{Key: entry.Key, Value: run})
	}
	edit.Set(&s.Doc, key, embedded)
	return nil
}
