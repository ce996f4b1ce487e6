package pathmap_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/medialift/medialift/pathmap"
)

// none stands for ErrNoAnswer in the tables of this package's tests.
const none = "<no answer>"

// ask maps path and turns ErrNoAnswer into none.
func ask(t *testing.T, m pathmap.Mapper, path string) string {
	t.Helper()
	return askPath(t, m, pathmap.Path{Path: path})
}

func askPath(t *testing.T, m pathmap.Mapper, p pathmap.Path) string {
	t.Helper()
	to, err := m.Map(context.Background(), p)
	if errors.Is(err, pathmap.ErrNoAnswer) {
		if to != "" {
			t.Errorf("Map(%q) = %q beside ErrNoAnswer", p.Path, to)
		}
		return none
	}
	if err != nil {
		t.Fatalf("Map(%q): %v", p.Path, err)
	}
	return to
}

func TestPrefix(t *testing.T) {
	for _, c := range []struct{ name, from, to, path, want string }{
		{"below", "/data", "s3://b/k", "/data/x.png", "s3://b/k/x.png"},
		{"deep", "/data", "s3://b", "/data/x/y/z.png", "s3://b/x/y/z.png"},
		{"the directory itself", "/data", "s3://b", "/data", "s3://b"},
		{"the directory with a slash", "/data", "s3://b", "/data/", "s3://b"},
		{"slash at the end of a path below", "/data", "s3://b", "/data/x/", "s3://b/x/"},
		{"part of an element", "/data", "s3://b", "/database/x", none},
		{"part of an element without more", "/data", "s3://b", "/database", none},
		{"above", "/data/x", "s3://b", "/data", none},
		{"elsewhere", "/data", "s3://b", "/mnt/data/x", none},
		{"empty path", "/data", "s3://b", "", none},
		{"case", "/data", "s3://b", "/Data/x", none},
		{"case of the first letter", "data", "s3://b", "Data/x", none},
		{"relative", "data", "s3://b", "data/x", "s3://b/x"},
		{"relative is not absolute", "data", "s3://b", "/data/x", none},
		{"dots are names", "/data", "s3://b", "/data/../x", "s3://b/../x"},
		{"odd characters stay", "/data", "s3://b", "/data/a b%20é#?=.png", "s3://b/a b%20é#?=.png"},
		{"backslash is a character on unix", "/data", "s3://b", `/data/a\b.png`, `s3://b/a\b.png`},
		{"backslash does not end an element on unix", "/data", "s3://b", `/data\x`, none},

		{"slashes at the ends", "/data/", "s3://b/k/", "/data/x", "s3://b/k/x"},
		{"slashes in a row in from", "//data//in/", "s3://b", "/data/in/x", "s3://b/x"},
		{"slashes in a row in to", "/data", "s3://b//k//", "/data/x", "s3://b//k/x"},
		{"slashes in a row in path", "/data/", "s3://b", "/data//x///y.png", "s3://b/x/y.png"},

		{"root", "/", "s3://b", "/data/x", "s3://b/data/x"},
		{"root itself", "/", "s3://b", "/", "s3://b"},
		{"root takes no url", "/", "s3://b", "gs://b/x", none},
		{"root takes no drive", "/", "s3://b", `C:\x`, none},
		{"to root", "s3://b", "/", "s3://b/x", "/x"},

		{"url", "s3://b", "gs://c", "s3://b/x.png", "gs://c/x.png"},
		{"url with slash", "s3://b/", "gs://c", "s3://b/x.png", "gs://c/x.png"},
		{"url to local", "s3://b/k", "/data", "s3://b/k/x.png", "/data/x.png"},
		{"longer bucket", "s3://b", "gs://c", "s3://bb/x.png", none},
		{"url dots stay", "s3://b", "gs://c", "s3://b/./x/../y", "gs://c/./x/../y"},
		{"url slashes in a row", "s3://b", "gs://c", "s3://b//x//y", "gs://c//x//y"},
		{"scheme", "s3://", "gs://", "s3://b/x", "gs://b/x"},
		{"scheme with signs", "/data", "a+b-c.1://h", "/data/x", "a+b-c.1://h/x"},
		{"scheme is not a directory", "s3:", "gs://c", "s3://b/x", none},
		{"other scheme", "s3://b", "/data", "gs://b/x", none},
		{"file url", "file:///data", "s3://b", "file:///data/x", "s3://b/x"},
		{"file url root", "file:///", "s3://b", "file:///data/x", "s3://b/data/x"},
		{"file scheme", "file://", "s3://b", "file:///data/x", "s3://b/data/x"},
		{"to file url", "s3://b", "file:///", "s3://b/x", "file:///x"},

		{"windows", `C:\data`, "s3://b", `C:\data\x\y.png`, "s3://b/x/y.png"},
		{"windows to unix", `C:\data\`, "/mnt/", `C:\data\x\y.png`, "/mnt/x/y.png"},
		{"windows mixed", `C:\data`, "s3://b", `C:/data\x/y.png`, "s3://b/x/y.png"},
		{"windows forward", "C:/data", "s3://b", `C:\data\x`, "s3://b/x"},
		{"windows forward doubled", `C:\data`, "s3://b", "C://data/x", "s3://b/x"},
		{"windows doubled", `C:\\data`, "s3://b", `C:\data\\x`, "s3://b/x"},
		{"drive letter", `C:\data`, "s3://b", `c:\data\x`, "s3://b/x"},
		{"drive letter the other way", `c:\data`, "s3://b", `C:\data\x`, "s3://b/x"},
		{"other drive", `C:\data`, "s3://b", `D:\data\x`, none},
		{"windows case", `C:\data`, "s3://b", `C:\Data\x`, none},
		{"windows part of an element", `C:\data`, "s3://b", `C:\database\x`, none},
		{"drive", "C:", "s3://b", `C:\x`, "s3://b/x"},
		{"drive with backslash", `C:\`, "s3://b", `C:\data\x`, "s3://b/data/x"},
		{"windows to windows", `C:\data`, `D:\in`, `C:\data\x\y`, `D:\in\x\y`},
		{"windows to forward", `C:\data`, "D:/in", `C:\data\x\y`, "D:/in/x/y"},
		{"to windows", "s3://b", `C:\data`, "s3://b/x/y", `C:\data\x\y`},
		{"to drive", "s3://b", `C:`, "s3://b/x/y", `C:\x\y`},
		{"to drive itself", "s3://b", `C:`, "s3://b", `C:\`},
		{"unc", `\\host\share`, "s3://b", `\\host\share\x\y`, "s3://b/x/y"},
		{"unc with backslash", `\\host\share\`, "s3://b", `\\host\share\x`, "s3://b/x"},
		{"unc longer share", `\\host\share`, "s3://b", `\\host\shared\x`, none},
		{"unc is not unix", "/host/share", "s3://b", `\\host\share\x`, none},
		{"to unc", "/data", `\\host\share`, "/data/x/y", `\\host\share\x\y`},

		{"unc forward", `\\host\share`, "s3://b", "//host/share/x/y", "s3://b/x/y"},
		{"unc forward three slashes", `\\host\share`, "s3://b", "///host/share/x", none},
		{"unc forward is not a single slash", `\\host\share`, "s3://b", "/host/share/x", none},
		{"unc mixed", `\\host\share`, "s3://b", `\\host\share/x\y`, "s3://b/x/y"},
		{"unc case of server and share", `\\Host\Share\in`, "s3://b", `\\hOST\share\in\X`, "s3://b/X"},
		{"unc case below the share", `\\host\share\in`, "s3://b", `\\host\share\IN\x`, none},
		{"unc case is of ASCII only", `\\hÉst\share`, "s3://b", `\\hést\share\x`, none},
		{"unc bytes that are no text", "\\\\h\xff\\s", "s3://b", "\\\\h\xfe\\s\\x", none},
		{"unix case with two slashes", "//Host/share", "s3://b", "//host/share/x", none},
		{"verbatim", `C:\data`, "s3://b", `\\?\c:\data\x\y`, "s3://b/x/y"},
		{"verbatim from", `\\?\C:\data`, "s3://b", "C:/data/x", "s3://b/x"},
		{"verbatim drive", `\\?\C:\`, "s3://b", `C:\x`, "s3://b/x"},
		{"verbatim part of an element", `C:\data`, "s3://b", `\\?\C:\database\x`, none},
		{"verbatim share", `\\host\share`, "s3://b", `\\?\UNC\host\share\x`, "s3://b/x"},
		{"verbatim share from", `\\?\unc\host\share`, "s3://b", `\\host\share\x`, "s3://b/x"},
		{"verbatim volume", `C:\`, "s3://b", `\\?\Volume{b75e2c83-0000-0000-0000-602f00000000}\x`, none},
		{"to verbatim", "s3://b", `\\?\C:\in`, "s3://b/x/y", `\\?\C:\in\x\y`},
		{"to verbatim share", "s3://b", `\\?\UNC\host\share`, "s3://b/x/y", `\\?\UNC\host\share\x\y`},
		{"already verbatim", "/data", `C:\in`, `\\?\C:\in\x`, `\\?\C:\in\x`},

		{"already", "/data", "s3://b/k", "s3://b/k/x", "s3://b/k/x"},
		{"already there itself", "/data", "s3://b/k", "s3://b/k", "s3://b/k"},
		{"already, as it was written", "/data", "s3://b/k/", "s3://b/k//x", "s3://b/k//x"},
		{"already on windows, as it was written", "/data", `C:\in`, "c:/in/x", "c:/in/x"},
		{"not already", "/data", "s3://b/k", "s3://b/kk/x", none},
		{"to below from", "/data", "/data/new", "/data/x", "/data/new/x"},
		{"to below from, moved", "/data", "/data/new", "/data/new/x", "/data/new/x"},
		{"to above from", "/data/old", "/data", "/data/old/x", "/data/old/x"},
		{"to is from", "/data", "/data/", "/data/x", "/data/x"},

		{"empty from", "", "s3://b", "/data/x", none},
		{"empty to", "/data", "", "/data/x", none},
		{"empty to and path", "/data", "", "", none},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ask(t, pathmap.Prefix(c.from, c.to), c.path); got != c.want {
				t.Errorf("Prefix(%q, %q) on %q = %q, want %q", c.from, c.to, c.path, got, c.want)
			}
		})
	}
}

func TestPrefixMapMethods(t *testing.T) {
	m, ok := pathmap.Prefix("/data/", "s3://b/k/").(pathmap.PrefixMap)
	if !ok {
		t.Fatal("Prefix does not give a PrefixMap")
	}
	for _, c := range []struct {
		path             string
		matches, already bool
	}{
		{"/data", true, false},
		{"/data/x", true, false},
		{"/database", false, false},
		{"s3://b/k", false, true},
		{"s3://b/k/x", false, true},
		{"s3://b/kk", false, false},
		{"", false, false},
	} {
		if got := m.Matches(c.path); got != c.matches {
			t.Errorf("Matches(%q) = %v, want %v", c.path, got, c.matches)
		}
		if got := m.Already(c.path); got != c.already {
			t.Errorf("Already(%q) = %v, want %v", c.path, got, c.already)
		}
	}
}

// plain spells a path in one way, by other means than the package's own: it
// repeats whole replacements until nothing changes. It may spell two kinds of
// path alike, so that it can be used only within one kind.
func plain(path string) string {
	head := ""
	lower := strings.ToLower(path)
	switch {
	case strings.HasPrefix(path, `\\`):
		path = strings.TrimLeft(strings.ReplaceAll(path, `\`, "/"), "/")
		head = "//"
		for strings.Contains(path, "//") {
			path = strings.ReplaceAll(path, "//", "/")
		}
		if rest, ok := strings.CutPrefix(path, "?/"); ok && isWindows(rest) {
			return plain(rest)
		} else if len(path) >= 5 && strings.EqualFold(path[:5], "?/unc") && (len(path) == 5 || path[5] == '/') {
			path = strings.TrimPrefix(path[5:], "/")
		}
	case isWindows(path):
		head, path = lower[:2], strings.ReplaceAll(path[2:], `\`, "/")
		if path == "" {
			path = "/" // a drive by itself is all of it
		}
	case hasScheme(path):
		at := strings.Index(path, "://") + 3
		head, path = path[:at], path[at:]
	}
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if path == "/" {
		return head + "/"
	}
	return head + strings.TrimSuffix(path, "/")
}

func hasScheme(path string) bool {
	scheme, _, found := strings.Cut(path, "://")
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return found && len(scheme) > 1 && strings.Trim(strings.ToLower(scheme[:1]), letters) == "" &&
		strings.Trim(strings.ToLower(scheme), letters+"0123456789+-.") == "" &&
		!strings.ContainsFunc(scheme, func(r rune) bool { return r > 127 })
}

func isWindows(path string) bool {
	if strings.HasPrefix(path, `\\`) {
		return true
	}
	drive, rest, found := strings.Cut(path, ":")
	return found && len(drive) == 1 && strings.Contains("abcdefghijklmnopqrstuvwxyz", strings.ToLower(drive)) &&
		(rest == "" || rest[0] == '/' || rest[0] == '\\')
}

// FuzzPrefix holds Prefix to its laws: a mapped path has arrived, mapping it
// again changes nothing, and the map with From and To exchanged leads back.
func FuzzPrefix(f *testing.F) {
	for _, s := range [][3]string{
		{"/data", "s3://b/k", "/x/y.png"},
		{"/data/", "s3://b//k/", "//x///y.png"},
		{"/data", "s3://b", "base/x"},
		{"/", "s3://b", "x"},
		{"s3://b", "/", "/x"},
		{`C:\data`, "s3://b/x", `\x\y.png`},
		{"c:/data", `D:\in\`, `/x\\y`},
		{"C:", "/data", `\x`},
		{`\\host\share`, "gs://b", `\x`},
		{`\\?\C:\data`, `\\?\UNC\host\share`, `\x`},
		{`\\?\UNC\`, `//host/share`, `/h\s/x`},
		{"/data", `\\host\share`, "/x"},
		{"s3://", "gs://", "b/x"},
		{"file:///", "s3://b", "data/x"},
		{"file://", "s3://b", "/data/x"},
		{"/data", "/data/new", "/x"},
		{"s3:", "gs:", "//b/x"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, from, to, rest string) {
		m := pathmap.PrefixMap{From: from, To: to}
		path := from + rest
		got, err := m.Map(context.Background(), pathmap.Path{Path: path})
		if from == "" || to == "" {
			if !errors.Is(err, pathmap.ErrNoAnswer) {
				t.Fatalf("%+v on %q = %q, %v", m, path, got, err)
			}
			return
		}
		already, matches := m.Already(path), m.Matches(path)
		if (err == nil) != (already || matches) {
			t.Fatalf("%+v on %q = %q, %v; Already %v, Matches %v", m, path, got, err, already, matches)
		}
		if boundary := rest == "" || rest[0] == '/'; boundary && !matches && plain(from) != "" && plain(from) != "//?" && hasScheme(from) == hasScheme(path) && isWindows(from) == isWindows(path) {
			t.Fatalf("%+v does not match %q", m, path)
		}
		if err != nil {
			return
		}
		if already && got != path {
			t.Fatalf("%+v on %q = %q, though it is there", m, path, got)
		}
		if !m.Already(got) {
			t.Fatalf("%+v on %q = %q, which is not under To", m, path, got)
		}
		if again := ask(t, m, got); again != got {
			t.Fatalf("%+v on %q = %q, and then %q", m, path, got, again)
		}
		if already || m.Matches(to) || m.Already(from) {
			return // nested: there is no way back
		}
		if isWindows(to) && !isWindows(path) && strings.Contains(path, `\`) {
			return // a name that Windows cannot hold
		}
		if strings.HasSuffix(plain(from), "://") && strings.HasPrefix(rest, "/") {
			return // "file:" and no host: the way back cannot know of the third slash
		}
		back := ask(t, pathmap.PrefixMap{From: to, To: from}, got)
		if plain(back) != plain(path) {
			t.Fatalf("%+v on %q = %q, and back %q", m, path, got, back)
		}
	})
}
