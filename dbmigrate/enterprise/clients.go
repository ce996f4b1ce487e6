package enterprise

import (
	"fmt"
	"strings"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/clients"
)

// Clients says which open-source releases can connect to an open-source database at a
// version, in the order of their versions: "0.22.0 itself; 0.22.2 up to, but not with, 2".
// A release always takes databases of its own version.
func Clients(version string) (string, error) {
	v, err := dbmigrate.ParseVersion(version)
	if err != nil {
		return "", err
	}
	var spans []string
	releases := clients.Releases()
	for i := 0; i < len(releases); i++ {
		if !releases[i].Takes(v) {
			continue
		}
		first := i
		for i+1 < len(releases) && releases[i+1].Takes(v) {
			i++
		}
		spans = append(spans, span(releases, first, i, v))
	}
	if len(spans) == 0 || len(spans) == 1 && strings.HasSuffix(spans[0], " itself") {
		return "only " + v.String() + " itself", nil
	}
	return strings.Join(spans, "; "), nil
}

// span is the text for the releases from first to last.
func span(releases []clients.Release, first, last int, v dbmigrate.Version) string {
	from := releases[first].Version
	switch {
	case last+1 == len(releases): // what the newest takes its successors do
		return fmt.Sprintf("%s up to, but not with, 2", from)
	case first == last && !releases[first].Lists(v):
		return from.String() + " itself"
	}
	return fmt.Sprintf("%s up to, but not with, %s", from, releases[last+1].Version)
}

// Refusing says which open-source releases cannot connect to a database at a version
// although older and newer ones can, and why: "0.22.1 says that it takes >=0.19,<0.22".
// Empty where there are none.
func Refusing(version string) string {
	v, err := dbmigrate.ParseVersion(version)
	if err != nil {
		return ""
	}
	var gap, said []clients.Release // since the last that takes it, and those that another one follows
	taken := false
	for _, r := range clients.Releases() {
		switch {
		case !r.Takes(v):
			gap = append(gap, r)
		case taken:
			said = append(said, gap...)
			gap = nil
		default:
			taken, gap = true, nil
		}
	}
	var reasons []string
	for i := 0; i < len(said); i++ {
		names := []string{said[i].Version.String()}
		for i+1 < len(said) && said[i+1].Databases == said[i].Databases {
			i++
			names = append(names, said[i].Version.String())
		}
		reasons = append(reasons, reason(names, said[i].Databases))
	}
	return strings.Join(reasons, "; ")
}

func reason(names []string, databases string) string {
	who, one := strings.Join(names, ", "), len(names) == 1
	if last := len(names) - 1; !one {
		who = strings.Join(names[:last], ", ") + " and " + names[last]
	}
	switch {
	case databases == "" && one:
		return who + " takes databases of no other version"
	case databases == "":
		return who + " take databases of no other version"
	case one:
		return fmt.Sprintf("%s says that it takes %s", who, databases)
	}
	return fmt.Sprintf("%s say that they take %s", who, databases)
}
