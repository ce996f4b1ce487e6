package main

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func TestDoctorOfDatabases(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a server that is not there: not in short mode")
	}
	db, m := migrating(t, "edges/config_missing/before")
	checks := func(doc document) string {
		list, _ := doc.Findings.([]any)
		var texts []string
		for _, f := range list {
			if finding, ok := f.(map[string]any); ok {
				texts = append(texts, finding["status"].(string)+": "+finding["check"].(string)+": "+finding["text"].(string))
			}
		}
		return strings.Join(texts, "\n")
	}
	if text := checks(m.run(exitDone, "doctor")); !strings.Contains(text, "warning: version: no FiftyOne") || !strings.Contains(text, "0.14.4") {
		t.Error(text)
	}
	for version, want := range map[string]string{"1.4.0": "ok: version: 1.4.0", "0.18.0": "ok: version: 0.18.0", "2.0.0": "failed: version: "} {
		if err := db.Collection("config").Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Collection("config").InsertOne(t.Context(), bson.D{{Key: "version", Value: version}, {Key: "type", Value: "fiftyone"}}); err != nil {
			t.Fatal(err)
		}
		code := exitDone
		if strings.HasPrefix(want, "failed") {
			code = exitFailed
		}
		if text := checks(m.run(code, "doctor")); !strings.Contains(text, want) || !strings.Contains(text, "SDKs") && code == exitDone {
			t.Errorf("%s: %s", version, text)
		}
	}
	m.env = append(m.env, "FIFTYONE_DATABASE_URI=mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300")
	if text := checks(m.run(exitFailed, "doctor", t.TempDir())); !strings.Contains(text, "failed: database: cannot reach") || !strings.Contains(text, "ok: write") {
		t.Error(text)
	}
	m.env = append(m.env, "FIFTYONE_DATABASE_URI=")
	m.run(exitUsage, "doctor")
	m.run(exitDone, "doctor", t.TempDir())
}
