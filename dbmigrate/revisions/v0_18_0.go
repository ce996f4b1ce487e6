package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_18_0 brought descriptions and info of fields, and the app's sidebar mode.
func v0_18_0() dbmigrate.Revision {
	return revision("0.18.0", up0_18_0, down0_18_0)
}

func up0_18_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	edit.In(&s.Doc, "app_config", func(config *bson.D) {
		edit.Ensure(config, "sidebar_mode", nil)
		edit.Each(config, "sidebar_groups", func(group *bson.D) { edit.Ensure(group, "expanded", nil) })
	})
	for _, list := range fieldLists() {
		edit.Each(&s.Doc, list, describe)
	}
	return nil
}

func describe(field *bson.D) {
	edit.Ensure(field, "description", nil)
	edit.Ensure(field, "info", nil)
	edit.Each(field, "fields", describe)
}

func down0_18_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	arranged := false
	edit.In(&s.Doc, "app_config", func(config *bson.D) {
		mode, _ := edit.Pop(config, "sidebar_mode")
		arranged = truthy(mode)
		edit.Each(config, "sidebar_groups", func(group *bson.D) {
			expanded, _ := edit.Pop(group, "expanded")
			arranged = arranged || expanded != nil
		})
	})
	if arranged {
		s.Lose("which groups of the app's sidebar are open")
	}
	described := 0
	var strip func(field *bson.D)
	strip = func(field *bson.D) {
		if truthy(edit.Get(*field, "description")) || truthy(edit.Get(*field, "info")) {
			described++
		}
		edit.Drop(field, "description", "info")
		edit.Each(field, "fields", strip)
	}
	for _, list := range fieldLists() {
		edit.Each(&s.Doc, list, strip)
	}
	if described > 0 {
		s.Lose("the description or info of %s", count(described, "field"))
	}
	return nil
}
