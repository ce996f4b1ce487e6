package starmap_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/starmap"
)

func ExampleNew() {
	const program = `
def get_cloud_path(filepath: str):
    if not filepath.startswith("/data/"):
        return None
    return "s3://bucket/" + filepath[len("/data/"):]
`
	m, err := starmap.New("cloud_path.py", []byte(program), starmap.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"/data/val/1.jpg", "/mnt/1.jpg"} {
		to, err := m.Map(context.Background(), pathmap.Path{Path: path})
		if errors.Is(err, pathmap.ErrNoAnswer) {
			to = "no answer"
		}
		fmt.Println(path, "->", to)
	}
	// Output:
	// /data/val/1.jpg -> s3://bucket/val/1.jpg
	// /mnt/1.jpg -> no answer
}
