package dataset_test

import (
	"context"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
)

// The media fields of a dataset, and the values of one sample.
func ExampleFinder() {
	ctx := context.Background()
	export, err := dirstore.Open("../testdata/exports/image")
	if err != nil {
		fmt.Println(err)
		return
	}
	manifest, err := export.Manifest(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	finder, err := dataset.NewFinder(manifest, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Join(finder.Names(), " "))
	for doc, err := range export.Documents(ctx, dataset.Samples) {
		if err != nil {
			fmt.Println(err)
			return
		}
		values, err := finder.Find(dataset.Samples, doc)
		for _, v := range values {
			fmt.Println(v.Field, v.At, v.Value)
		}
		fmt.Println(err)
		break // the others are like it
	}
	// Output:
	// filepath thumbnail ground_truth.detections predictions.detections best segmentation heatmap
	// filepath /filepath data/000001.png
	// thumbnail /thumbnail fields/thumbnail/000000.png
	// ground_truth.detections /ground_truth/detections/1/mask_path fields/ground_truth.detections/000000_1.png
	// ground_truth.detections /ground_truth/detections/2/mask_path fields/ground_truth.detections/000000_2.png
	// best /best/mask_path fields/best/000000.png
	// segmentation /segmentation/mask_path fields/segmentation/000000.png
	// heatmap /heatmap/map_path fields/heatmap/000000.png
	// <nil>
}

// Only the strings that are named change; all other bytes stay.
func ExampleReplace() {
	doc, err := bson.Marshal(bson.D{{Key: "filepath", Value: "/data/1.jpg"}, {Key: "note", Value: "/data/1.jpg"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	moved, err := dataset.Replace(doc, []dataset.Set{{At: "/filepath", Old: "/data/1.jpg", New: "s3://media/1.jpg"}})
	fmt.Println(moved, err)

	_, err = dataset.Replace(moved, []dataset.Set{{At: "/filepath", Old: "/data/2.jpg", New: "s3://media/2.jpg"}})
	fmt.Println(err)
	// Output:
	// {"filepath": "s3://media/1.jpg","note": "/data/1.jpg"} <nil>
	// dataset changed while it was read: "/filepath" is "s3://media/1.jpg", not "/data/2.jpg"
}
