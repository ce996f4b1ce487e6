package execmap_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/pathmap/execmap"
)

// FuzzSplit: words that were quoted, in either way, come back as they were.
func FuzzSplit(f *testing.F) {
	for _, s := range [][2]string{{"a b", `c\d`}, {"it's", `say "x"`}, {"", "\t"}, {`\`, `\\`}, {"é\n", "'"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		_, _ = execmap.Split(a)
		double := func(s string) string {
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
		}
		single := func(s string) string { return `'` + strings.ReplaceAll(s, `'`, `'"'"'`) + `'` }
		for _, line := range []string{double(a) + " " + double(b), "  " + single(a) + "\t" + single(b) + " ", single(a) + " " + double(b)} {
			if got, err := execmap.Split(line); err != nil || !slices.Equal(got, []string{a, b}) {
				t.Fatalf("%q: %q, %v, want %q and %q", line, got, err, a, b)
			}
		}
	})
}
