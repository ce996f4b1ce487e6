package enterprise

import (
	"fmt"
	"slices"
	"strings"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/clients"
)

// taking lists the releases whose SDKs connect to a database at a version, apart from
// those of that version itself. An SDK is built on an open-source version and takes what
// that one takes: its fiftyone migrate --info prints the same constant.
func taking(v dbmigrate.Version) []Release {
	takes := map[string]bool{}
	for _, open := range clients.Releases() {
		takes[open.Version.String()] = open.Lists(v)
	}
	return slices.DeleteFunc(Releases(), func(r Release) bool {
		return r.SDK == "" || !takes[r.Version] || dbmigrate.MustParseVersion(r.Version).Compare(v) == 0
	})
}

// SDKs says which SDKs of FiftyOne Enterprise can connect to an Enterprise database at a
// version: those of that version, with their deployments, and the others that take it.
// Open-source clients are refused by such a database, whatever their version.
func SDKs(version string) (string, error) {
	v, err := dbmigrate.ParseVersion(version)
	if err != nil {
		return "", err
	}
	var own, parts []string
	for _, r := range At(version) {
		own = append(own, r.String())
	}
	others := taking(v)
	if len(own) > 0 {
		parts = append(parts, "Enterprise "+strings.Join(own, ", "))
	}
	if len(others) > 0 {
		parts = append(parts, "SDKs that take other versions: "+spans(others))
	}
	if len(parts) == 0 {
		parts = append(parts, "no known release of FiftyOne Enterprise")
	}
	return strings.Join(parts, "; "), nil
}

// spans shortens a list of releases to "0.14.3 to 0.14.5, 2.0.0": from one to another
// where all known releases between take it too, or are of the version itself.
func spans(list []Release) string {
	place := map[string]int{}
	for i, r := range Releases() {
		place[r.Deployment+"/"+r.SDK] = i
	}
	at := func(i int) int { return place[list[i].Deployment+"/"+list[i].SDK] }
	var parts []string
	for i := 0; i < len(list); i++ {
		first := i
		for i+1 < len(list) && at(i+1) == at(i)+1 {
			i++
		}
		if first == i {
			parts = append(parts, list[i].SDK)
		} else {
			parts = append(parts, fmt.Sprintf("%s to %s", list[first].SDK, list[i].SDK))
		}
	}
	return strings.Join(parts, ", ")
}

// Install is the command that installs an SDK which fits an Enterprise database at a
// version: the newest of that version; else the newest that is older and takes it; else
// the newest that takes it. ok is false where no known release does.
func Install(version string) (command string, ok bool) {
	v, err := dbmigrate.ParseVersion(version)
	if err != nil {
		return "", false
	}
	others := taking(v)
	older := slices.DeleteFunc(slices.Clone(others), func(r Release) bool { return dbmigrate.MustParseVersion(r.Version).Compare(v) > 0 })
	own := slices.DeleteFunc(At(version), func(r Release) bool { return r.SDK == "" })
	best := ""
	for _, list := range [][]Release{others, older, own} {
		if len(list) > 0 {
			best = list[len(list)-1].SDK
		}
	}
	return "pip install --index-url https://${TOKEN}@pypi.fiftyone.ai fiftyone==" + best, best != ""
}

// InstallOpen is the same for an open-source database. A version that was never released
// gets the newest release before it that takes it. Versions before 0.14.0 are taken for
// released.
func InstallOpen(version string) string {
	best := version
	v, err := dbmigrate.ParseVersion(version)
	releases := clients.Releases()
	if err == nil && v.Compare(releases[0].Version) > 0 {
		for _, r := range releases {
			if r.Version.Compare(v) <= 0 && r.Takes(v) {
				best = r.Version.String()
			}
		}
	}
	return "pip install --upgrade fiftyone==" + best
}
