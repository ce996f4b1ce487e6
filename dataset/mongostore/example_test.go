package mongostore_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/dataset/mongostore"
)

// List the datasets of a database.
func ExampleOpen() {
	ctx := context.Background()
	db, err := mongostore.Open(ctx, "mongodb://localhost:27017", "fiftyone", mongostore.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	infos, err := db.Datasets(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, i := range infos {
		fmt.Println(i.Name, i.Version, i.Samples, "samples")
	}
}

// Copy an export directory into a database. FiftyOne sees the dataset when all of it
// is there.
func ExampleDatabase_New() {
	ctx := context.Background()
	export, err := dirstore.Open("./coco")
	if err != nil {
		fmt.Println(err)
		return
	}
	db, err := mongostore.Open(ctx, "mongodb://localhost:27017", "fiftyone", mongostore.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	w := db.New("coco-copy", mongostore.NewOptions{})
	defer func() { _ = w.Close() }() // removes what was not committed
	if err := dataset.Copy(ctx, w, export); err != nil {
		fmt.Println(err)
	}
}
