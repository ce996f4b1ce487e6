package main

import (
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/internal/mongotest"
)

// The roles that the hint names are enough, and what lacks one says so.
func TestRoles(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server with users: not in short mode")
	}
	t.Parallel()
	server := mongotest.Start(t, "--auth")
	admin := func(user string) string {
		return strings.Replace(server.URI, "://", "://"+user+":s3cret@", 1) + "/?authSource=admin"
	}
	create := func(uri, name string, role any) {
		cmd := bson.D{{Key: "createUser", Value: name}, {Key: "pwd", Value: "s3cret"}, {Key: "roles", Value: bson.A{role}}}
		if err := mongotest.Connect(t, uri).Database("admin").RunCommand(t.Context(), cmd).Err(); err != nil {
			t.Fatal(err)
		}
	}
	create(server.URI, "root", "root")
	for _, role := range []string{"read", "readWrite"} {
		create(admin("root"), role, bson.D{{Key: "role", Value: role}, {Key: "db", Value: "fiftyone"}})
	}
	dir := migratetest.Unpack(t, "../../dbmigrate/revisions/testdata/golden.tar.zst")
	mongotest.Read(t, filepath.Join(dir, "walk/down/0.18.0")).Restore(t, mongotest.Connect(t, admin("root")).Database("fiftyone"))
	as := func(user string) tool {
		return newTool(t, "FIFTYONE_DATABASE_URI="+admin(user), "FIFTYONE_DATABASE_NAME=fiftyone", "FIFTYONE_API_URI=",
			"FIFTYONE_CONFIG_PATH="+filepath.Join(dir, "none"), "HOME="+t.TempDir(), "FIFTYONE_DATABASE_ADMIN=")
	}
	lacks := func(doc document) {
		t.Helper()
		if !strings.Contains(doc.Hint, "readWrite") || !strings.Contains(doc.Error, "not authorized") && !strings.Contains(doc.Error, "may not write") {
			t.Errorf("error %q, hint %q", doc.Error, doc.Hint)
		}
	}
	lacks(as("read").run(exitFailed, "migrate", "--all", "--yes"))
	as("readWrite").run(exitDone, "migrate", "--all", "--yes")
	name := "oracle-images"
	as("read").run(exitDone, "info", name)
	out := filepath.Join(t.TempDir(), "out")
	as("read").run(exitDone, "export", name, out)
	lacks(as("read").run(exitFailed, "import", out, "--name", "other"))
	as("readWrite").run(exitDone, "import", out, "--name", "other")
	lacks(as("read").run(exitFailed, "rewrite", "other", "--map", "regexp:^/=s3://media/x/"))
	as("readWrite").run(exitDone, "rewrite", "other", "--map", "regexp:^/=s3://media/x/")
}
