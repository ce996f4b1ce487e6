package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_23_0 brought custom runs and most settings of colour schemes.
func v0_23_0() dbmigrate.Revision {
	return revision("0.23.0", up0_23_0, down0_23_0)
}

func up0_23_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	edit.Ensure(&s.Doc, "runs", bson.D{})
	edit.In(&s.Doc, "app_config", func(config *bson.D) {
		edit.In(config, "color_scheme", func(scheme *bson.D) {
			edit.Set(scheme, "_id", s.NewID())
			for _, setting := range colorSettings() {
				edit.Ensure(scheme, setting.Key, setting.Value)
			}
			edit.Each(scheme, "fields", func(field *bson.D) { edit.Ensure(field, "maskTargetsColors", bson.A{}) })
		})
	})
	return nil
}

// colorSettings are the settings that 0.23.0 added, with their defaults.
func colorSettings() bson.D {
	return bson.D{
		{Key: "color_by", Value: "field"},
		{Key: "colorscales", Value: bson.A{}},
		{Key: "default_mask_targets_colors", Value: bson.A{}},
		{Key: "default_colorscale", Value: bson.D{{Key: "name", Value: "viridis"}, {Key: "list", Value: nil}}},
		{Key: "label_tags", Value: bson.D{{Key: "fieldColor", Value: nil}, {Key: "valueColors", Value: bson.A{}}}},
		{Key: "multicolor_keypoints", Value: false},
		{Key: "opacity", Value: 0.7},
		{Key: "show_skeletons", Value: true},
	}
}

func down0_23_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	runs, _ := edit.Pop(&s.Doc, "runs")
	if entries, isDoc := runs.(bson.D); isDoc && len(entries) > 0 {
		s.Lose("%s", count(len(entries), "custom run"))
		for _, entry := range entries {
			s.DeleteRun(entry.Value)
		}
	}
	lost := false
	edit.In(&s.Doc, "app_config", func(config *bson.D) {
		edit.In(config, "color_scheme", func(scheme *bson.D) {
			edit.Drop(scheme, "_id")
			for _, setting := range colorSettings() {
				value, found := edit.Pop(scheme, setting.Key)
				lost = lost || found && dbmigrate.IDKey(value) != dbmigrate.IDKey(setting.Value)
			}
			edit.Each(scheme, "fields", func(field *bson.D) {
				value, _ := edit.Pop(field, "maskTargetsColors")
				lost = lost || truthy(value)
			})
		})
	})
	if lost {
		s.Lose("settings of the colour scheme that are not its defaults")
	}
	return nil
}
