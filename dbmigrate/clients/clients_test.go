package clients

import (
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/dbmigrate"
)

func at(version string) *Client { return At(dbmigrate.MustParseVersion(version)) }

// TestTable: the lines are sorted, each is a row, and no two rows say something else of
// one name at one version.
func TestTable(t *testing.T) {
	t.Parallel()
	var lines []string
	for line := range strings.Lines(knowledge) {
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "looked\t") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	keys := make([]string, 0, len(lines))
	for _, line := range lines {
		columns := strings.Split(line, "\t")
		if len(columns) != 6 || slices.Contains(columns, "") {
			t.Fatalf("not a row: %q", line)
		}
		keys = append(keys, strings.Join(columns[:4], "\t"))
	}
	if !slices.IsSorted(keys) {
		t.Error("the table is not sorted")
	}
	for i, version := range Versions()[1:] {
		if Versions()[i].Compare(version) >= 0 {
			t.Errorf("%s is behind %s", version, Versions()[i])
		}
	}
	for _, version := range Versions() {
		unambiguous(t, At(version))
	}
}

// unambiguous: what is looked up by its name is there once.
func unambiguous(t *testing.T, c *Client) {
	t.Helper()
	seen := map[string]bool{}
	once := func(what string) {
		if seen[what] {
			t.Errorf("%s has %s twice", c.Looked(), what)
		}
		seen[what] = true
	}
	for kind, rows := range c.table.rows {
		for _, r := range rows {
			if !c.has(r) {
				continue
			}
			switch kind {
			case "key", "argument":
				once(kind + " " + r.name + " " + r.key)
			case "class":
				once("class " + r.name)
				once("_cls " + r.key)
			case "alias":
				once("alias " + r.key + " " + r.name)
			case "databases":
				once("databases")
			default:
				once(kind + " " + r.name)
			}
		}
	}
}

// TestBoundaries: what real old versions were seen to stumble on.
func TestBoundaries(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		class, key   string
		before, with string // the last version without the key, and the first one with it
	}{
		{"SampleFieldDocument", "read_only", "0.25.2", "1.1.0"},
		{"SampleFieldDocument", "created_at", "0.25.2", "1.1.0"},
		{"SampleFieldDocument", "description", "0.17.2", "0.18.0"},
		{"SampleFieldDocument", "fields", "0.14.2", "0.16.5"},
		{"DatasetAppConfig", "color_scheme", "0.20.1", "0.22.3"},
		{"SidebarGroupDocument", "expanded", "0.17.2", "0.18.0"},
		{"RunDocument", "results_meta", "1.20.1", "1.22.1"},
		{"Detection", "mask_path", "1.1.0", "1.5.2"},
	} {
		if class, ok := at(test.before).Class(test.class); ok && class.Knows(test.key) {
			t.Errorf("%s knows %s.%s", test.before, test.class, test.key)
		}
		if class, ok := at(test.with).Class(test.class); !ok || !class.Knows(test.key) {
			t.Errorf("%s does not know %s.%s", test.with, test.class, test.key)
		}
	}
}

// TestNewThings: classes, media types and arguments that came late.
func TestNewThings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what, before, with string
		knows              func(c *Client) bool
	}{
		{"Instance", "1.1.0", "1.5.2", func(c *Client) bool { _, ok := c.Class("Instance"); return ok }},
		{"utils3d", "0.19.1", "0.20.1", func(c *Client) bool {
			_, ok := c.Class("fiftyone.utils.utils3d.OrthographicProjectionMetadata")
			return ok
		}},
		{"SceneMetadata", "0.22.3", "0.24.1", func(c *Client) bool { _, ok := c.Class("SceneMetadata"); return ok }},
		{"flat", "1.1.0", "1.5.2", func(c *Client) bool {
			a, ok := c.Stage("fiftyone.core.stages.SelectGroupSlices")
			return ok && a.Knows("flat")
		}},
		{"3d", "0.22.3", "0.24.1", func(c *Client) bool { return c.MediaType("3d") }},
		{"group", "0.16.6", "0.17.2", func(c *Client) bool { return c.MediaType("group") }},
		{"falling back", "0.22.3", "0.24.1", func(c *Client) bool { return c.Has(RunConfigFallsBack) }},
	} {
		if test.knows(at(test.before)) {
			t.Errorf("%s knows %s", test.before, test.what)
		}
		if !test.knows(at(test.with)) {
			t.Errorf("%s does not know %s", test.with, test.what)
		}
	}
}

// TestStrictness: before 0.16.6 nearly every document was strict.
func TestStrictness(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version, class  string
		strict, dynamic bool
	}{
		{"0.14.2", "DatasetDocument", true, false},
		{"0.16.5", "SampleFieldDocument", true, false},
		{"0.16.6", "SampleFieldDocument", false, false},
		{"0.17.2", "DatasetAppConfig", true, false},
		{"0.18.0", "DatasetAppConfig", false, false},
		{"0.16.5", "fiftyone.core.odm.runs.RunDocument", true, false},
		{"0.17.2", "fiftyone.core.labels.Detection", false, true},
		{"1.22.1", "Group", true, false},
	} {
		class, ok := at(test.version).Class(test.class)
		if !ok || class.Strict != test.strict || class.Dynamic != test.dynamic {
			t.Errorf("%s, %s: got %v, strict %t, dynamic %t", test.version, test.class, ok, class.Strict, class.Dynamic)
		}
	}
}

// TestNearest: a version that was not looked at knows what the next older one does, and
// the oldest one stands for all before it.
func TestNearest(t *testing.T) {
	t.Parallel()
	versions := Versions()
	for _, text := range []string{"0.0", "0.6.2", "0.14.2", "0.16.4", "0.16.6.1", "1.1.1", "1.22.1", "1.22.1rc1", "2.0"} {
		version, looked := dbmigrate.MustParseVersion(text), at(text).Looked()
		for _, v := range versions {
			if v.Compare(looked) > 0 && v.Compare(version) <= 0 {
				t.Errorf("%s is taken for %s, and %s is nearer", text, looked, v)
			}
		}
		if looked.Compare(version) > 0 && looked.Compare(versions[0]) != 0 {
			t.Errorf("%s is taken for %s, which is newer", text, looked)
		}
	}
}
