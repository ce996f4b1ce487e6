package doctor_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/memstore"
	"github.com/medialift/medialift/doctor"
)

func ExampleExamine() {
	store := memstore.New()
	target := doctor.Target{Location: bucket.Location{Store: store, Prefix: "coco", Naming: store.Naming()}}
	findings, err := doctor.Examine(context.Background(), target, doctor.Options{})
	for _, f := range findings {
		fmt.Println(f.Status, f.Check)
	}
	fmt.Println(err)
	// Output:
	// ok bucket
	// ok list
	// ok write
	// ok checksum
	// ok overwrite
	// ok read
	// ok delete
	// <nil>
}
