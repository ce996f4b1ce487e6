package execmap_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/execmap"
)

// A program is asked about all paths in one go.
func ExampleMap_Stream() {
	argv, err := execmap.Split("sed s,^/data/,s3://bucket/,")
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := execmap.New(argv, execmap.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	paths := func(yield func(pathmap.Path, error) bool) {
		for _, path := range []string{"/data/1.jpg", "/data/2.jpg"} {
			if !yield(pathmap.Path{Path: path}, nil) {
				return
			}
		}
	}
	for answer, err := range m.Stream(context.Background(), paths) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(answer.Path.Path, "->", answer.To)
	}
	// Output:
	// /data/1.jpg -> s3://bucket/1.jpg
	// /data/2.jpg -> s3://bucket/2.jpg
}
