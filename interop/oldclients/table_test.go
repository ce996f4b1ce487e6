package oldclients

import (
	"fmt"
	"strings"
	"testing"
)

// A row is a version with what was found in each case.
type row struct {
	version string
	cells   map[string]string
}

// columns are the cases, and what they are called in the table.
var columns = [][2]string{
	{"own", "its own, up and down"}, {"base", "1.22.1's, down"}, {"lift", "1.22.1's, lifted"},
	{"FiftyOne's own", "its own, by FiftyOne's way"}, {"FiftyOne's base", "1.22.1's, by FiftyOne's way"},
}

// table is Markdown of the rows. Columns that no row fills are not in it.
func table(rows []row) string {
	var used [][2]string
	for _, column := range columns {
		for _, r := range rows {
			if r.cells[column[0]] != "" {
				used = append(used, column)
				break
			}
		}
	}
	var b strings.Builder
	b.WriteString("| FiftyOne |")
	for _, column := range used {
		fmt.Fprintf(&b, " %s |", column[1])
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(used)) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |", r.version)
		for _, column := range used {
			fmt.Fprintf(&b, " %s |", r.cells[column[0]])
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestTable(t *testing.T) {
	got := table([]row{{"0.14.2", map[string]string{"own": "9 of 9 open", "lift": "failed"}}, {"1.1.0", map[string]string{"own": "10 of 11 open, 1 named"}}})
	want := `| FiftyOne | its own, up and down | 1.22.1's, lifted |
|---|---|---|
| 0.14.2 | 9 of 9 open | failed |
| 1.1.0 | 10 of 11 open, 1 named |  |
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
