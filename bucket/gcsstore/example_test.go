package gcsstore_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/bucket/gcsstore"
)

// Credentials are looked for with the first request.
func ExampleNew() {
	store, err := gcsstore.New(context.Background(), "media", gcsstore.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Naming().URL("coco/val/1.jpg"))
	// Output: gs://media/coco/val/1.jpg <nil>
}
