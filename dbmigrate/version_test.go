package dbmigrate_test

import (
	"sync"
	"testing"

	pep440 "github.com/aquasecurity/go-pep440-version"

	"github.com/medialift/medialift/dbmigrate"
)

var versions = []string{
	"0", "0.0.0", "0.9", "0.15.0.1", "0.19", "0.19.0", "v0.19.1", "1", "1.0", "1.0.0", "1.2.10", "1.10.2", " 1.22.1 ",
	"01.002", "1.22.1rc3", "1.5.0.dev3", "1.5.0.post1", "1.5.0+abc", "1!0.5", "2!0",
}

// Versions are ordered as the library that parses them orders their bases.
func TestVersionOrder(t *testing.T) {
	for _, a := range versions {
		for _, b := range versions {
			first, second := dbmigrate.MustParseVersion(a), dbmigrate.MustParseVersion(b)
			want := pep440.MustParse(first.String()).Compare(pep440.MustParse(second.String()))
			if got := first.Compare(second); got != want {
				t.Errorf("%q to %q: %d, want %d", a, b, got, want)
			}
		}
	}
}

// One version is compared by several goroutines at once; the race detector looks on.
func TestVersionShared(t *testing.T) {
	short, long := dbmigrate.MustParseVersion("1"), dbmigrate.MustParseVersion("1.0.0.0")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				if short.Compare(long) != 0 {
					t.Error("1 is not 1.0.0.0")
				}
			}
		})
	}
	all.Wait()
}
