package dirstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
)

// Copy an export, one file a document in the copy.
func ExampleCreate() {
	ctx := context.Background()
	work, err := os.MkdirTemp("", "dirstore-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(work) }()
	export, err := dirstore.Open("../../testdata/exports/image")
	if err != nil {
		fmt.Println(err)
		return
	}
	to := filepath.Join(work, "copy")
	w, err := dirstore.Create(to, dirstore.Options{UseDirs: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = w.Close() }() // removes what was not committed
	if err := dataset.Copy(ctx, w, export); err != nil {
		fmt.Println(err)
		return
	}
	files, err := filepath.Glob(filepath.Join(to, "samples", "*.json"))
	fmt.Println(len(files), "samples", err)
	// Output:
	// 6 samples <nil>
}
