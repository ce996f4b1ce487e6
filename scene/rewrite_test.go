package scene

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func rewrite(text string, kind Kind, newRef func(Asset) (string, bool)) (string, error) {
	var out bytes.Buffer
	err := RewriteFile(&out, strings.NewReader(text), "/d/f", kind, newRef)
	return out.String(), err
}

func TestRewriteFile(t *testing.T) {
	tests := []struct {
		name       string
		kind       Kind
		text, want string
	}{
		{"scene", Document, "{ \"x\" : [1.50, 1e0, -0.0,NaN],\t\"children\":[{\"objPath\" : \"\\u0061.obj\" ,\"pcdPath\":\"b\\/c\",\"k\":\"\\u0062\"}]}\r\n",
			"{ \"x\" : [1.50, 1e0, -0.0,NaN],\t\"children\":[{\"objPath\" : \"new a.obj\" ,\"pcdPath\":\"new b/c\",\"k\":\"\\u0062\"}]}\r\n"},
		{"quoting", Document, mesh("plyPath", `é\"\\\n\udcff\ud83d\ude00`), mesh("plyPath", `new é\"\\\u000a\udcff😀`)},
		{"url", Document, mesh("plyPath", "s3:\\/\\/b"), mesh("plyPath", "s3:\\/\\/b")},
		{"obj", OBJ, "mtllib  a.mtl b c.mtl \r\nv 1 1 1\n", "mtllib  new a.mtl new b c.mtl \r\nv 1 1 1\n"},
		{"mtl", MTL, "\tmap_Kd -s 1 1 1  a b.png\t\r\nKd 1 1 1", "\tmap_Kd -s 1 1 1  new a b.png\t\r\nKd 1 1 1"},
		{"gltf", GLTF, `{"buffers":[{"uri":"a%20b"}]}`, `{"buffers":[{"uri":"new a%20b"}]}`},
		{"glb", GLTF, glb(`{"images":[{"uri":"x"}]}`, "BINARY"), glb(`{"images":[{"uri":"new x"}]}`, "BINARY")},
		{"opaque", Opaque, "mtllib a.mtl", "mtllib a.mtl"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := rewrite(test.text, test.kind, func(a Asset) (string, bool) { return "new " + a.Ref, true })
			if err != nil || got != test.want {
				t.Errorf("got\n%q, want\n%q, %v", got, test.want, err)
			}
			var slow bytes.Buffer
			err = RewriteFile(&slow, iotest.OneByteReader(strings.NewReader(test.text)), "/d/f", test.kind, func(a Asset) (string, bool) { return "new " + a.Ref, true })
			if err != nil || slow.String() != test.want {
				t.Errorf("byte by byte, got\n%q, want\n%q, %v", slow.String(), test.want, err)
			}
			if got, err := rewrite(test.text, test.kind, func(Asset) (string, bool) { return "no", false }); err != nil || got != test.text {
				t.Errorf("left alone, got\n%q, %v", got, err)
			}
		})
	}
}

func TestRewriteFileErrors(t *testing.T) {
	always := func(ref string) func(Asset) (string, bool) { return func(Asset) (string, bool) { return ref, true } }
	for kind, bad := range map[Kind][]string{OBJ: {"", "a\nb.mtl", "a.mtl b.mtl", " a.mtl"}, MTL: {"", "a\nb", "a ", "-s 1 a", "-clamp"}} {
		text := map[Kind]string{OBJ: "mtllib x.mtl\n", MTL: "map_Kd x.png\n"}[kind]
		for _, ref := range bad {
			if got, err := rewrite(text, kind, always(ref)); err == nil {
				t.Errorf("%s, %q: wrote %q", kind, ref, got)
			}
		}
	}
	failing := errors.New("broken disk")
	for _, kind := range []Kind{Document, OBJ, MTL, GLTF} {
		for _, text := range []string{`{"a":`, "glTF"} {
			src := iotest.TimeoutReader(iotest.DataErrReader(strings.NewReader(text)))
			_ = RewriteFile(&bytes.Buffer{}, src, "f", kind, always("x"))
		}
		if err := RewriteFile(&bytes.Buffer{}, iotest.ErrReader(failing), "f", kind, always("x")); !errors.Is(err, failing) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// Whatever a file holds, the walk ends, copies all bytes it was not told to
// change, and finds again what it wrote.
func FuzzRewriteFile(f *testing.F) {
	for _, text := range []string{
		`{"children":[{"objPath":"a\u00e9","children":[{"pcdPath":"\ud800"}]}],"background":{"cube":["x"]}} `,
		`{"buffers":[{"uri":"a%20b"}],"images":[{"uri":"data:x"}]}`, glb(`{"images":[{"uri":"x"}]}`, "B"),
		"mtllib a.mtl b c.mtl d\n", "map_Kd -s 1 1 -bm 1 x y.png \r\nbump z\n", "\ufeffmtllib a",
	} {
		f.Add(text, "new.mtl")
	}
	f.Fuzz(func(t *testing.T, text, fresh string) {
		for _, kind := range []Kind{Opaque, Document, OBJ, MTL, GLTF} {
			count := 0
			same, err := rewrite(text, kind, func(a Asset) (string, bool) { count++; return a.Ref, true })
			if err == nil && same != text {
				t.Fatalf("%s: %q became %q", kind, text, same)
			}
			if err != nil || !isLocal(fresh) {
				continue
			}
			changed, err := rewrite(text, kind, func(Asset) (string, bool) { return fresh, true })
			if err != nil {
				continue // an .obj or .mtl that cannot hold it
			}
			again := 0
			if _, err := rewrite(changed, kind, func(a Asset) (string, bool) {
				if a.Ref != fresh {
					t.Fatalf("%s: wrote %q, read %q in %q", kind, fresh, a.Ref, changed)
				}
				again++
				return "", false
			}); err != nil || again != count {
				t.Fatalf("%s: %d references became %d in %q: %v", kind, count, again, changed, err)
			}
		}
	})
}
