package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_17_0 brought groups and the app's configuration.
func v0_17_0() dbmigrate.Revision {
	return revision("0.17.0", up0_17_0, down0_17_0)
}

func up0_17_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	edit.Ensure(&s.Doc, "group_field", nil)
	edit.Ensure(&s.Doc, "group_media_types", bson.D{})
	edit.Ensure(&s.Doc, "default_group_slice", nil)
	edit.Ensure(&s.Doc, "app_config", defaultAppConfig())
	groups, found := edit.Pop(&s.Doc, "app_sidebar_groups")
	if !found {
		return nil
	}
	if edit.Doc(s.Doc, "app_config") == nil {
		edit.Set(&s.Doc, "app_config", defaultAppConfig())
	}
	edit.In(&s.Doc, "app_config", func(config *bson.D) { edit.Set(config, "sidebar_groups", groups) })
	return nil
}

func defaultAppConfig() bson.D {
	return bson.D{
		{Key: "media_fields", Value: bson.A{"filepath"}},
		{Key: "grid_media_field", Value: "filepath"},
		{Key: "modal_media_field", Value: "filepath"},
		{Key: "sidebar_groups", Value: nil},
		{Key: "plugins", Value: bson.D{}},
	}
}

func down0_17_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	for _, key := range []string{"group_field", "group_media_types", "default_group_slice"} {
		if truthy(edit.Get(s.Doc, key)) {
			return dbmigrate.Refuse("migrate to 0.17.0 or later, or leave this dataset out",
				"groups are not supported below v0.17.0, and it has a %s", key)
		}
	}
	edit.Drop(&s.Doc, "group_field", "group_media_types", "default_group_slice")
	config := edit.Doc(s.Doc, "app_config")
	if lost := appConfigLost(config); lost {
		s.Lose("the app's configuration but for its sidebar groups")
	}
	edit.Drop(&s.Doc, "app_config")
	if edit.Has(config, "sidebar_groups") {
		edit.Set(&s.Doc, "app_sidebar_groups", edit.Get(config, "sidebar_groups"))
	}
	return nil
}

// appConfigLost reports whether the configuration says more than the default.
func appConfigLost(config bson.D) bool {
	standard := defaultAppConfig()
	for _, e := range config {
		if e.Key != "sidebar_groups" && truthy(e.Value) && dbmigrate.IDKey(e.Value) != dbmigrate.IDKey(edit.Get(standard, e.Key)) {
			return true
		}
	}
	return false
}
