package pathmap_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/medialift/medialift/pathmap"
)

// errBroken is what the mapper broken fails with.
var errBroken = errors.New("broken")

func broken() pathmap.Mapper {
	return pathmap.MapperFunc(func(context.Context, pathmap.Path) (string, error) { return "", errBroken })
}

// silent has no answer, and says so in words of its own.
func silent() pathmap.Mapper {
	return pathmap.MapperFunc(func(_ context.Context, p pathmap.Path) (string, error) {
		return "", fmt.Errorf("asked about %q: %w", p.Path, pathmap.ErrNoAnswer)
	})
}

func TestFirst(t *testing.T) {
	ab, ac, bc := pathmap.Prefix("/a", "/b"), pathmap.Prefix("/a", "/c"), pathmap.Prefix("/b", "/c")
	for _, c := range []struct {
		name string
		ms   []pathmap.Mapper
		want string
	}{
		{"one", []pathmap.Mapper{ab}, "/b/x"},
		{"the first wins", []pathmap.Mapper{ab, ac}, "/b/x"},
		{"the other first", []pathmap.Mapper{ac, ab}, "/c/x"},
		{"the second answers", []pathmap.Mapper{bc, ab}, "/b/x"},
		{"answers are not mapped again", []pathmap.Mapper{ab, bc}, "/b/x"},
		{"already there is an answer", []pathmap.Mapper{pathmap.Prefix("/z", "/a"), ab}, "/a/x"},
		{"wrapped no answer", []pathmap.Mapper{silent(), ab}, "/b/x"},
		{"nobody asked after an answer", []pathmap.Mapper{ab, broken()}, "/b/x"},
		{"no answers", []pathmap.Mapper{bc, silent()}, none},
		{"no mappers", nil, none},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ask(t, pathmap.First(c.ms...), "/a/x"); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestChain(t *testing.T) {
	ab, bc, cd := pathmap.Prefix("/a", "/b"), pathmap.Prefix("/b", "/c"), pathmap.Prefix("/c", "/d")
	for _, c := range []struct {
		name string
		ms   []pathmap.Mapper
		want string
	}{
		{"one", []pathmap.Mapper{ab}, "/b/x"},
		{"two", []pathmap.Mapper{ab, bc}, "/c/x"},
		{"order counts", []pathmap.Mapper{bc, ab}, "/b/x"},
		{"gap", []pathmap.Mapper{ab, silent(), bc, cd}, "/d/x"},
		{"no answer at the end", []pathmap.Mapper{ab, silent()}, "/b/x"},
		{"already there is an answer", []pathmap.Mapper{pathmap.Prefix("/z", "/a")}, "/a/x"},
		{"no answers", []pathmap.Mapper{cd, silent()}, none},
		{"no mappers", nil, none},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ask(t, pathmap.Chain(c.ms...), "/a/x"); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestCombineErrors(t *testing.T) {
	ab := pathmap.Prefix("/a", "/b")
	for name, m := range map[string]pathmap.Mapper{
		"first":             pathmap.First(broken(), ab),
		"first after none":  pathmap.First(silent(), broken(), ab),
		"chain":             pathmap.Chain(broken(), ab),
		"chain after one":   pathmap.Chain(ab, broken()),
		"chain before none": pathmap.Chain(broken(), silent()),
	} {
		to, err := m.Map(context.Background(), pathmap.Path{Path: "/a/x"})
		if to != "" || !errors.Is(err, errBroken) {
			t.Errorf("%s: %q, %v; want %v", name, to, err, errBroken)
		}
	}
}

// What is known of a path besides its text reaches every Mapper of a chain.
func TestChainKeepsFieldAndID(t *testing.T) {
	var seen []pathmap.Path
	spy := pathmap.MapperFunc(func(_ context.Context, p pathmap.Path) (string, error) {
		seen = append(seen, p)
		return p.Path + "+", nil
	})
	got := askPath(t, pathmap.Chain(spy, spy), pathmap.Path{Path: "p", Field: "f", ID: "i"})
	if want := "p++"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if len(seen) != 2 || seen[0] != (pathmap.Path{Path: "p", Field: "f", ID: "i"}) || seen[1] != (pathmap.Path{Path: "p+", Field: "f", ID: "i"}) {
		t.Errorf("asked %+v", seen)
	}
}

// A caller's slice is the caller's to change afterwards.
func TestCombineCopies(t *testing.T) {
	for name, combine := range map[string]func(...pathmap.Mapper) pathmap.Mapper{"First": pathmap.First, "Chain": pathmap.Chain} {
		ms := []pathmap.Mapper{pathmap.Prefix("/a", "/b")}
		m := combine(ms...)
		ms[0] = broken()
		if got := ask(t, m, "/a/x"); got != "/b/x" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
