package filestore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/filestore"
)

// Keys are paths below the root; an object is a plain file, there when all of it is.
func Example() {
	root, err := os.MkdirTemp("", "filestore-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(root) }()
	store := filestore.New(root)
	src := bucket.Source{ReaderAt: strings.NewReader("meow"), Size: 4}
	object, err := store.Put(context.Background(), "coco/cat.txt", src, bucket.Condition{})
	fmt.Println(object.Size, object.Confirmed, err)
	text, err := os.ReadFile(filepath.Join(root, "coco", "cat.txt"))
	fmt.Printf("%s %v\n", text, err)
	// Output:
	// 4 true <nil>
	// meow <nil>
}
