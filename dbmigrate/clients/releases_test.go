package clients

import (
	"testing"

	"github.com/medialift/medialift/dbmigrate"
)

// TestReleases: the table is sorted, and what it says agrees with what the versions that
// were looked at said themselves.
func TestReleases(t *testing.T) {
	t.Parallel()
	list := Releases()
	byVersion := map[string]Release{}
	for i, r := range list {
		if i > 0 && list[i-1].Version.Compare(r.Version) >= 0 {
			t.Errorf("%s is behind %s", r.Version, list[i-1].Version)
		}
		byVersion[r.Version.String()] = r
		if !r.Takes(r.Version) {
			t.Errorf("%s does not take its own databases", r.Version)
		}
	}
	for _, version := range Versions() {
		r, ok := byVersion[version.String()]
		if said := At(version).Databases(); !ok || r.Databases != said {
			t.Errorf("%s takes %q by its wheel, and %q by itself", version, r.Databases, said)
		}
	}
}

func TestTakes(t *testing.T) {
	t.Parallel()
	takes := func(release, database string) bool {
		for _, r := range Releases() {
			if r.Version.Compare(dbmigrate.MustParseVersion(release)) == 0 {
				return r.Takes(dbmigrate.MustParseVersion(database))
			}
		}
		t.Fatalf("there is no release %s", release)
		return false
	}
	for _, c := range []struct {
		release, database string
		want              bool
	}{
		{"0.21.1", "0.21.6", true}, {"0.21.3", "0.21.6", true}, {"0.21.3", "0.22.0", false}, {"0.21.0", "0.21.1", false}, {"0.21.0", "0.21.0", true},
		{"0.22.0", "0.22.0", true}, {"0.22.0", "0.22.2", false}, {"0.22.1", "0.22.0", false}, {"0.22.2", "0.22.0", true},
		{"1.0.0", "0.25.0", false}, {"1.0.0", "1.0.0", true}, {"1.0.1", "1.0.0", true}, {"1.0.1", "1.1.0", false},
		{"1.3.0", "1.3.2", true}, {"1.3.1", "1.4.0", false}, {"1.22.1", "1.99", true}, {"1.22.1", "2.0", false}, {"1.22.1", "0.18.0", false},
		{"0.16.5", "0.16.4", false}, {"0.16.5", "0.16.5", true}, {"0.16.6", "0.16.3", true}, {"0.22.3", "0.22.3rc1", true},
	} {
		if got := takes(c.release, c.database); got != c.want {
			t.Errorf("%s takes %s: %t", c.release, c.database, got)
		}
	}
}
