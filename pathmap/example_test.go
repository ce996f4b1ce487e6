package pathmap_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/medialift/medialift/pathmap"
)

// byCamera sorts files by the camera that the first part of their name gives.
type byCamera struct{ bucket string }

func (b byCamera) Map(_ context.Context, p pathmap.Path) (string, error) {
	name := p.Path[strings.LastIndex(p.Path, "/")+1:]
	camera, rest, found := strings.Cut(name, "-")
	if !found {
		return "", pathmap.ErrNoAnswer
	}
	return b.bucket + "/" + camera + "/" + rest, nil
}

// A Mapper of one's own, with a prefix for the files it leaves out.
func ExampleMapper() {
	m := pathmap.First(byCamera{"s3://bucket"}, pathmap.Prefix("/data", "s3://bucket/other"))
	for _, path := range []string{"/data/front-0001.jpg", "/data/0001.jpg", "/tmp/0001.jpg"} {
		to, err := m.Map(context.Background(), pathmap.Path{Path: path, Field: "filepath"})
		if errors.Is(err, pathmap.ErrNoAnswer) {
			to = "no answer"
		}
		fmt.Println(path, "->", to)
	}
	// Output:
	// /data/front-0001.jpg -> s3://bucket/front/0001.jpg
	// /data/0001.jpg -> s3://bucket/other/0001.jpg
	// /tmp/0001.jpg -> no answer
}

func ExamplePrefix() {
	m := pathmap.Prefix("/data", "s3://bucket/data")
	for _, path := range []string{"/data/val/1.jpg", "/database/1.jpg", "s3://bucket/data/val/1.jpg"} {
		to, err := m.Map(context.Background(), pathmap.Path{Path: path})
		fmt.Println(to, err)
	}
	// Output:
	// s3://bucket/data/val/1.jpg <nil>
	//  no answer for this path
	// s3://bucket/data/val/1.jpg <nil>
}

func ExampleParse() {
	m, err := pathmap.Parse(`regexp:^/mnt/([^/]+)/dt\=(\d+)/=s3://$1/$2/`, pathmap.Kinds())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Map(context.Background(), pathmap.Path{Path: "/mnt/fleet/dt=2024/1.jpg"}))

	_, err = pathmap.Parse("regexp:(front|rear)=$1x", pathmap.Kinds())
	fmt.Println(errors.Is(err, pathmap.ErrSpec))
	// Output:
	// s3://fleet/2024/1.jpg <nil>
	// true
}
