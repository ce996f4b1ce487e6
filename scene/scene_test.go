package scene

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files opens what is in a map, and knows no other file.
func files(content map[string]string) Opener {
	return func(path string) (io.ReadCloser, error) {
		text, ok := content[path]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return io.NopCloser(strings.NewReader(text)), nil
	}
}

func find(t *testing.T, content map[string]string, path string) *Scene {
	t.Helper()
	s, err := Assets(files(content), path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mesh(key, ref string) string { return `{"children": [{"` + key + `": "` + ref + `"}]}` }

// references are "name ref path" of each asset named in a file.
func references(s *Scene, in string) []string {
	var out []string
	for _, a := range s.Assets {
		if a.In == in {
			out = append(out, a.Name+" "+a.Ref+" "+a.Path)
		}
	}
	return out
}

func TestAssetsOfScene(t *testing.T) {
	const text = `{"_type":"Scene","objPath":"top.obj","children":[
		{"pcdPath":"a.pcd","children":[{"plyPath":"../b.ply","children":[{"splatPath":"\u00e9 \"c.splat"}]}]},
		{"objPath":"d.obj","mtlPath":null,"preTransformedObjPath":"/no.obj","defaultMaterial":{"pcdPath":"no"}},
		{"fbxPath":"/abs/./e.fbx"},{"stlPath":"s3://b/f.stl"},{"gltfPath":"","stlPath":"data:x"},
		{"fbxPath":"C:\\m\\g.fbx"},{"pcdPath":{"children":[{"pcdPath":"no"}]}},
		{"pcdPath":"a.pcd"},{"pcdPath":"x\udcff.pcd"}],
		"camera":{"fov":NaN,"near":-Infinity,"far":1.50e+3,"image":"no"},
		"background":{"image":"sky.png","cube":["0.png","1.png","2.png",null,"4.png","5.png"],"color":"#fff"}}`
	s := find(t, map[string]string{"/d/s/x.fo3d": text}, "/d/s/x.fo3d")
	want := []string{
		"children[0].pcdPath a.pcd /d/s/a.pcd",
		"children[0].children[0].plyPath ../b.ply /d/b.ply",
		"children[0].children[0].children[0].splatPath é \"c.splat /d/s/é \"c.splat",
		"children[1].objPath d.obj /d/s/d.obj",
		"children[2].fbxPath /abs/./e.fbx /abs/e.fbx",
		"children[5].fbxPath C:\\m\\g.fbx C:\\m\\g.fbx",
		"children[8].pcdPath x\xff.pcd /d/s/x\xff.pcd",
		"background.image sky.png /d/s/sky.png",
		"background.cube[0] 0.png /d/s/0.png",
		"background.cube[1] 1.png /d/s/1.png",
		"background.cube[2] 2.png /d/s/2.png",
		"background.cube[4] 4.png /d/s/4.png",
		"background.cube[5] 5.png /d/s/5.png",
	}
	if got := references(s, s.Path); !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	for _, a := range s.Assets {
		if text[a.At] != '"' || a.Name == "background.image" && !strings.HasPrefix(text[a.At:], `"sky.png"`) {
			t.Errorf("%s: at %d is %.10q", a.Name, a.At, text[a.At:])
		}
		if wantAbs := a.Name == "children[2].fbxPath" || a.Name == "children[5].fbxPath"; a.Absolute != wantAbs {
			t.Errorf("%s: absolute %t", a.Name, a.Absolute)
		}
	}
	if len(s.Unread) != 1 || s.Unread[0].Path != "/d/s/d.obj" || !errors.Is(s.Unread[0].Err, fs.ErrNotExist) {
		t.Errorf("unread %v", s.Unread)
	}
}

func TestAssetsOfFiles(t *testing.T) {
	tests := []struct {
		name, key, ref, text string
		want                 []string
	}{
		{"mtllib", "objPath", "m.obj", "\ufeffmtllib a.mtl\nv 0 0 0\r\n  mtllib\tb c.mtl  d.MTL \r\nmtllib e f\nusemtl g.mtl\n#mtllib no\nmtllib\n mtllibx y\nmtllib z.mtl",
			[]string{"mtllib a.mtl /d/a.mtl", "mtllib b c.mtl /d/b c.mtl", "mtllib d.MTL /d/d.MTL", "mtllib e f /d/e f", "mtllib z.mtl /d/z.mtl"}},
		{"maps", "mtlPath", "m.mtl", "newmtl m\nKd 1 1 1\nmap_Kd a b.png \n\tMAP_BUMP -bm 0.2 -s 1 -o 1 2 3 -t 1 2 3 4.png\r\nmap_aat on\n" +
			"bump ../c.png\nrefl -type sphere -mm 0 1 -clamp on d.png\nnorm n.png\ndisp -texres 512 -imfchan l nan\nmap_Ks\nmap_Kd -clamp on\nmap_Ka -s 1 1 1\n" +
			"map_Pr -x y.png\ndecal http://h/x.png\nmap_d /t/\xe9.png\n# map_Kd no\nmap_Kd a b.png",
			[]string{"map_Kd a b.png /d/a b.png", "MAP_BUMP 4.png /d/4.png", "bump ../c.png /c.png", "refl d.png /d/d.png", "norm n.png /d/n.png",
				"disp nan /d/nan", "map_Pr -x y.png /d/-x y.png", "map_d /t/\xe9.png /t/\xe9.png"}},
		{"gltf", "gltfPath", "m.gltf", `{"buffers":[{"uri":"a%20b.bin"},{"uri":"data:;base64,` + strings.Repeat("A", 100000) + `"},{"byteLength":1}],` +
			`"images":[{"uri":"t/é%2F100%.png","name":"uri"},{"uri":"https://h/x.png"}],"nodes":[{"uri":"no"}],"extras":{"images":[{"uri":"no"}]}}`,
			[]string{"buffers[0].uri a%20b.bin /d/a b.bin", "images[0].uri t/é%2F100%.png /d/t/é/100%.png"}},
		{"gltf 1.0", "gltfPath", "m.gltf", `{"shaders":{"s":{"uri":"s.glsl"}}}`, []string{"shaders.s.uri s.glsl /d/s.glsl"}},
		{"glb", "gltfPath", "m.glb", glb(`{"images":[{"uri":"x.png"}]}`, "BINARY"), []string{"images[0].uri x.png /d/x.png"}},
		{"opaque", "pcdPath", "m.obj", "mtllib a.mtl\n", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := find(t, map[string]string{"/d/s.fo3d": mesh(test.key, test.ref), "/d/" + test.ref: test.text}, "/d/s.fo3d")
			if got := references(s, "/d/"+test.ref); !slices.Equal(got, test.want) {
				t.Errorf("got\n%q, want\n%q", got, test.want)
			}
			for _, a := range s.Assets {
				if a.In != s.Path && !strings.HasPrefix(test.text[a.At:], a.Ref) && !strings.HasPrefix(test.text[a.At:], `"`+a.Ref) {
					t.Errorf("%q is not at %d", a.Ref, a.At)
				}
			}
			for _, u := range s.Unread {
				if !errors.Is(u.Err, fs.ErrNotExist) {
					t.Error(u.Err)
				}
			}
		})
	}
}

// glb puts JSON and a binary chunk into one file.
func glb(text, binary string) string {
	for len(text)%4 != 0 {
		text += " "
	}
	number := func(n int) string { return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}) }
	rest := number(len(binary)) + "BIN\x00" + binary
	return "glTF" + number(2) + number(20+len(text)+len(rest)) + number(len(text)) + "JSON" + text + rest
}

func TestAssetsFollow(t *testing.T) {
	s := find(t, map[string]string{
		"/d/s.fo3d":    `{"children":[{"objPath":"o/m.obj","mtlPath":"o/m.mtl"},{"gltfPath":"g.gltf"},{"objPath":"s.fo3d"},{"mtlPath":"o/m.obj"}]}`,
		"/d/o/m.obj":   "mtllib m.mtl\nmtllib m.obj\n",
		"/d/o/m.mtl":   "map_Kd t\\a.png\nmap_Ka t\\none.png\nmap_Ks u\\b.png\n",
		"/d/g.gltf":    `{"images":[{"uri":"g.gltf"}]}`,
		"/d/o/t/a.png": "", "/d/o/u\\b.png": "", "/d/o/u/b.png": "",
	}, "/d/s.fo3d")
	want := []string{"/d/g.gltf", "/d/o/m.mtl", "/d/o/m.obj", "/d/o/t/a.png", "/d/o/t\\none.png", "/d/o/u\\b.png", "/d/s.fo3d"}
	if got := s.Files(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	kinds := map[string]Kind{"/d/g.gltf": GLTF, "/d/o/m.mtl": MTL, "/d/o/m.obj": OBJ, "/d/s.fo3d": Document}
	for _, a := range s.Assets {
		if a.Kind != kinds[a.Path] {
			t.Errorf("%s is of kind %q", a.Path, a.Kind)
		}
	}
}

func TestAssetsBroken(t *testing.T) {
	tests := []struct {
		text   string
		offset int64
	}{
		{``, 0}, {`[]`, 0}, {`"x"`, 0}, {`{`, 1}, {`{"a"`, 4}, {`{"a" 1}`, 5}, {`{"a":}`, 5}, {`{"a":1,}`, 7}, {`{"a":[1,]}`, 8},
		{`{"a":01}`, 5}, {`{"a":nan}`, 5}, {`{"a":1}x`, 7}, {`{"a":"\x"}`, 7}, {`{"a":"\u12g4"}`, 10}, {"{\"a\":\"\n\"}", 6},
		{`{"a":"b`, 7}, {`{a:1}`, 1}, {`{"a":[1 2]}`, 8}, {`{"a":+1}`, 5}, {"\xef\xbb\xbf{]", 4}, {`{"a":tru`, 5},
	}
	for _, test := range tests {
		_, err := Assets(files(map[string]string{"/d/s.fo3d": test.text}), "/d/s.fo3d")
		var bad *SyntaxError
		if !errors.As(err, &bad) || bad.Offset != test.offset || bad.Path != "/d/s.fo3d" {
			t.Errorf("%q: %v, want offset %d", test.text, err, test.offset)
		}
	}
	for _, ok := range []string{"\xef\xbb\xbf {} ", `{"a":[],"b":{}}`, `{"a":"` + strings.Repeat(`\u00e9`, 50000) + `"}`} {
		if _, err := Assets(files(map[string]string{"s": ok}), "s"); err != nil {
			t.Error(err)
		}
	}
	if _, err := Assets(files(nil), "s"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestAssetsLimits(t *testing.T) {
	deep := func(n int) string {
		return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	if _, err := Assets(files(map[string]string{"s": deep(maxDepth - 1)}), "s"); err != nil {
		t.Error(err)
	}
	if _, err := Assets(files(map[string]string{"s": deep(maxDepth)}), "s"); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	large := func(string) (io.ReadCloser, error) { return io.NopCloser(endless('[')), nil }
	if _, err := Assets(large, "s"); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	var mtl strings.Builder
	for i := range maxAssets {
		fmt.Fprintf(&mtl, "map_Kd %d.png\n", i)
	}
	if _, err := Assets(files(map[string]string{"s": mesh("mtlPath", "m"), "m": mtl.String()}), "s"); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	broken := map[string]string{"no object": "[]", "glb end": "glTF\x02", "glb version": "glTF\x01" + strings.Repeat("\x00", 20),
		"glb chunk": "glTF\x02" + strings.Repeat("\x00", 20), "glb short": glb(`{}`, "")[:22], "cut": `{"images":[{"uri":"x"},`}
	for name, text := range broken {
		s := find(t, map[string]string{"s": mesh("gltfPath", "g"), "g": text}, "s")
		var bad *SyntaxError
		if len(s.Unread) != 1 || !errors.As(s.Unread[0].Err, &bad) || len(s.Assets) != 1 {
			t.Errorf("%s: unread %v, assets %v", name, s.Unread, s.Assets)
		}
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// A line without end is passed over in a buffer's memory, unless it names files.
func TestLongLines(t *testing.T) {
	long := "v " + strings.Repeat("mtllib no.mtl ", 20000) + "\nmtllib a.mtl\n" + strings.Repeat("x", maxLine) + "\nmtllib b.mtl"
	s := find(t, map[string]string{"s": mesh("objPath", "o"), "o": long}, "s")
	if got, want := references(s, "o"), []string{"mtllib a.mtl a.mtl", "mtllib b.mtl b.mtl"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	var out bytes.Buffer
	err := RewriteFile(&out, strings.NewReader(long), "o", OBJ, func(a Asset) (string, bool) { return "../" + a.Ref, true })
	want := strings.NewReplacer("\nmtllib a", "\nmtllib ../a", "\nmtllib b", "\nmtllib ../b").Replace(long)
	if err != nil || out.String() != want {
		t.Errorf("rewritten: %v", err)
	}
	s = find(t, map[string]string{"s": mesh("objPath", "o"), "o": "mtllib " + strings.Repeat("x", maxLine)}, "s")
	if len(s.Unread) != 1 {
		t.Errorf("unread %v", s.Unread)
	}
}

// The scenes that real FiftyOne wrote, and their export.
func TestAssetsReal(t *testing.T) {
	tests := []struct {
		scene   string
		want    []string
		missing bool
	}{
		{"media/groups/scenes/000000/scene.fo3d", []string{"cloud.pcd", "mesh.mtl", "mesh.obj", "texture.png"}, false},
		{"media/groups/scenes/000001/scene.fo3d", []string{"cloud.pcd", "mesh.mtl", "mesh.obj", "texture.png"}, false},
		{"exports/group/data/scene.fo3d", []string{"cloud.pcd", "mesh.mtl", "mesh.obj", "texture.png"}, true},
		// mesh.mtl is that of the other scene: FiftyOne renames, but not inside an .obj.
		{"exports/group/data/scene-2.fo3d", []string{"cloud-2.pcd", "mesh-2.mtl", "mesh-2.obj", "mesh.mtl", "texture.png"}, true},
	}
	for _, test := range tests {
		path := filepath.Join("..", "testdata", filepath.FromSlash(test.scene))
		s, err := Assets(func(p string) (io.ReadCloser, error) { return os.Open(p) }, path)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range s.Files() {
			got = append(got, filepath.Base(f))
			_, err := os.Stat(f)
			if missing := err != nil; missing != (test.missing && filepath.Base(f) == "texture.png") {
				t.Errorf("%s: %v", f, err)
			}
		}
		if !slices.Equal(got, test.want) || len(s.Unread) != 0 {
			t.Errorf("%s: got %q, want %q, unread %v", test.scene, got, test.want, s.Unread)
		}
		placed, err := Layout(s, "x/"+test.scene, Options{Elsewhere: "x/assets"})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range placed {
			if len(p.Refs) != 0 || filepath.Dir(p.Key) != filepath.Dir("x/"+test.scene) {
				t.Errorf("%+v is not beside the scene", p)
			}
		}
	}
}
