package survey_test

import (
	"context"
	"fmt"
	"os"

	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/internal/testexport"
	"github.com/medialift/medialift/survey"
)

// What media does a dataset name, and are they there?
func ExampleSurvey() {
	work, err := os.MkdirTemp("", "survey-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(work) }()
	made, err := testexport.CopyTo(work, "video") // an export that FiftyOne wrote
	if err != nil {
		fmt.Println(err)
		return
	}
	export, err := dirstore.Open(made.Dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := survey.Survey(context.Background(), export, survey.Options{Dir: made.Dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range report.Fields {
		fmt.Println(f.Name, f.Values, "paths,", f.Missing, "missing")
	}
	// Output:
	// filepath 3 paths, 0 missing
	// poster 3 paths, 0 missing
	// frames.filepath 7 paths, 0 missing
	// frames.segmentation 7 paths, 0 missing
	// frames.cars.detections 2 paths, 0 missing
}
