package pathmap_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/medialift/medialift/pathmap"
)

func TestTemplateFields(t *testing.T) {
	for _, c := range []struct{ path, dir, base, stem, ext string }{
		{"/data/x/y.png", "/data/x", "y.png", "y", ".png"},
		{"/y.png", "/", "y.png", "y", ".png"},
		{"//y.png", "/", "y.png", "y", ".png"},
		{"/data//y.png", "/data", "y.png", "y", ".png"},
		{"y.png", ".", "y.png", "y", ".png"},
		{"x/y", "x", "y", "y", ""},
		{"/data/", "/data", "", "", ""},
		{"/a.b/c", "/a.b", "c", "c", ""},
		{"/a/b.tar.gz", "/a", "b.tar.gz", "b.tar", ".gz"},
		{"/a/.hidden", "/a", ".hidden", ".hidden", ""},
		{"/a/..x.png", "/a", "..x.png", "..x", ".png"},
		{"/a/b.", "/a", "b.", "b", "."},
		{`/a/b\c.png`, "/a", `b\c.png`, `b\c`, ".png"},
		{"s3://b/x/y.png", "s3://b/x", "y.png", "y", ".png"},
		{"s3://b/y.png", "s3://b", "y.png", "y", ".png"},
		{"s3://b/x/../y.png", "s3://b/x/..", "y.png", "y", ".png"},
		{"s3://b.eu", "s3://b.eu", "", "", ""},
		{"s3://b/", "s3://b", "", "", ""},
		{"file:///y.png", "file://", "y.png", "y", ".png"},
		{`C:\x\y.png`, `C:\x`, "y.png", "y", ".png"},
		{`C:\y.png`, `C:\`, "y.png", "y", ".png"},
		{"C:/x/y.png", "C:/x", "y.png", "y", ".png"},
		{`\\host\share\y.png`, `\\host\share`, "y.png", "y", ".png"},
		{"C:", "C:", "", "", ""},
	} {
		for text, want := range map[string]string{
			"={{.Path}}": c.path,
			"={{.Dir}}":  c.dir,
			"={{.Base}}": c.base,
			"={{.Stem}}": c.stem,
			"={{.Ext}}":  c.ext,
		} {
			m, err := pathmap.Template(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := ask(t, m, c.path); got != "="+want {
				t.Errorf("%s of %q is %q, want %q", text, c.path, got, "="+want)
			}
		}
	}
}

func TestTemplate(t *testing.T) {
	const id = "65a1b2c3d4e5f60718293a4b"
	for _, c := range []struct{ name, text, path, want string }{
		{"field and id", "s3://b/{{.Field}}/{{.ID}}{{.Ext}}", "/a/b.png", "s3://b/filepath/" + id + ".png"},
		{"not escaped", "{{.Path}}", "/a/<&'>.png", "/a/<&'>.png"},
		{"empty is no answer", `{{if eq .Ext ".png"}}s3://b/{{.Base}}{{end}}`, "/a/b.jpg", none},
		{"not empty", `{{if eq .Ext ".png"}}s3://b/{{.Base}}{{end}}`, "/a/b.png", "s3://b/b.png"},
		{"no text", "", "/a", none},
		{"only a definition", `{{define "x"}}{{.Path}}{{end}}`, "/a", none},
		{"definition in use", `{{define "x"}}{{.Base}}{{end}}s3://b/{{template "x" .}}`, "/a/b", "s3://b/b"},
		{"slice", "s3://b/{{slice .ID 0 2}}/{{.Base}}", "/a/b", "s3://b/65/b"},
		{"root by dollar", "{{with .Ext}}s3://b/{{$.Base}}{{end}}", "/a/b.png", "s3://b/b.png"},
		{"variable of the dot", "{{$d := .}}{{$d.Base}}", "/a/b", "b"},
		{"long slice", "{{slice .Path 0 100}}", "/" + strings.Repeat("a", 200), "/" + strings.Repeat("a", 99)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := pathmap.Template(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := askPath(t, m, pathmap.Path{Path: c.path, Field: "filepath", ID: id}); got != c.want {
				t.Errorf("%q on %q = %q, want %q", c.text, c.path, got, c.want)
			}
		})
	}
}

func TestTemplateErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"syntax", "{{.Path", `template "{{.Path"`},
		{"function", "{{upper .Path}}", `function "upper"`},
		{"field", "s3://b/{{.Name}}", `unknown field ".Name"; there are .Path`},
		{"field in lower case", "{{.path}}", `unknown field ".path"`},
		{"field of a field", "{{.Path.Base}}", `unknown field ".Path.Base"`},
		{"field behind else", `{{if .Ext}}x{{else}}{{.Name}}{{end}}`, `unknown field ".Name"`},
		{"field in a branch the sample leaves out", `{{if eq .Ext ".gif"}}{{.Name}}{{end}}x`, `unknown field ".Name"`},
		{"field in a condition", `{{if eq .Ext ".gif"}}{{else if .Name}}{{end}}x`, `unknown field ".Name"`},
		{"field in with", `{{with .Ext}}{{else}}{{.Name}}{{end}}x`, `unknown field ".Name"`},
		{"field in range", `{{range 0}}{{$.Name}}{{end}}x`, `unknown field ".Name"`},
		{"field of a variable", `{{$d := .}}{{if not .Ext}}{{$d.Name}}{{end}}`, `unknown field ".Name"`},
		{"field in parentheses", `{{if not .Ext}}{{print (slice .Name 1)}}{{end}}`, `unknown field ".Name"`},
		{"field of parentheses", `{{if not .Ext}}{{(print .Path).Name}}{{end}}`, `unknown field ".Name"`},
		{"field for a definition", `{{define "x"}}{{end}}{{if not .Ext}}{{template "x" .Name}}{{end}}`, `unknown field ".Name"`},
		{"field in a definition", `{{define "x"}}{{.Name}}{{end}}y`, `unknown field ".Name"`},
		{"wrong use", `{{slice .Path "a"}}`, "cannot index slice/array with type string"},
		{"field of a string", `{{with .Ext}}{{.Base}}{{end}}`, "can't evaluate field Base"},
		{"line break", "s3://b/{{.Base}}\n", "line break in output"},
		{"carriage return", "s3://b/\r{{.Base}}", "line break in output"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := pathmap.Template(c.text)
			if err == nil || !errors.Is(err, pathmap.ErrSpec) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Template(%q): error %v, want an ErrSpec with %s", c.text, err, c.want)
			}
			if m != nil {
				t.Error("a Mapper beside the error")
			}
		})
	}
}

// Some mistakes show only on a real path. They end the run, for they are not
// "no answer", and are no ErrSpec, for the template may be right for others.
func TestTemplateMapErrors(t *testing.T) {
	for _, c := range []struct{ text, path, want string }{
		{"s3://b/{{.Base}}", "/a/b\nc.png", `line break in output "s3://b/b\nc.png"`},
		{"s3://b/{{slice .Base 0 9}}", "/a/b", `on path "/a/b"`},
	} {
		m, err := pathmap.Template(c.text)
		if err != nil {
			t.Fatal(err)
		}
		to, err := m.Map(context.Background(), pathmap.Path{Path: c.path})
		if to != "" || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q on %q = %q, %v; want an error with %s", c.text, c.path, to, err, c.want)
		}
		if errors.Is(err, pathmap.ErrNoAnswer) || errors.Is(err, pathmap.ErrSpec) {
			t.Errorf("%q on %q: %v is the wrong sentinel", c.text, c.path, err)
		}
	}
}
