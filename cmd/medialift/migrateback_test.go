package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
)

// Down, an edit by the older client, and up again with what was taken out put back, in one
// go: the edit stays, the plan says what comes back, and a dry run changes nothing.
func TestMigrateUpAndPutBack(t *testing.T) {
	db, m := migrating(t, "walk/down/1.22.1")
	backup := filepath.Join(m.state, "backup")
	plan := m.run(exitDone, "migrate", "--all", "-v", "0.17.2", "--dry-run", "--json")
	said := 0
	list, _ := plan.Migrations.([]any)
	for _, one := range list {
		entry, _ := one.(map[string]any)
		losses, _ := entry["losses"].([]any)
		for _, loss := range losses {
			if text, _ := loss.(string); strings.Contains(text, "color_scheme of its app_config") || strings.Contains(text, "of its app_config") {
				said++
			}
		}
	}
	if said == 0 {
		t.Errorf("the plan does not say what is taken out: %v", plan.Migrations)
	}
	m.run(exitDone, "migrate", "--all", "-v", "0.17.2", "--yes", "--backup", backup)
	name := bson.D{{Key: "name", Value: "oracle-images"}}
	edit := bson.D{{Key: "$set", Value: bson.D{{Key: "tags", Value: bson.A{"edited"}}}}}
	if _, err := db.Collection("datasets").UpdateOne(t.Context(), name, edit); err != nil {
		t.Fatal(err)
	}
	down := mongotest.Take(t, db)
	doc := m.run(exitDone, "migrate", "--all", "-v", "1.22.1", "--restore", backup, "--dry-run", "--json")
	same(t, down, db, down)
	if !slices.ContainsFunc(doc.PutBack, func(p putBackInto) bool { return p.Dataset == "oracle-images" && len(p.Places) > 3 }) {
		t.Errorf("it says that %+v come back", doc.PutBack)
	}
	m.run(exitDone, "migrate", "--all", "-v", "1.22.1", "--restore", backup, "--yes")
	var now struct {
		Tags       []string
		Version    string
		SavedViews bson.A `bson:"saved_views"`
		AppConfig  bson.M `bson:"app_config"`
	}
	if err := db.Collection("datasets").FindOne(t.Context(), name).Decode(&now); err != nil {
		t.Fatal(err)
	}
	if now.Version != "1.22.1" || !slices.Equal(now.Tags, []string{"edited"}) || len(now.SavedViews) == 0 || now.AppConfig["color_scheme"] == nil {
		t.Errorf("%+v", now)
	}
	if again := m.run(exitDone, "migrate", "--restore", backup, "--dry-run", "--json"); len(again.PutBack) > 0 {
		t.Errorf("again: %+v", again.PutBack)
	}
}
