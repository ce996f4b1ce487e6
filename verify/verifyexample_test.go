package verify_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/internal/testexport"
	"github.com/medialift/medialift/verify"
)

// Does every path name something? Without a ledger, files are compared by the size
// that the sample's metadata says.
func ExampleVerify() {
	work, err := os.MkdirTemp("", "verify-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(work) }()
	made, err := testexport.CopyTo(work, "image") // an export that FiftyOne wrote
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := os.Remove(filepath.Join(made.Dir, "data", "000001.png")); err != nil {
		fmt.Println(err)
		return
	}
	export, err := dirstore.Open(made.Dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := verify.Verify(context.Background(), verify.Job{
		Dataset: export, Dir: made.Dir, Open: open.New(open.Options{}).Open,
	}, verify.Options{Fields: []string{"filepath"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Total.Size, "by size,", report.Total.Existence, "by existence,", report.Wrong(), "wrong")
	for _, p := range report.Problems {
		fmt.Println(p.Kind, p.Field, p.Path)
	}
	// Output:
	// 5 by size, 0 by existence, 1 wrong
	// missing filepath data/000001.png
}
