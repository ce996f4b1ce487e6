package pathmap_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/medialift/medialift/pathmap"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, spec, path, want string }{
		{"prefix", "prefix:/data=s3://b/k", "/data/x", "s3://b/k/x"},
		{"prefix of a drive", `prefix:C:\data=s3://b/x`, `C:\data\y\z.png`, "s3://b/x/y/z.png"},
		{"prefix of a whole drive", `prefix:C:=s3://b/x`, `C:\y\z.png`, "s3://b/x/y/z.png"},
		{"prefix of a share", `prefix:\\host\share=s3://b`, `\\host\share\y`, "s3://b/y"},
		{"prefix to a drive", `prefix:s3://b=C:\data\`, "s3://b/y", `C:\data\y`},
		{"prefix of a url", "prefix:s3://b/=gs://c/", "s3://b/x", "gs://c/x"},
		{"equals sign in from", `prefix:/data/dt\=2020=s3://b`, "/data/dt=2020/x", "s3://b/x"},
		{"equals sign in to", `prefix:/data=s3://b/dt\=2020`, "/data/x", "s3://b/dt=2020/x"},
		{"equals sign behind a backslash", `prefix:/a\\=b=s3://b`, `/a\=b/x`, "s3://b/x"},
		{"regexp", `regexp:^/mnt/([^/]+)/=s3://$1/`, "/mnt/d/x", "s3://d/x"},
		{"backslashes of a pattern", `regexp:^/(\d+)\.png$=s3://b/$1.png`, "/12.png", "s3://b/12.png"},
		{"backslash as a class", `regexp:[\\]=/`, `a\b`, "a/b"},
		{"equals sign in a pattern", `regexp:/dt\=(\d+)=/dt\=y$1`, "/a/dt=20/x", "/a/dt=y20/x"},
		{"empty replacement", `regexp:^file://=`, "file:///x", "/x"},
		{"template", `template:{{if eq .Ext ".png"}}s3://b/k=v:{{.Base}}{{end}}`, "/a/x.png", "s3://b/k=v:x.png"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := pathmap.Parse(c.spec, pathmap.Kinds())
			if err != nil {
				t.Fatal(err)
			}
			if got := ask(t, m, c.path); got != c.want {
				t.Errorf("%q on %q = %q, want %q", c.spec, c.path, got, c.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	const all = "prefix, regexp, template"
	for _, c := range []struct{ name, spec, want string }{
		{"empty", "", "no kind; want one of " + all},
		{"no kind", "/data", "no kind; want one of " + all},
		{"forgotten kind", "/data=s3://b", `unknown kind "/data=s3"; want one of ` + all},
		{"empty kind", ":/data=s3://b", `unknown kind ""; want one of ` + all},
		{"unknown kind", "glob:/data=s3://b", `unknown kind "glob"; want one of ` + all},
		{"kind in capitals", "Prefix:/data=s3://b", `unknown kind "Prefix"`},
		{"prefix without equals sign", "prefix:/data", `no "=" in "/data"; want FROM=TO`},
		{"prefix empty", "prefix:", `no "=" in ""`},
		{"prefix without from", "prefix:=s3://b", `FROM is "" and TO "s3://b"`},
		{"prefix without to", "prefix:/data=", `FROM is "/data" and TO ""`},
		{"prefix with two equals signs", "prefix:/data=s3://b/dt=2020", `a second "=" in "/data=s3://b/dt=2020"; write "\\="`},
		{"prefix with its equals sign escaped", `prefix:C:\data\=s3://b`, "leave off a backslash at the end"},
		{"regexp without equals sign", "regexp:^/data", `no "=" in "^/data"; want PATTERN=REPLACEMENT`},
		{"regexp without pattern", "regexp:=s3://b", "PATTERN is empty"},
		{"regexp with two equals signs", "regexp:a=b=c", `a second "="`},
		{"regexp that does not compile", "regexp:(=b", `pattern "("`},
		{"regexp with unknown group", "regexp:(a)=$2", `has no group "2"`},
		{"template empty", "template:", "want a template"},
		{"template with unknown field", "template:{{.Name}}", `unknown field ".Name"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := pathmap.Parse(c.spec, pathmap.Kinds())
			if err == nil || !errors.Is(err, pathmap.ErrSpec) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Parse(%q): error %v, want an ErrSpec with %s", c.spec, err, c.want)
			}
			if m != nil {
				t.Error("a Mapper beside the error")
			}
		})
	}
}

func TestParseOwnKind(t *testing.T) {
	kinds := pathmap.Kinds()
	kinds["upper"] = func(arg string) (pathmap.Mapper, error) {
		if arg != "" {
			return nil, errBroken
		}
		return pathmap.Func(func(path string) (string, bool) { return strings.ToUpper(path), true }), nil
	}
	m, err := pathmap.Parse("upper:", kinds)
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, m, "/a"); got != "/A" {
		t.Errorf("upper gives %q", got)
	}
	if _, err := pathmap.Parse("upper:x", kinds); !errors.Is(err, errBroken) || errors.Is(err, pathmap.ErrSpec) {
		t.Errorf("error of the kind itself became %v", err)
	}
	if _, err := pathmap.Parse("lower:", kinds); err == nil || !strings.Contains(err.Error(), "prefix, regexp, template, upper") {
		t.Errorf("known kinds in %v", err)
	}
	if _, ok := pathmap.Kinds()["upper"]; ok {
		t.Error("a kind added to one map of Kinds is in the next")
	}
	if _, err := pathmap.Parse("prefix:/a=/b", nil); !errors.Is(err, pathmap.ErrSpec) {
		t.Errorf("without kinds: %v", err)
	}
}

// FuzzParse holds Parse to this: it never panics, a failure is an ErrSpec with
// the spec in it, and an escaped pair is read as it was.
func FuzzParse(f *testing.F) {
	for _, s := range [][3]string{
		{"prefix:/data=s3://b", "/data", "s3://b"},
		{`prefix:C:\data=s3://b/x`, `C:\data`, "s3://b/x"},
		{`prefix:a\=b=c\=d`, "a=b", "c=d"},
		{`regexp:(?P<a>x)=${a}y$1`, `a\=b`, "==="},
		{"regexp:(x)=$1x", "=", `\`},
		{"template:{{.Path}}", "a", "b"},
		{`template:{{if .Ext}}{{(print .X).Y}}{{end}}`, "", ""},
		{"glob:x", `\=`, `\\`},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, spec, from, to string) {
		if !mayRunLong(spec) {
			m, err := pathmap.Parse(spec, pathmap.Kinds())
			if (err == nil) == (m == nil) || err != nil && !errors.Is(err, pathmap.ErrSpec) {
				t.Fatalf("Parse(%q) = %v, %v", spec, m, err)
			}
			if err == nil {
				_, _ = m.Map(context.Background(), pathmap.Path{Path: from, Field: to})
			}
		}
		if from == "" || to == "" || strings.HasSuffix(from, `\`) {
			return // none of these can be written
		}
		escape := strings.NewReplacer("=", `\=`)
		pair := escape.Replace(from) + "=" + escape.Replace(to)
		m, err := pathmap.Parse("prefix:"+pair, pathmap.Kinds())
		if want := (pathmap.PrefixMap{From: from, To: to}); err != nil || m != want {
			t.Fatalf("Parse(%q) = %#v, %v; want %#v", "prefix:"+pair, m, err, want)
		}
	})
}

// mayRunLong says whether a template could loop or pad without an end.
func mayRunLong(spec string) bool {
	return strings.HasPrefix(spec, "template:") &&
		(strings.Contains(spec, "range") || strings.Contains(spec, "printf") || strings.Contains(spec, "template "))
}
