package scene_test

import (
	"fmt"
	"io"
	"io/fs"
	"testing/fstest"

	"github.com/medialift/medialift/scene"
)

// A scene that is uploaded needs its mesh and what that names in turn. The mesh
// is outside the scene's directory: the uploaded copy gets another reference.
func Example() {
	disk := fstest.MapFS{
		"data/s.fo3d":  {Data: []byte(`{"children": [{"objPath": "/lib/m.obj"}, {"pcdPath": "c.pcd"}], "size": 1.50}`)},
		"lib/m.obj":    {Data: []byte("mtllib m.mtl\nv 0 0 0\n")},
		"lib/m.mtl":    {Data: []byte("newmtl m\nmap_Kd wood.png\n")},
		"data/c.pcd":   {},
		"lib/wood.png": {},
	}
	open := func(path string) (io.ReadCloser, error) { return fs.FS(disk).Open(path[1:]) }

	s, err := scene.Assets(open, "/data/s.fo3d")
	if err != nil {
		fmt.Println(err)
		return
	}
	placed, err := scene.Layout(s, "robots/s.fo3d", scene.Options{Elsewhere: "robots/assets"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range placed {
		fmt.Println(p.Path, "goes to", p.Key)
	}
	text, err := s.Rewrite(placed[0].NewRef)
	fmt.Println(string(text), err)
	// Output:
	// /data/s.fo3d goes to robots/s.fo3d
	// /data/c.pcd goes to robots/c.pcd
	// /lib/m.mtl goes to robots/assets/4826cc18c8a3f1d2/m.mtl
	// /lib/m.obj goes to robots/assets/4826cc18c8a3f1d2/m.obj
	// /lib/wood.png goes to robots/assets/4826cc18c8a3f1d2/wood.png
	// {"children": [{"objPath": "assets/4826cc18c8a3f1d2/m.obj"}, {"pcdPath": "c.pcd"}], "size": 1.50} <nil>
}
