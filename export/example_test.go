package export_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/export"
)

// A dataset of a database, with its media.
func ExampleRun() {
	ctx := context.Background()
	db, err := mongostore.Open(ctx, "mongodb://localhost:27017", "fiftyone", mongostore.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	coco, err := db.Dataset(ctx, "coco-2017")
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := export.Run(ctx, export.Job{Source: coco, Dir: "coco-2017"}, export.Options{Media: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Samples, "samples,", report.Files, "files")
}
