package tablemap_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/tablemap"
)

func ExampleRead() {
	m, err := tablemap.Read(strings.NewReader("from,to\n/data/1.jpg,s3://bucket/a/1.jpg\n"), tablemap.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	fmt.Println(m.Map(context.Background(), pathmap.Path{Path: "/data/1.jpg"}))
	fmt.Println(m.Map(context.Background(), pathmap.Path{Path: "/data/2.jpg"}))
	// Output:
	// s3://bucket/a/1.jpg <nil>
	//  no answer for this path
}
