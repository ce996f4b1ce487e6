// Package revisions holds the migrations of FiftyOne's databases, a file for each
// version at which they changed. What each does follows from what FiftyOne's own
// migrations leave behind; docs/migrations.md lists where this differs, and why.
package revisions

import (
	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/fit"
	"github.com/medialift/medialift/dbmigrate/values"
)

// Newest is the newest FiftyOne version whose databases are known here. Revisions beyond
// it are those of FiftyOne's development branch: raising Newest takes them in.
const Newest = "1.22.1"

// Datasets returns the revisions of datasets. Ways down end with what fits a dataset to the
// client of its new version.
func Datasets() *dbmigrate.Registry {
	return dbmigrate.NewRegistry(dbmigrate.MustParseVersion(Newest),
		v0_6_2(),
		v0_6_5(),
		v0_7_2(),
		v0_7_3(),
		v0_7_4(),
		v0_8_0(),
		v0_9_4(),
		v0_11_2(),
		v0_13_0(),
		v0_14_0(),
		v0_15_1(),
		v0_16_0(),
		v0_16_1(),
		v0_16_3(),
		v0_17_0(),
		v0_18_0(),
		v0_19_0(),
		v0_20_0(),
		v0_23_0(),
		v1_0_0(),
		v1_1_0(),
		v1_4_0(),
		v1_13_0(),
	).EndWith(fit.Documents(), values.Ending())
}

// Database returns the revisions of the database as a whole, which go over its
// document in the collection config.
func Database() *dbmigrate.Registry {
	return dbmigrate.NewRegistry(dbmigrate.MustParseVersion(Newest),
		admin0_15_0(),
		admin0_15_1(),
		admin1_23_0(),
	)
}

// revision is a Revision without conversions.
func revision(version string, up, down dbmigrate.Step) dbmigrate.Revision {
	return dbmigrate.Revision{Version: dbmigrate.MustParseVersion(version), Up: up, Down: down}
}
