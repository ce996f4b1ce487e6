package revisions_test

import (
	"fmt"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
)

// The revisions on the way of a dataset from one version to another.
func ExampleDatasets() {
	v := dbmigrate.MustParseVersion
	fmt.Println(revisions.Datasets().Between(v("0.18.0"), v("1.0.0")))
	fmt.Println(revisions.Datasets().Between(v("0.20.1"), v("0.19.1")))
	// Output:
	// [0.19.0 up 0.20.0 up 0.23.0 up 1.0.0 up]
	// [0.20.0 down]
}
