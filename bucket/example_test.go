package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/memstore"
)

// An object is only created where none is, and holds what was sent.
func ExampleStore() {
	ctx := context.Background()
	var store bucket.Store = memstore.New()
	put := func(text string) error {
		src := bucket.Source{ReaderAt: strings.NewReader(text), Size: int64(len(text)), ContentType: "text/plain"}
		_, err := store.Put(ctx, "coco/labels.txt", src, bucket.Condition{})
		return err
	}
	fmt.Println(put("cat, dog"))
	fmt.Println(errors.Is(put("bird"), bucket.ErrExists))

	object, err := store.Stat(ctx, "coco/labels.txt")
	fmt.Println(object.Size, err)
	_, err = store.Stat(ctx, "coco/other.txt")
	fmt.Println(errors.Is(err, bucket.ErrNotFound))
	// Output:
	// <nil>
	// true
	// 8 <nil>
	// true
}

// Stores do not retry; who calls them does.
func ExampleRetry() {
	failures := 2
	err := bucket.Retry(context.Background(), 5, func() error {
		if failures--; failures >= 0 {
			return fmt.Errorf("sending labels.txt: %w", bucket.ErrTemporary)
		}
		return nil
	})
	fmt.Println(err)
	// Output: <nil>
}

// The checksum of a whole is made of those of its parts.
func ExampleCombineCRC64NVME() {
	sum := func(text string) uint64 {
		h := bucket.NewHash(bucket.CRC64NVME)
		_, _ = h.Write([]byte(text))
		var n uint64
		for _, b := range h.Sum(nil) {
			n = n<<8 | uint64(b)
		}
		return n
	}
	whole := bucket.CombineCRC64NVME(sum("medi"), sum("alift"), int64(len("alift")))
	fmt.Println(whole == sum("medialift"))
	// Output: true
}
