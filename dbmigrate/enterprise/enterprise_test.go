package enterprise

import (
	"errors"
	"strings"
	"testing"

	"github.com/medialift/medialift/dbmigrate"
)

func TestLookup(t *testing.T) {
	for number, want := range map[string]string{
		"1.4.5": "0.22.3", "0.14.5": "0.22.3", "0.10.0": "0.18.0", "1.0.1": "0.18.0", "2.6.2": "1.3.2", "v2.1.0": "1.0.0",
		"1.5.10": "0.23.8", "1.2.1": "0.20.1", "1.5.8": "0.23.7", "2.16.5": "1.13.5", "0.7.1": "0.15.1",
	} {
		if r, err := Lookup(number); err != nil || r.Version != want || r.Evidence == "" {
			t.Errorf("%s: %+v, %v; want %s", number, r, err, want)
		}
	}
	for number, mention := range map[string]string{"1.5": "1.5.10 (SDK 0.15.10)", "2.9.0": "2.9.1", "": "2.23.0", "9.9.9": "1.0.0", "1": "1.7.1"} {
		_, err := Lookup(number)
		if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), mention) {
			t.Errorf("%q: %v", number, err)
		}
	}
}

// A number must name one release, and later ones never have older databases.
func TestReleases(t *testing.T) {
	seen := map[string]string{}
	last := "0"
	for _, r := range Releases() {
		for _, number := range []string{r.Deployment, r.SDK} {
			if other, ok := seen[number]; ok && number != "" && other != r.Version {
				t.Errorf("%s stands for %s and %s", number, other, r.Version)
			}
			seen[number] = r.Version
		}
		if dbmigrate.MustParseVersion(last).Compare(dbmigrate.MustParseVersion(r.Version)) > 0 {
			t.Errorf("%s is at %s, the one before at %s", r, r.Version, last)
		}
		last = r.Version
	}
	if got := At("0.23.8"); len(got) != 4 {
		t.Errorf("%v", got)
	}
}

func TestClients(t *testing.T) {
	for version, want := range map[string]string{
		"1.22.1": "1.4.0 up to, but not with, 2",
		"0.19.1": "0.19.0 up to, but not with, 2",
		"0.18.0": "0.18.0 up to, but not with, 0.19.0",
		"0.17.2": "0.17.0 up to, but not with, 0.19.0",
		"1.0.1":  "1.0.2 up to, but not with, 2",
		"0.22.3": "0.22.2 up to, but not with, 2",
		"0.15.1": "only 0.15.1 itself",
	} {
		if got, err := Clients(version); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", version, got, err, want)
		}
	}
	if _, err := Clients("abc"); err == nil {
		t.Error("abc is taken for a version")
	}
}
