package enterprise

import (
	"fmt"
	"strings"

	"github.com/medialift/medialift/dbmigrate"
)

// clients are the open-source releases from one version up to, but not with, the
// next, and the databases that they take: from least up to, but not with, below. An
// empty least is their own version alone. Read off the constant COMPATIBLE_VERSIONS
// of the published packages; 0.21.0, 0.22.0, 0.22.1, 0.25.x and 1.0.0 leave out
// their own version, which they take all the same.
type clients struct{ from, least, below string }

var known = []clients{
	{"0.6.2", "", ""},
	{"0.16.6", "0.16.3", "0.17"},
	{"0.17.0", "0.16.6", "0.18"},
	{"0.18.0", "0.16.6", "0.19"},
	{"0.19.0", "0.19", "0.20"},
	{"0.20.0", "0.19", "0.21"},
	{"0.21.4", "0.19", "0.22"},
	{"0.22.2", "0.19", "0.23"},
	{"0.23.0", "0.19", "0.24"},
	{"0.24.0", "0.19", "0.25"},
	{"1.0.2", "0.19", "1.1"},
	{"1.1.0", "0.19", "1.2"},
	{"1.2.0", "0.19", "1.3"},
	{"1.3.2", "0.19", "1.4"},
	{"1.4.0", "0.19", "2"},
}

// Clients says which open-source SDKs can connect to a database at a version:
// "0.20.0 up to 0.21.4, and 1.4.0 up to 2". A client takes a database at exactly its
// own version, too; that is not repeated.
func Clients(version string) (string, error) {
	v, err := dbmigrate.ParseVersion(version)
	if err != nil {
		return "", err
	}
	var spans []string
	for i := 0; i < len(known); i++ {
		if !known[i].takes(v) {
			continue
		}
		from, to := known[i].from, "2"
		for i+1 < len(known) && known[i+1].takes(v) {
			i++
		}
		if i+1 < len(known) {
			to = known[i+1].from
		}
		spans = append(spans, fmt.Sprintf("%s up to, but not with, %s", from, to))
	}
	if len(spans) == 0 {
		return "only " + v.String() + " itself", nil
	}
	return strings.Join(spans, "; "), nil
}

func (c clients) takes(v dbmigrate.Version) bool {
	return c.least != "" && dbmigrate.MustParseVersion(c.least).Compare(v) <= 0 && v.Compare(dbmigrate.MustParseVersion(c.below)) < 0
}
