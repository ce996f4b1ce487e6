// Package enterprise knows which open-source version the databases of FiftyOne
// Teams and FiftyOne Enterprise are at, and which SDKs can connect to a database.
package enterprise

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/medialift/medialift/dbmigrate"
)

// A Release is a release of FiftyOne Teams or FiftyOne Enterprise.
type Release struct {
	// Deployment is its number, SDK that of its Python package. From 2.0.0 on they
	// are equal. One of them may be empty where it is not known.
	Deployment, SDK string
	// Version is the open-source version that its databases are compatible with.
	Version string
	// Evidence says where the version is known from: release notes, the docs of the
	// release, or inferred.
	Evidence string
}

// String is like "1.4.5 (SDK 0.14.5)".
func (r Release) String() string {
	switch {
	case r.Deployment == "":
		return "SDK " + r.SDK
	case r.SDK == "" || r.SDK == r.Deployment:
		return r.Deployment
	}
	return fmt.Sprintf("%s (SDK %s)", r.Deployment, r.SDK)
}

//go:embed releases.csv
var releases []byte

// Releases lists all known releases, the oldest first.
func Releases() []Release {
	rows, err := csv.NewReader(bytes.NewReader(releases)).ReadAll()
	if err != nil {
		panic(err) // the table is part of the program
	}
	list := make([]Release, 0, len(rows))
	for _, row := range rows[1:] {
		list = append(list, Release{Deployment: row[0], SDK: row[1], Version: row[2], Evidence: row[3]})
	}
	return list
}

// ErrUnknown says that there is no known release of a number.
var ErrUnknown = errors.New("unknown FiftyOne Teams or Enterprise version")

// Lookup finds a release by the number of its deployment or of its SDK, patch
// included. Nothing is guessed: the error is ErrUnknown and names the known
// releases with the same beginning, or all.
func Lookup(number string) (Release, error) {
	number = strings.TrimPrefix(number, "v")
	var near, all []string
	for _, r := range Releases() {
		if number != "" && (r.Deployment == number || r.SDK == number) {
			return r, nil
		}
		all = append(all, r.String())
		if number != "" && (strings.HasPrefix(r.Deployment, number+".") || strings.HasPrefix(r.SDK, number+".")) {
			near = append(near, r.String())
		}
	}
	if len(near) == 0 {
		near = all
	}
	return Release{}, fmt.Errorf("%w %q; known are %s", ErrUnknown, number, strings.Join(near, ", "))
}

// At lists the releases whose databases are at an open-source version, the oldest first;
// none for a text that is not a version.
func At(version string) []Release {
	v, err := dbmigrate.ParseVersion(version)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(Releases(), func(r Release) bool {
		return r.Version != version && dbmigrate.MustParseVersion(r.Version).Compare(v) != 0
	})
}
