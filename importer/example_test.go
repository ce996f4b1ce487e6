package importer_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/importer"
)

// An export directory becomes a dataset of another name.
func ExampleRun() {
	ctx := context.Background()
	db, err := mongostore.Open(ctx, "mongodb://localhost:27017", "fiftyone", mongostore.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	src, err := dirstore.Open("coco-2017")
	if err != nil {
		fmt.Println(err)
		return
	}
	job := importer.Job{Source: src, Dir: "coco-2017", Sink: db.New("coco copy", mongostore.NewOptions{})}
	report, err := importer.Run(ctx, job, importer.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Samples, "samples")
}
