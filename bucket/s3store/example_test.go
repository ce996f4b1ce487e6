package s3store_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/s3store"
)

// A bucket of an S3-compatible service. Nothing is asked of it before the first call.
func ExampleNew() {
	ctx := context.Background()
	store, err := s3store.New(ctx, "media", s3store.Options{
		Endpoint: "http://localhost:9000", Region: "us-east-1",
		Attributes: bucket.Attributes{StorageClass: "STANDARD_IA"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Naming().URL("coco/val/1.jpg"))
	// Output: s3://media/coco/val/1.jpg <nil>
}
