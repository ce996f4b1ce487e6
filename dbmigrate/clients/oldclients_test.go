//go:build oldclients

package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/internal/mongotest"
)

// TestKnowledge asks real old versions again, through the script that wrote the table: what
// they say is what the table has for them. KNOWLEDGE_VERSIONS names those to ask; the
// default are three of different years. What is not installed is skipped.
func TestKnowledge(t *testing.T) {
	home := os.Getenv("OLDCLIENTS_HOME")
	if home == "" {
		t.Skip("OLDCLIENTS_HOME is not set: no old FiftyOne to ask")
	}
	asked := strings.Fields(os.Getenv("KNOWLEDGE_VERSIONS"))
	if len(asked) == 0 {
		asked = []string{"0.14.2", "0.17.2", "1.10.0"}
	}
	uri := mongotest.URI(t)
	for _, version := range asked {
		t.Run(version, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(home, "fo", version)); err != nil {
				t.Skipf("%s is not installed in %s", version, home)
			}
			file := filepath.Join(t.TempDir(), "knowledge.txt")
			command := exec.CommandContext(t.Context(), "../../tools/knowledge.sh", version)
			command.Env = append(os.Environ(), "FIFTYONE_DATABASE_URI="+uri, "KNOWLEDGE_TABLE="+file)
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			said, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, rowsAt(string(said), version), rowsAt(knowledge, version))
		})
	}
}

// rowsAt are the rows of a table that a version knows, as text. Other names of classes are
// left out: which are kept depends on the other versions in the table.
func rowsAt(text, version string) []string {
	table := parse(text)
	at := slices.IndexFunc(table.looked, func(v dbmigrate.Version) bool { return v.String() == version })
	client := &Client{table: table, at: at}
	var rows []string
	for kind, list := range table.rows {
		for _, r := range list {
			if client.has(r) && kind != "alias" {
				rows = append(rows, strings.Join([]string{r.kind, r.name, r.key, r.detail}, " "))
			}
		}
	}
	slices.Sort(rows)
	return rows
}

func compare(t *testing.T, said, have []string) {
	t.Helper()
	if len(said) < 500 {
		t.Errorf("only %d rows", len(said))
	}
	for _, row := range said {
		if _, found := slices.BinarySearch(have, row); !found {
			t.Errorf("not in the table: %s", row)
		}
	}
	for _, row := range have {
		if _, found := slices.BinarySearch(said, row); !found {
			t.Errorf("in the table alone: %s", row)
		}
	}
}
