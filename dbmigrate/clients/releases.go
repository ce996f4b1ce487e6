package clients

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/medialift/medialift/dbmigrate"
)

// A Release is a released version of open-source FiftyOne.
type Release struct {
	Version dbmigrate.Version
	// Databases are the versions of databases that it says it takes, ">=0.19,<2"; empty
	// where it says nothing. It is the constant COMPATIBLE_VERSIONS of the package.
	Databases string
}

//go:embed releases.txt
var releases string

// released is the table of this program, read once: nothing changes it.
var released = sync.OnceValue(func() []Release { return parseReleases(releases) }) //nolint:gochecknoglobals // it never changes

// Releases lists the releases from 0.14.0 on, the oldest first. tools/wheels.sh reads them
// off the packages.
func Releases() []Release { return append([]Release(nil), released()...) }

// parseReleases reads releases.txt. It is part of the program, so a line that is not a
// release panics.
func parseReleases(text string) []Release {
	var list []Release
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		version, databases, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			panic(fmt.Sprintf("releases.txt: not a release: %q", line))
		}
		list = append(list, Release{Version: dbmigrate.MustParseVersion(version), Databases: strings.TrimPrefix(databases, "-")})
	}
	return list
}

// Takes reports whether the release connects to a database at a version, if it is not
// allowed to migrate it: at its own version, and at those that it says it takes. 0.21.0,
// 0.22.0, 0.22.1, 0.25.0 to 0.25.2 and 1.0.0 leave out their own, which they take all the
// same.
func (r Release) Takes(version dbmigrate.Version) bool {
	return r.Version.Compare(version) == 0 || r.Lists(version)
}

// Lists reports whether Databases has the version.
func (r Release) Lists(version dbmigrate.Version) bool { return within(version, r.Databases) }

// within reports whether a version meets each condition of ">=0.19,<2"; none has none.
func within(version dbmigrate.Version, conditions string) bool {
	if conditions == "" {
		return false
	}
	for condition := range strings.SplitSeq(conditions, ",") {
		least, isLeast := strings.CutPrefix(condition, ">=")
		below, isBelow := strings.CutPrefix(condition, "<")
		switch {
		case isLeast && version.Compare(dbmigrate.MustParseVersion(least)) >= 0:
		case isBelow && version.Compare(dbmigrate.MustParseVersion(below)) < 0:
		default:
			return false
		}
	}
	return true
}
