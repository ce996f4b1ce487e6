package scene

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func layOut(t *testing.T, s *Scene, key string, opts Options) map[string]Placed {
	t.Helper()
	placed, err := Layout(s, key, opts)
	if err != nil {
		t.Fatal(err)
	}
	if placed[0].Path != s.Path || placed[0].Key != key {
		t.Errorf("first is %+v", placed[0])
	}
	shuffled := *s
	shuffled.Assets = slices.Clone(s.Assets)
	rand.Shuffle(len(shuffled.Assets), func(i, j int) {
		shuffled.Assets[i], shuffled.Assets[j] = shuffled.Assets[j], shuffled.Assets[i]
	})
	if again, err := Layout(&shuffled, key, opts); err != nil || !reflect.DeepEqual(again, placed) {
		t.Errorf("in another order: %v, %v; was %v", again, err, placed)
	}
	out := map[string]Placed{}
	for _, p := range placed {
		out[p.Path] = p
	}
	return out
}

// tree maps the paths below /data to keys below "x".
func tree(p string) (string, bool) {
	rel, ok := strings.CutPrefix(p, "/data/")
	return "x/" + rel, ok
}

func TestLayout(t *testing.T) {
	content := map[string]string{
		"/data/a/s.fo3d":  `{"children":[{"objPath":"m/m.obj"},{"pcdPath":"/data/a/abs.pcd"},{"plyPath":"../b/p.ply"},{"gltfPath":"/lib/g.gltf"},{"stlPath":"/lib/é x.stl"}]}`,
		"/data/a/m/m.obj": "mtllib m.mtl /lib/l.mtl\n",
		"/data/a/m/m.mtl": "map_Kd ../t.png\nmap_Ks /data/a/m/-s.png\n",
		"/lib/l.mtl":      "map_Kd l.png\n",
		"/lib/g.gltf":     `{"buffers":[{"uri":"g%20.bin"}],"images":[{"uri":"../data/a/ü#.png"},{"uri":"tex/i.png"}]}`,
	}
	s := find(t, content, "/data/a/s.fo3d")
	lib, tex := Apart("x/assets", "/lib/"), Apart("x/assets", "/lib/tex/i.png")
	lib = path.Dir(lib)
	want := map[string]Placed{
		"/data/a/s.fo3d": {Key: "x/a/s.fo3d", Kind: Document, Refs: map[string]string{
			"/data/a/abs.pcd": "abs.pcd", "/lib/g.gltf": "../" + lib[2:] + "/g.gltf", "/lib/é x.stl": "../" + lib[2:] + "/é x.stl"}},
		"/data/a/m/m.obj":  {Key: "x/a/m/m.obj", Kind: OBJ, Refs: map[string]string{"/lib/l.mtl": "../../" + lib[2:] + "/l.mtl"}},
		"/data/a/m/m.mtl":  {Key: "x/a/m/m.mtl", Kind: MTL, Refs: map[string]string{"/data/a/m/-s.png": "./-s.png"}},
		"/data/a/abs.pcd":  {Key: "x/a/abs.pcd"},
		"/data/a/t.png":    {Key: "x/a/t.png"},
		"/data/a/m/-s.png": {Key: "x/a/m/-s.png"},
		"/data/a/ü#.png":   {Key: "x/a/ü#.png"},
		"/data/b/p.ply":    {Key: "x/b/p.ply"},
		"/lib/é x.stl":     {Key: lib + "/é x.stl"},
		"/lib/l.mtl":       {Key: lib + "/l.mtl", Kind: MTL},
		"/lib/l.png":       {Key: lib + "/l.png"},
		"/lib/g .bin":      {Key: lib + "/g .bin"},
		"/lib/tex/i.png":   {Key: tex},
		"/lib/g.gltf": {Key: lib + "/g.gltf", Kind: GLTF, Refs: map[string]string{
			"../data/a/ü#.png": "../../a/ü%23.png", "tex/i.png": "../" + path.Base(path.Dir(tex)) + "/i.png"}},
	}
	got := layOut(t, s, "x/a/s.fo3d", Options{Place: tree, Elsewhere: "x/assets"})
	for _, p := range slices.Sorted(maps.Keys(got)) {
		w := want[p]
		if w.Path = p; !reflect.DeepEqual(got[p], w) {
			t.Errorf("got\n%+v, want\n%+v", got[p], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	checkRewritten(t, content, got)
	checkRewritten(t, content, layOut(t, s, "flat.fo3d", Options{}))
	checkRewritten(t, content, layOut(t, s, "flat.fo3d", Options{Place: func(p string) (string, bool) { return Apart("all", p), true }}))
}

// checkRewritten sees that each reference in the files as they are sent names
// the key of the file that it named.
func checkRewritten(t *testing.T, content map[string]string, placed map[string]Placed) {
	t.Helper()
	for p, text := range content {
		in, ok := placed[p]
		if !ok {
			continue
		}
		var keys []string
		var sent bytes.Buffer
		err := RewriteFile(&sent, strings.NewReader(text), p, in.Kind, func(a Asset) (string, bool) {
			keys = append(keys, placed[a.Path].Key)
			return in.NewRef(a)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rewrite(sent.String(), in.Kind, func(a Asset) (string, bool) {
			if key, ok := Resolve(in.Kind, in.Key, a.Ref); !ok || key != keys[0] {
				t.Errorf("in %q, now %q: %q names %q, want %q", p, in.Key, a.Ref, key, keys[0])
			}
			keys = keys[1:]
			return "", false
		}); err != nil || len(keys) != 0 {
			t.Errorf("%q: %d references are gone, %v", p, len(keys), err)
		}
	}
}

// Two scenes share what they have in common, wherever their own keys are.
func TestLayoutShared(t *testing.T) {
	content := map[string]string{
		"/data/a/s.fo3d":     mesh("objPath", "../shared/m.obj"),
		"/data/b/c/s.fo3d":   mesh("objPath", "/data/shared/m.obj"),
		"/data/shared/m.obj": "mtllib m.mtl\n",
		"/data/shared/m.mtl": "map_Kd /t/t.png\nmap_Ks ../b/s.png\n",
	}
	for name, opts := range map[string]Options{
		"tree":  {Place: tree, Elsewhere: "x/assets"},
		"apart": {Place: func(p string) (string, bool) { return Apart("x/assets", p), true }},
	} {
		a := layOut(t, find(t, content, "/data/a/s.fo3d"), "x/a/s.fo3d", opts)
		b := layOut(t, find(t, content, "/data/b/c/s.fo3d"), "x/b/c/s.fo3d", opts)
		delete(a, "/data/a/s.fo3d")
		delete(b, "/data/b/c/s.fo3d")
		if !reflect.DeepEqual(a, b) || len(a) != 4 {
			t.Errorf("%s: %+v and %+v", name, a, b)
		}
	}
}

func TestLayoutErrors(t *testing.T) {
	s := find(t, map[string]string{"/d/s.fo3d": `{"children":[{"pcdPath":"a"},{"pcdPath":"b"},{"mtlPath":"m"}]}`, "/d/m": "map_Kd /x/y\n"}, "/d/s.fo3d")
	for _, key := range []string{"", "/a", "a/", "a//b", "a/../b", ".", "..", "../a"} {
		if _, err := Layout(s, key, Options{}); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", key, err)
		}
		if _, err := Layout(s, "s", Options{Place: func(string) (string, bool) { return key, true }}); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if _, err := Layout(s, "s", Options{Place: func(string) (string, bool) { return "one", true }}); !errors.Is(err, ErrShared) {
		t.Error(err)
	}
	gap := func(p string) (string, bool) { return p[1:] + " ", true }
	if _, err := Layout(s, "s", Options{Place: gap}); !errors.Is(err, ErrUnwritable) {
		t.Error(err)
	}
}

// A file that is taken from the assets is not sent, and what names it stays.
func TestLayoutWithout(t *testing.T) {
	s := find(t, map[string]string{"/d/s.fo3d": `{"children":[{"pcdPath":"/gone"},{"mtlPath":"/m"}]}`, "/m": "map_Kd t\n"}, "/d/s.fo3d")
	s.Assets = slices.DeleteFunc(s.Assets, func(a Asset) bool { return a.Path == "/gone" || a.Path == "/m" })
	got := layOut(t, s, "s", Options{})
	if len(got["/d/s.fo3d"].Refs) != 0 || len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestResolve(t *testing.T) {
	tests := []struct {
		kind      Kind
		file, ref string
		key       string
	}{
		{Document, "x/s", "a", "x/a"}, {Document, "x/s", "../a", "a"}, {Document, "x/s", "../../a", ""}, {Document, "x/s", "..", ""},
		{Document, "x/s", "/a", ""}, {Document, "x/s", "s3://a", ""}, {Document, "x/s", `C:\a`, ""}, {Document, "x/s", "", ""},
		{Document, "x/s", "a%20b", "x/a%20b"}, {GLTF, "x/s", "a%20b", "x/a b"}, {GLTF, "x/s", "%2fa", ""}, {MTL, "s", "data:,", ""},
	}
	for _, test := range tests {
		if key, ok := Resolve(test.kind, test.file, test.ref); ok != (test.key != "") || ok && key != test.key {
			t.Errorf("%s, %q, %q: %q, %t", test.kind, test.file, test.ref, key, ok)
		}
	}
}

func TestApart(t *testing.T) {
	if a, b := Apart("p", "/a/b/x.obj"), Apart("p", "/a/b/x.mtl"); path.Dir(a) != path.Dir(b) || a == b {
		t.Error(a, b)
	}
	if a, b := Apart("p", "/a/b/x.obj"), Apart("p", "/a/c/x.obj"); a == b || path.Base(a) != path.Base(b) {
		t.Error(a, b)
	}
	if got := Apart("", `C:\m\x.obj`); path.Base(got) != "x.obj" || !isKey(got) {
		t.Error(got)
	}
}

// Whatever names scenes and keys have, what is sent resolves.
func FuzzLayout(f *testing.F) {
	f.Add("a.obj", "m.mtl", "t x.png", "g%20.gltf", "i.bin", "x/a/s.fo3d", "x/assets", uint8(1))
	f.Add("../a.obj", "/m.mtl", `C:\t.png`, "../d/./g", "/é#.bin", "s", "", uint8(2))
	f.Add("-s", "c:/m", `t\u`, "data:", "a:b", "c:/x/-s 1/s", "p:q", uint8(0))
	f.Fuzz(func(t *testing.T, obj, mtl, texture, gltf, uri, key, elsewhere string, mode uint8) {
		node := func(key, ref string) string { return `{"` + key + `":` + string(quote(ref)) + `}` }
		const home = "/d/e/s.fo3d"
		content := map[string]string{home: `{"children":[` + node("objPath", obj) + `,` + node("gltfPath", gltf) + `]}`}
		at := func(in, ref string) string { p, _ := resolve(in, ref); return p }
		add := func(in, ref, text string) string {
			p := at(in, ref)
			if _, taken := content[p]; !taken {
				content[p] = text
			}
			return p
		}
		objAt := add(home, obj, "mtllib "+mtl+"\n")
		add(objAt, mtl, "map_Kd "+texture+"\n")
		add(home, gltf, `{"buffers":[{"uri":`+string(quote(uri))+`}]}`)
		s, err := Assets(files(content), home)
		if err != nil {
			t.Fatal(err)
		}
		opts := Options{Elsewhere: elsewhere}
		switch mode % 3 {
		case 1:
			opts.Place = func(p string) (string, bool) { return strings.CutPrefix(p, "/d/") }
		case 2:
			opts.Place = func(p string) (string, bool) { return Apart(elsewhere, p), true }
		}
		if _, err := Layout(s, key, opts); err != nil {
			return
		}
		checkFuzzed(t, content, s, layOut(t, s, key, opts))
	})
}

func checkFuzzed(t *testing.T, content map[string]string, s *Scene, placed map[string]Placed) {
	for in, text := range content {
		p, ok := placed[in]
		if !ok {
			continue
		}
		keys := []string{}
		keyOf := func(ref string) string {
			for _, a := range s.Assets {
				if a.In == in && a.Ref == ref {
					return placed[a.Path].Key
				}
			}
			return ""
		}
		var sent bytes.Buffer
		if RewriteFile(&sent, strings.NewReader(text), in, p.Kind, func(a Asset) (string, bool) {
			keys = append(keys, keyOf(a.Ref))
			return p.NewRef(a)
		}) != nil {
			continue // broken, or a line that cannot hold all its names
		}
		if _, err := rewrite(sent.String(), p.Kind, func(a Asset) (string, bool) {
			if key, ok := Resolve(p.Kind, p.Key, a.Ref); !ok || key != keys[0] {
				t.Errorf("in %q at %q: %q names %q, want %q", in, p.Key, a.Ref, key, keys[0])
			}
			keys = keys[1:]
			return "", false
		}); err != nil || len(keys) > 0 {
			t.Errorf("%q is lost: %v", keys, err)
		}
	}
}
