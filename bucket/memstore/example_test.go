package memstore_test

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/memstore"
)

func Example() {
	ctx := context.Background()
	store := memstore.New()
	for _, key := range []string{"coco/b.txt", "coco/a.txt"} {
		src := bucket.Source{ReaderAt: strings.NewReader(key), Size: int64(len(key))}
		if _, err := store.Put(ctx, key, src, bucket.Condition{}); err != nil {
			fmt.Println(err)
			return
		}
	}
	for object, err := range store.List(ctx, "coco/") {
		fmt.Println(object.Key, object.Size, err)
	}
	r, err := store.Open(ctx, "coco/a.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = r.Close() }()
	text, err := io.ReadAll(r)
	fmt.Printf("%s %v\n", text, err)
	// Output:
	// coco/a.txt 10 <nil>
	// coco/b.txt 10 <nil>
	// coco/a.txt <nil>
}
