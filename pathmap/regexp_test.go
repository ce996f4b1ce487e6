package pathmap_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/medialift/medialift/pathmap"
)

func TestRegexp(t *testing.T) {
	for _, c := range []struct{ name, pattern, replacement, path, want string }{
		{"head", "^/data/", "s3://b/", "/data/x.png", "s3://b/x.png"},
		{"no match", "^/data/", "s3://b/", "/mnt/data/x.png", none},
		{"middle", "old", "new", "/data/old/x.png", "/data/new/x.png"},
		{"first match only", "a", "b", "/aa/a", "/ba/a"},
		{"number", "^/mnt/([^/]+)/", "s3://$1/", "/mnt/disk/x", "s3://disk/x"},
		{"braces", "v([0-9])", "${1}x", "/v7/y", "/7x/y"},
		{"name", "^/(?P<top>[^/]+)", "gs://$top", "/a/b", "gs://a/b"},
		{"name in braces", "(?P<n>[0-9]+)", "<${n}th>", "/12/b", "/<12th>/b"},
		{"whole match", "[0-9]+", "<$0>", "/12/34", "/<12>/34"},
		{"dollar", "x", "$$1", "/x", "/$1"},
		{"dollars before a name", "(x)", "$$$1", "/x", "/$x"},
		{"group that took no part", "/(a)?b", "/[$1]", "/b", "/[]"},
		{"group named with a leading zero", "(?P<n01>x)", "$n01", "/x", "/x"},
		{"take off", "^file://", "", "file:///data/x", "/data/x"},
		{"nothing left", ".*", "", "/data/x", none},
		{"unchanged", "^/data", "/data", "/data/x", "/data/x"},
		{"empty match", "", "s3://b", "/x", "s3://b/x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := pathmap.Regexp(c.pattern, c.replacement)
			if err != nil {
				t.Fatal(err)
			}
			if got := ask(t, m, c.path); got != c.want {
				t.Errorf("Regexp(%q, %q) on %q = %q, want %q", c.pattern, c.replacement, c.path, got, c.want)
			}
		})
	}
}

func TestRegexpErrors(t *testing.T) {
	for _, c := range []struct{ name, pattern, replacement, want string }{
		{"pattern", "(x", "y", `pattern "(x"`},
		{"no look-ahead in RE2", "x(?=y)", "y", `pattern "x(?=y)"`},
		{"number too large", "(x)", "$2", `has no group "2"; it may name "$0", "$1"`},
		{"number in braces", "(x)", "${2}", `has no group "2"`},
		{"number joined to text", "(x)", "$1x", `has no group "1x"; write "${1}x"`},
		{"number joined to underscore", "(x)", "$1_thumb.png", `write "${1}_thumb"`},
		{"two digits, one group", "(x)", "$10", `write "${1}0"`},
		{"name joined to text", "(?P<top>x)", "$topmost", `write "${top}most"`},
		{"name joined to text beyond ascii", "(x)", "$1é", `write "${1}é"`},
		{"unknown name", "(?P<top>x)", "$tip", `has no group "tip"; it may name "$0", "${top}"`},
		{"unknown name in braces", "(?P<top>x)", "${topmost}", `has no group "topmost"; it may name`},
		{"leading zero is a name", "(x)", "$01", `has no group "01"`},
		{"second of two", "(x)", "$1/$2", `has no group "2"`},
		{"after a dollar", "(x)", "$$/$2", `has no group "2"`},
		{"huge number", "(x)", "$99999999999999999999", "has no group"},
		{"lone dollar", "x", "a$", `write "$$"`},
		{"dollar before a sign", "x", "a$-b", `write "$$"`},
		{"open brace", "(x)", "${1", `write "$$"`},
		{"no name in braces", "(x)", "${}", `write "$$"`},
		{"sign in braces", "(x)", "${a-b}", `write "$$"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := pathmap.Regexp(c.pattern, c.replacement)
			if err == nil || !errors.Is(err, pathmap.ErrSpec) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Regexp(%q, %q): error %v, want an ErrSpec with %s", c.pattern, c.replacement, err, c.want)
			}
			if m != nil {
				t.Error("a Mapper beside the error")
			}
		})
	}
}
