package clients_test

import (
	"fmt"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/clients"
)

func ExampleAt() {
	old := clients.At(dbmigrate.MustParseVersion("0.17.2"))

	config, _ := old.Class("DatasetAppConfig")
	fmt.Println(config.Name, config.Strict, config.Knows("plugins"), config.Knows("color_scheme"))

	slices, ok := old.Stage("fiftyone.core.stages.SelectGroupSlices")
	fmt.Println(ok, slices.Knows("slices"), slices.Knows("flat"))

	since, _ := old.Since("fiftyone.core.metadata.SceneMetadata")
	fmt.Println(old.MediaType("3d"), since)
	// Output:
	// fiftyone.core.odm.dataset.DatasetAppConfig true true false
	// true true false
	// false 0.24.0
}
