package open_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/bucket/open"
)

func ExampleParse() {
	for _, url := range []string{"s3://media/coco/2017/", "gs://media", "https://acme.blob.core.windows.net/media/coco", "ftp://media/coco"} {
		target, err := open.Parse(url)
		if errors.Is(err, open.ErrScheme) {
			fmt.Println("no store for", url)
			continue
		}
		fmt.Printf("%s %q %q\n", target.Scheme, target.Bucket, target.Prefix)
	}
	// Output:
	// s3 "media" "coco/2017"
	// gs "media" ""
	// https "acme.blob.core.windows.net/media" "coco"
	// no store for ftp://media/coco
}

// A location gives each file its key, and each key the text that a dataset gets.
func ExampleOpener_Open() {
	loc, err := open.New(open.Options{}).Open(context.Background(), "mem://media/coco")
	if err != nil {
		fmt.Println(err)
		return
	}
	key := loc.Key("val/cat 1.jpg")
	fmt.Println(key)
	fmt.Println(loc.Naming.URL(key))
	// Output:
	// coco/val/cat 1.jpg
	// mem://media/coco/val/cat 1.jpg <nil>
}
