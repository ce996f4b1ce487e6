package dbmigrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/dbmigrate"
)

func TestBetween(t *testing.T) {
	registry := dbmigrate.NewRegistry(dbmigrate.MustParseVersion("1.22.1"), revisions("1.0.0", "0.9.4", "0.19.0", "0.18.0")...)
	for _, c := range []struct{ from, to, want string }{
		{"0.0", "1.22.1", "0.9.4 up, 0.18.0 up, 0.19.0 up, 1.0.0 up"},
		{"1.22.1", "0.18.0", "1.0.0 down, 0.19.0 down"},
		{"0.18.0", "0.19.0", "0.19.0 up"},
		{"0.19.0", "0.18.5", "0.19.0 down"},
		{"0.18.5", "0.19.0rc2", "0.19.0 up"}, // a pre-release counts as its release
		{"0.19.0rc1", "0.19.0", ""},
		{"0.19", "0.19.0", ""},
		{"0.9.3", "0.9.4.1", "0.9.4 up"},
		{"1.0.0", "1.0.0", ""},
		{"0.20.0", "0.22.3", ""},
		{"1.5.0.dev3", "0.25.0+local", "1.0.0 down"},
		{"1!0.1", "0.25.0", "1.0.0 down"}, // an epoch is above all
	} {
		var legs []string
		for _, leg := range registry.Between(dbmigrate.MustParseVersion(c.from), dbmigrate.MustParseVersion(c.to)) {
			legs = append(legs, leg.String())
		}
		if got := strings.Join(legs, ", "); got != c.want {
			t.Errorf("from %s to %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// Going somewhere and back takes the same legs the other way round.
func TestBetweenReverses(t *testing.T) {
	registry := dbmigrate.NewRegistry(dbmigrate.MustParseVersion("1.22.1"), revisions("0.9.4", "0.18.0", "0.19.0", "1.0.0")...)
	points := []string{"0.0", "0.9.3", "0.9.4", "0.18", "0.18.9", "0.19.0", "0.25.2", "1.0.0", "1.22.1"}
	for _, a := range points {
		for _, b := range points {
			there := registry.Between(dbmigrate.MustParseVersion(a), dbmigrate.MustParseVersion(b))
			back := registry.Between(dbmigrate.MustParseVersion(b), dbmigrate.MustParseVersion(a))
			slices.Reverse(back)
			if len(there) != len(back) {
				t.Fatalf("%s to %s: %v, and back %v", a, b, there, back)
			}
			for i := range there {
				if there[i].Revision.Version.Compare(back[i].Revision.Version) != 0 || there[i].Down == back[i].Down {
					t.Errorf("%s to %s: %v, and back %v", a, b, there, back)
				}
			}
		}
	}
}

func revisions(versions ...string) []dbmigrate.Revision {
	var list []dbmigrate.Revision
	for _, v := range versions {
		list = append(list, dbmigrate.Revision{Version: dbmigrate.MustParseVersion(v)})
	}
	return list
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]string{
		"1.22.1": "1.22.1", "1.22.1rc3": "1.22.1", "1.5.0.dev3": "1.5.0", "1.5.0.post1": "1.5.0", "1.5.0+abc": "1.5.0",
		"v1.2": "1.2", " 1.2 ": "1.2", "1!0.5": "1!0.5", "0.15.0.1": "0.15.0.1", "9.0": "9.0", "0.0": "0.0",
	} {
		if v, err := dbmigrate.ParseVersion(text); err != nil || v.String() != want {
			t.Errorf("%q: %v, %v, want %s", text, v, err, want)
		}
	}
	for _, text := range []string{"", "abc", "None", "1..2", "not-a-version", "1.2 3"} {
		if v, err := dbmigrate.ParseVersion(text); err == nil {
			t.Errorf("%q is %v, want an error", text, v)
		}
	}
	ordered := []string{"0.0", "0.6.2", "0.9.4", "0.15.0", "0.15.0.1", "0.16", "1.0", "1.0.0.1", "1.13", "2.0.0.dev1", "1!0.1"}
	for i, a := range ordered {
		for j, b := range ordered {
			want := min(1, max(-1, i-j))
			if got := dbmigrate.MustParseVersion(a).Compare(dbmigrate.MustParseVersion(b)); got != want {
				t.Errorf("%s against %s is %d, want %d", a, b, got, want)
			}
		}
	}
}
