// Package scenetest lays out 3D scenes for tests, and compares scenes with
// copies of them.
package scenetest

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/scene"
)

// Same compares a scene with a copy of it, and everything that they need: each
// reference of the one must lead to the same bytes as that of the other, and
// files that name others must be equal but for the references. In the copy all
// references must be relative. It returns the files that the copy needs, by path.
func Same(t testing.TB, local, sent string) map[string]bool {
	t.Helper()
	c := comparer{t, map[string]bool{}}
	c.same(local, sent, scene.Document)
	return c.seen
}

type comparer struct {
	testing.TB
	seen map[string]bool
}

func (c comparer) same(local, sent string, kind scene.Kind) {
	c.Helper()
	want, wantText := c.read(local, kind)
	got, gotText := c.read(sent, kind)
	if !bytes.Equal(wantText, gotText) {
		c.Errorf("%q and its copy %q differ by more than references", local, sent)
		return
	}
	for i, a := range got {
		if a.Absolute {
			c.Errorf("the copy %q names %q", sent, a.Ref)
			continue
		}
		if c.seen[a.Path] {
			continue
		}
		c.seen[a.Path] = true
		c.same(want[i].Path, a.Path, a.Kind)
	}
}

// read returns the references of a file, and its bytes with others in their
// place.
func (c comparer) read(path string, kind scene.Kind) ([]scene.Asset, []byte) {
	c.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		c.Errorf("a reference leads nowhere: %v", err)
		return nil, nil
	}
	var list []scene.Asset
	var out bytes.Buffer
	err = scene.RewriteFile(&out, bytes.NewReader(text), path, kind, func(a scene.Asset) (string, bool) {
		list = append(list, a)
		return "x.mtl", true
	})
	if err != nil {
		c.Error(err)
	}
	return list, out.Bytes()
}

// Lay writes two scenes, dir/a/s.fo3d and dir/b/s.fo3d, with assets of all
// kinds below dir and in outside, some of which both scenes need. It returns the
// scenes' paths.
func Lay(t testing.TB, dir, outside string) []string {
	t.Helper()
	files := map[string]string{
		"DIR/a/s.fo3d": `{"_type": "Scene", "size": 1.50, "children": [
			{"name": "mesh", "objPath": "mesh/m.obj", "mtlPath": "mesh/m.mtl", "children": [{"name": "deep", "gltfPath": "DIR/g/g.gltf"}]},
			{"pcdPath": "DIR/a/cloud.pcd"}, {"plyPath": "../shared/p.ply"}, {"stlPath": "OUT/lib/part one.stl"}, {"fbxPath": "f.fbx"},
			{"splatPath": "s.splat"}, {"objPath": "OUT/lib/m.obj"}, {"plyPath": "s3://elsewhere/p.ply"}],
			"background": {"image": "OUT/sky/é#.png", "cube": ["c/0.png", "c/1.png", "c/2.png", "OUT/sky/3.png", "c/4.png", "c/5.png"]}}`,
		"DIR/a/mesh/m.obj": "# m\nmtllib m.mtl\nv 0 0 0\n",
		"DIR/a/mesh/m.mtl": "newmtl m\nmap_Kd -s 1 1 1 wood.png\nmap_bump DIR/shared/bump.png\nmap_Ks OUT/lib/gloss.png\n",
		"DIR/g/g.gltf":     `{"asset": {"version": "2.0"}, "buffers": [{"uri": "g%20.bin"}, {"uri": "data:,"}], "images": [{"uri": "tex/i.png"}, {"uri": "../shared/bump.png"}]}`,
		"DIR/b/s.fo3d":     `{"children": [{"objPath": "OUT/lib/m.obj"}, {"pcdPath": "../a/cloud.pcd"}, {"gltfPath": "../g/g.gltf"}], "background": null}`,
		"OUT/lib/m.obj":    "mtllib m.mtl\r\nv 1 1 1\r\n",
		"OUT/lib/m.mtl":    "newmtl l\r\nmap_Kd DIR/shared/bump.png\r\n",
	}
	for _, opaque := range []string{
		"DIR/a/cloud.pcd", "DIR/shared/p.ply", "OUT/lib/part one.stl", "DIR/a/f.fbx", "DIR/a/s.splat", "OUT/sky/é#.png",
		"DIR/a/c/0.png", "DIR/a/c/1.png", "DIR/a/c/2.png", "OUT/sky/3.png", "DIR/a/c/4.png", "DIR/a/c/5.png", "DIR/a/mesh/wood.png",
		"DIR/shared/bump.png", "OUT/lib/gloss.png", "DIR/g/g .bin", "DIR/g/tex/i.png",
	} {
		files[opaque] = "the bytes of " + opaque[len("DIR"):]
	}
	places := strings.NewReplacer("DIR", filepath.ToSlash(dir), "OUT", filepath.ToSlash(outside))
	for name, text := range files {
		Write(t, places.Replace(name), places.Replace(text))
	}
	return []string{filepath.Join(dir, "a", "s.fo3d"), filepath.Join(dir, "b", "s.fo3d")}
}

// LaidAssets is how many files the scenes of Lay need, and LaidShared how many
// of them both do.
const (
	LaidAssets = 22
	LaidShared = 7
)

// Write writes a file and makes its directory.
func Write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
