package pathmap_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/medialift/medialift/pathmap"
)

// reference is a "$" of a replacement, with what belongs to it.
var reference = regexp.MustCompile(`\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})?`)

// answers tells whether every "$" of a replacement is one, or names a group.
func answers(re *regexp.Regexp, replacement string) bool {
	for _, m := range reference.FindAllStringSubmatch(replacement, -1) {
		name := m[1] + m[2]
		switch n, err := strconv.Atoi(name); {
		case m[0] == "$$":
		case name == "":
			return false
		case err == nil && strconv.Itoa(n) == name:
			if n > re.NumSubexp() {
				return false
			}
		case !slices.Contains(re.SubexpNames(), name):
			return false
		}
	}
	return true
}

// FuzzRegexp holds Regexp to package regexp: the first match becomes what
// Expand makes of it, the rest stays, and a group that is not there is ErrSpec.
// A spec with its "=" escaped is the same mapper.
func FuzzRegexp(f *testing.F) {
	for _, s := range [][3]string{
		{"^/mnt/([^/]+)/", "s3://$1/", "/mnt/disk/x"},
		{"(?P<top>a)(b)?", "${top}$2$$", "/ab/a"},
		{"(x)", "$1x", "/x"},
		{"(x)", "${2}", "/x"},
		{"(?P<n01>x)", "$n01$01", "/x"},
		{"x", "a$", "/x"},
		{"(x)", "${1", "/x"},
		{"=", `\=`, "/dt=20/x=y"},
		{`\=(\d+)`, "=$1=", "/dt=20"},
		{".*", "", "/data"},
		{"", "s3://b", "/x"},
		{"(", "", ""},
		{"(é)", "$1é", "/é\xff"},
		{"a|b", "$0$0", "/ab"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, pattern, replacement, path string) {
		if len(pattern)+len(replacement)+len(path) > 200 {
			return // slow, and not another kind of case
		}
		m, err := pathmap.Regexp(pattern, replacement)
		re, compiles := regexp.Compile(pattern)
		if sound := compiles == nil && answers(re, replacement); sound != (err == nil) || sound != (m != nil) || err != nil && !errors.Is(err, pathmap.ErrSpec) {
			t.Fatalf("Regexp(%q, %q) = %v, %v", pattern, replacement, m, err)
		}
		if pattern != "" && !strings.HasSuffix(pattern, `\`) {
			escape := strings.NewReplacer("=", `\=`)
			spec := "regexp:" + escape.Replace(pattern) + "=" + escape.Replace(replacement)
			same, parse := pathmap.Parse(spec, pathmap.Kinds())
			if (parse == nil) != (err == nil) || parse != nil && !errors.Is(parse, pathmap.ErrSpec) {
				t.Fatalf("Parse(%q) = %v, %v; Regexp(%q, %q): %v", spec, same, parse, pattern, replacement, err)
			}
			if err == nil && ask(t, same, path) != ask(t, m, path) {
				t.Fatalf("Parse(%q) on %q = %q, not %q", spec, path, ask(t, same, path), ask(t, m, path))
			}
		}
		if err != nil {
			return
		}
		want := none
		if at := re.FindStringSubmatchIndex(path); at != nil {
			text := path[:at[0]] + string(re.Expand(nil, []byte(replacement), []byte(path), at)) + path[at[1]:]
			if text != "" {
				want = text
			}
			if all := re.ReplaceAllString(path, replacement); all != text && len(re.FindAllStringIndex(path, 2)) == 1 {
				t.Fatalf("the only match of %q in %q: %q or %q", pattern, path, text, all)
			}
		}
		if got := ask(t, m, path); got != want {
			t.Fatalf("Regexp(%q, %q) on %q = %q, want %q", pattern, replacement, path, got, want)
		}
	})
}

// elements takes a path of Unix, or a URL, to pieces: what it begins with, and
// the names.
func elements(path string) (head string, names []string) {
	if hasScheme(path) {
		at := strings.Index(path, "://") + len("://")
		head, path = path[:at], path[at:]
	} else if strings.HasPrefix(path, "/") {
		head = "/"
	}
	return head, strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// below gives the names of path that follow those of base.
func below(path, base string) (names []string, ok bool) {
	head, names := elements(path)
	if want, first := elements(base); head == want && len(names) >= len(first) && slices.Equal(names[:len(first)], first) {
		return names[len(first):], true
	}
	return nil, false
}

// foreign tells whether a path is not one of Unix.
func foreign(path string) bool {
	return path == "" || isWindows(path) || strings.Contains(path, `\`) || hasScheme(path)
}

// FuzzPrefixElements holds Prefix to the names in paths: it moves whole ones,
// all of them, and nothing else; the map with From and To exchanged moves them
// back.
func FuzzPrefixElements(f *testing.F) {
	for _, s := range [][3]string{
		{"/data", "/mnt/new", "/data/x/y.png"},
		{"/data", "b/k", "/database/x"},
		{"data", "b", "data"},
		{"/", "b", "/x"},
		{"//a//b/", "/c/", "/a/b//d/"},
		{"/data", "/data/new", "/data/new/x"},
		{"/data/new", "/data", "/data/new/x"},
		{"/a b/é=%2F", "/c", "/a b/é=%2F/#?"},
		{"/./..", "..", "/./../x"},
	} {
		f.Add(s[0], s[1], s[2], false)
		f.Add(s[0], s[1], s[2], true)
	}
	f.Fuzz(func(t *testing.T, from, to, path string, url bool) {
		if foreign(from) || foreign(to) || foreign(path) {
			return
		}
		if url {
			to = "s3://" + strings.TrimLeft(to, "/")
		}
		m := pathmap.PrefixMap{From: from, To: to}
		moved, matches := below(path, from)
		_, already := below(path, to)
		if m.Matches(path) != matches || m.Already(path) != already {
			t.Fatalf("%+v on %q: Matches %v, Already %v; want %v, %v", m, path, m.Matches(path), m.Already(path), matches, already)
		}
		got, err := m.Map(context.Background(), pathmap.Path{Path: path})
		switch {
		case already:
			if got != path || err != nil {
				t.Fatalf("%+v on %q, which is there, = %q, %v", m, path, got, err)
			}
			return
		case !matches:
			if got != "" || !errors.Is(err, pathmap.ErrNoAnswer) {
				t.Fatalf("%+v on %q = %q, %v", m, path, got, err)
			}
			return
		}
		head, names := elements(got)
		if first, want := elements(to); err != nil || head != first || !slices.Equal(names, slices.Concat(want, moved)) {
			t.Fatalf("%+v on %q = %q, %v", m, path, got, err)
		}
		if _, there := below(got, from); there {
			return // To is under From: there is no way back
		}
		back := ask(t, pathmap.PrefixMap{From: to, To: from}, got)
		before, all := elements(path)
		if head, names := elements(back); head != before || !slices.Equal(names, all) {
			t.Fatalf("%+v on %q = %q, and back %q", m, path, got, back)
		}
	})
}
