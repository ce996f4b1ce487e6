package savedview_test

import (
	"fmt"

	"github.com/medialift/medialift/dataset/savedview"
)

// A copy of a dataset gets views that concatenate its own samples.
func ExampleRenamed() {
	stage := `{"_cls": "fiftyone.core.stages.Concat", "kwargs": [["samples", {"dataset_id": "65a0", "stages": []}]]}`
	fmt.Println(savedview.Renamed(stage, savedview.Names{OldID: "65a0", NewID: "66b1"}))
	// Output:
	// {"_cls": "fiftyone.core.stages.Concat", "kwargs": [["samples", {"dataset_id": "66b1", "stages": []}]]}
}
