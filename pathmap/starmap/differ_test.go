package starmap_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/starmap"
)

// What is another text in Python than in Starlark, and no error in either, is an
// error here that leads to Python.
func TestDiffersFromPython(t *testing.T) {
	for _, expression := range []string{
		`repr(p)`, `"%r" % p`, `"%s %r" % (p, 1)`, `"{!r}".format(p)`, `"%(a)r" % {"a": p}`,
		`str(p.split("/"))`, `str((1,))`, `str({"a": 1})`, `str(sorted(p.split("/")))`, `str(p.partition("/"))`,
		`"%s" % [p]`, `"%s" % (p.split("/"),)`, `"%s" % {"a": 1}`, `"{}".format(p.split("/"))`, `"{a}".format(a=[p])`,
		`str(hash(p))`, `str(type(p))`, `"x" if type(p) == "string" else "y"`, `str(dir(p))`, `str(len)`,
		`"x" if p.startswith("/") == 1 else "y"`, `"x" if 1 != p.startswith("/") else "y"`,
		`str(len((p + "\v").splitlines()))`, `"".join(["%r" % x for x in [p] if x != ""])`,
		`(lambda x: "%r" % x)(p)`, `{"a": "%r" % p}["a"]`, `("%r" % p)[1:]`, `[repr][0](p)`,
	} {
		m, err := starmap.New("f.star", []byte("def get_cloud_path(p):\n  return "+expression+"\n"), starmap.Options{})
		if err == nil {
			_, err = m.Map(t.Context(), pathmap.Path{Path: "/d/x"})
		}
		if !errors.Is(err, starmap.ErrFunction) || !strings.Contains(err.Error(), "exec:") {
			t.Errorf("%s: %v", expression, err)
		}
	}
	const inAssignment = "def get_cloud_path(p):\n  x = \"%r\"\n  x %= p\n  return x\n"
	m, err := starmap.New("f.star", []byte(inAssignment), starmap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Map(t.Context(), pathmap.Path{Path: "/d/x"}); !errors.Is(err, starmap.ErrFunction) {
		t.Errorf("%%=: %v", err)
	}
}

// What both do alike goes on to work.
func TestSameInPython(t *testing.T) {
	for expression, want := range map[string]string{
		`str(p)`: "/d/x", `str(1) + str(1.5) + str(None) + str(True)`: "11.5NoneTrue", `"%s-%d%%" % (p, 7)`: "/d/x-7%",
		`"{}-{}".format(p, 1)`: "/d/x-1", `"{a}".format(a=p)`: "/d/x", `"%(a)s" % {"a": p}`: "/d/x", `str(-7 % 3)`: "2",
		`"y" if p == "/d/x" and p != "" and p.startswith("/") == True else "n"`: "y", `p.splitlines()[0]`: "/d/x",
		`"/".join([x for x in p.split("/") if x != "d"])`: "/x", `"100%%real" % ()`: "100%real", `str(1 == 1.0)`: "True",
	} {
		m, err := starmap.New("f.star", []byte("def get_cloud_path(p):\n  return "+expression+"\n"), starmap.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Map(t.Context(), pathmap.Path{Path: "/d/x"}); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", expression, got, err, want)
		}
	}
	own := "def repr(x):\n  return \"own \" + x\ndef get_cloud_path(p):\n  n = 7\n  n %= 4\n  return repr(p) + str(n)\n"
	m, err := starmap.New("f.star", []byte(own), starmap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Map(t.Context(), pathmap.Path{Path: "/x"}); err != nil || got != "own /x3" {
		t.Errorf("%q, %v", got, err)
	}
}
