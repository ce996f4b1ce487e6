package azurestore_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/bucket/azurestore"
)

// What is written into a dataset is the https form, or an alias that FiftyOne knows.
func ExampleNew() {
	for _, alias := range []string{"", "az"} {
		store, err := azurestore.New(context.Background(), "media", azurestore.Options{
			Alias:       alias,
			Credentials: azurestore.Credentials{Account: "acme", Key: "c2VjcmV0"},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(store.Naming().URL("coco/val/1.jpg"))
	}
	// Output:
	// https://acme.blob.core.windows.net/media/coco/val/1.jpg <nil>
	// az://media/coco/val/1.jpg <nil>
}
