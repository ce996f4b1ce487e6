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
		"0.16.0": "0.23.8", "0.16.1": "0.23.8", "0.17.0": "0.24.0", "0.17.1": "0.24.1",
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
		"0.21.2": "0.21.1 up to, but not with, 2",
		"1.0.1":  "1.0.1 up to, but not with, 2",
		"1.0.0":  "1.0.0 up to, but not with, 2",
		"1.3.0":  "1.3.0 up to, but not with, 2",
		"0.22.3": "0.22.2 up to, but not with, 2",
		"0.22.0": "0.22.0 itself; 0.22.2 up to, but not with, 2",
		"0.25.0": "0.25.0 itself; 1.0.1 up to, but not with, 2",
		"0.16.4": "0.16.4 itself; 0.16.6 up to, but not with, 0.17.0",
		"0.15.1": "only 0.15.1 itself",
		"0.9.0":  "only 0.9.0 itself",
	} {
		if got, err := Clients(version); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", version, got, err, want)
		}
	}
	if _, err := Clients("abc"); err == nil {
		t.Error("abc is taken for a version")
	}
}

// Why a release between two that can connect cannot is told.
func TestRefusing(t *testing.T) {
	for version, want := range map[string]string{
		"0.22.0": "0.22.1 says that it takes >=0.19,<0.22",
		"0.25.0": "0.25.1, 0.25.2 and 1.0.0 say that they take >=0.19,<0.25",
		"0.16.4": "0.16.5 takes databases of no other version",
		"1.0.0":  "",
		"1.22.1": "",
		"0.15.1": "",
		"abc":    "",
	} {
		if got := Refusing(version); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}

// An Enterprise database has SDKs of its own, and a command that installs one.
func TestSDKs(t *testing.T) {
	const pip = "pip install --index-url https://${TOKEN}@pypi.fiftyone.ai fiftyone=="
	for _, c := range []struct{ version, sdks, install string }{
		{"0.22.3", "Enterprise 1.4.4 (SDK 0.14.4), 1.4.5 (SDK 0.14.5)", "0.14.5"},
		{"0.23.8", "1.6.1 (SDK 0.16.1)", "0.16.1"},
		{"0.24.1", "Enterprise 1.7.1 (SDK 0.17.1)", "0.17.1"},
		{"1.0.0", "Enterprise 2.1.0; SDKs that take other versions: 2.1.1 to 2.23.0", "2.1.0"},
		{"0.20.1", "Enterprise 1.2.1; SDKs that take other versions: 0.12.0, 0.13.0 to 2.23.0", "0.12.0"}, // the SDK of 1.2.1 is not known
		{"1.22.1", "SDKs that take other versions: 2.7.0 to 2.23.0", "2.23.0"},
		{"1.6.5", "SDKs that take other versions: 2.7.0 to 2.23.0", "2.9.1"},
		{"0.22.1", "Enterprise 1.4.2 (SDK 0.14.2); SDKs that take other versions: 0.14.3", "0.14.2"},
	} {
		got, err := SDKs(c.version)
		if err != nil || !strings.Contains(got, c.sdks) {
			t.Errorf("%s: %q, %v; want %q in it", c.version, got, err, c.sdks)
		}
		if got, ok := Install(c.version); !ok || got != pip+c.install {
			t.Errorf("%s: %q, %t; want %s", c.version, got, ok, c.install)
		}
	}
	if command, ok := Install("0.9.0"); ok {
		t.Errorf("0.9.0 has %q", command)
	}
	for _, r := range Releases() {
		if _, ok := Install(r.Version); !ok {
			t.Errorf("databases of %s have no command", r)
		}
	}
}

func TestInstallOpen(t *testing.T) {
	for version, want := range map[string]string{
		"0.22.0": "0.22.0", "1.22.1": "1.22.1", "0.9.4": "0.9.4", "1.6.5": "1.6.0", "1.23.0": "1.22.1", "0.17.9": "0.17.2", "3.0": "3.0",
	} {
		if got := InstallOpen(version); got != "pip install --upgrade fiftyone=="+want {
			t.Errorf("%s: %q, want %s", version, got, want)
		}
	}
}
