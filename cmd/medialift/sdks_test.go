package main

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
)

// What is said of SDKs after a move: an Enterprise database refuses open-source clients and
// has a command of its own, an open-source one takes its own version and tells why a newer
// one is left out.
func TestSDKsOfDatabase(t *testing.T) {
	const pip = "pip install --index-url https://${TOKEN}@pypi.fiftyone.ai fiftyone=="
	db := mongotest.Database(t)
	m := newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "FIFTYONE_API_URI=",
		"FIFTYONE_CONFIG_PATH="+t.TempDir()+"/none", "HOME="+t.TempDir(), "FIFTYONE_DATABASE_ADMIN=true")
	for _, c := range []struct {
		kind, to string
		says     []string
		never    string
	}{
		{"fiftyone-teams", "0.22.0", []string{
			"(v0.22.0): Enterprise 1.4.0 (SDK 0.14.0), 1.4.1 (SDK 0.14.1)", "not: open-source FiftyOne of any version", "  " + pip + "0.14.1\n",
		}, ": fiftyone 0."},
		{"fiftyone-teams", "0.23.8", []string{"1.6.1 (SDK 0.16.1)", "  " + pip + "0.16.1\n"}, "pypi.dev"},
		{"fiftyone-teams", "0.20.1", []string{"Enterprise 1.2.1", "  " + pip + "0.12.0\n"}, "--upgrade"},
		{"fiftyone-teams", "1.22.1", []string{"2.7.0 to 2.23.0", "  " + pip + "2.23.0\n"}, ": fiftyone 1."},
		{"fiftyone-teams", "0.16.2", []string{"no known SDK of FiftyOne Enterprise takes databases of v0.16.2"}, "pip install"},
		{"fiftyone", "0.22.0", []string{
			"(v0.22.0): fiftyone 0.22.0 itself; 0.22.2 up to, but not with, 2\n", "not: 0.22.1 says that it takes >=0.19,<0.22\n", "pip install --upgrade fiftyone==0.22.0\n",
		}, "Enterprise"},
		{"fiftyone", "1.0.0", []string{"(v1.0.0): fiftyone 1.0.0 up to, but not with, 2\n", "pip install --upgrade fiftyone==1.0.0\n"}, "not: "},
		{"fiftyone", "1.6.5", []string{"pip install --upgrade fiftyone==1.6.0\n"}, "1.6.5\n  pip"},
	} {
		if err := db.Collection("config").Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Collection("config").InsertOne(t.Context(), bson.D{{Key: "version", Value: "0.18.0"}, {Key: "type", Value: c.kind}}); err != nil {
			t.Fatal(err)
		}
		out, err := m.command("migrate", "-v", c.to, "--yes").CombinedOutput()
		text := string(out)
		if err != nil || strings.Contains(text, c.never) {
			t.Errorf("%s to %s: %v, or %q among\n%s", c.kind, c.to, err, c.never, text)
		}
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s to %s: no %q among\n%s", c.kind, c.to, want, text)
			}
		}
		if text := string(output(t, m, "doctor")); c.to == "1.22.1" && !strings.Contains(text, "can connect; not: open-source FiftyOne") {
			t.Errorf("doctor: %s", text)
		}
	}
	out, err := m.command("migrate", "--to-enterprise", "9.9.9").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "a compatibility version, such as 0.23.8, goes to -v") {
		t.Errorf("%v: %s", err, out)
	}
}

// output is what a command prints, whatever comes of it.
func output(t *testing.T, m tool, args ...string) []byte {
	t.Helper()
	out, _ := m.command(args...).CombinedOutput()
	return out
}
