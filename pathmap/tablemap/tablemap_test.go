package tablemap_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/tablemap"
)

// none stands for ErrNoAnswer.
const none = "(no answer)"

func ask(t *testing.T, m pathmap.Mapper, path string) string {
	t.Helper()
	to, err := m.Map(t.Context(), pathmap.Path{Path: path})
	if errors.Is(err, pathmap.ErrNoAnswer) {
		return none
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestTable(t *testing.T) {
	for _, c := range []struct{ name, csv, path, want string }{
		{"row", "from,to\n/a,s3://b/a\n", "/a", "s3://b/a"},
		{"second row", "from,to\n/a,s3://b/a\n/c,s3://b/c\n", "/c", "s3://b/c"},
		{"no row", "from,to\n/a,s3://b/a\n", "/a/b", none},
		{"header is no row", "from,to\n/a,s3://b/a\n", "from", none},
		{"no rows", "from,to", "/a", none},
		{"byte order mark", "\ufefffrom,to\n/a,s3://b/a\n", "/a", "s3://b/a"},
		{"byte order mark and quotes", "\ufeff\"from\",\"to\"\n/a,s3://b/a\n", "/a", "s3://b/a"},
		{"crlf", "from,to\r\n/a,s3://b/a\r\n", "/a", "s3://b/a"},
		{"no line break at the end", "from,to\n/a,s3://b/a", "/a", "s3://b/a"},
		{"comma in a name", "from,to\n\"/a,1\",\"s3://b/\"\"a\"\"\"\n", "/a,1", `s3://b/"a"`},
		{"spaces count", "from,to\n /a ,s3://b/a\n", " /a ", "s3://b/a"},
		{"spaces count, other way", "from,to\n /a ,s3://b/a\n", "/a", none},
		{"same row twice", "from,to\n/a,s3://b/a\n/a,s3://b/a\n", "/a", "s3://b/a"},
		{"drive, other slashes", "from,to\nC:\\d\\a.jpg,s3://b/a\n", "C:/d/a.jpg", "s3://b/a"},
		{"drive, other case, mixed slashes", "from,to\nc:/d/a.jpg,s3://b/a\n", `C:/d\a.jpg`, "s3://b/a"},
		{"drive, its own spelling first", "from,to\nC:/d/a.jpg,s3://b/1\n\"C:\\d\\a.jpg\",s3://b/2\n", `C:\d\a.jpg`, "s3://b/2"},
		{"drive, case of a name", "from,to\nC:/d/a.jpg,s3://b/a\n", "C:/d/A.jpg", none},
		{"a name with a backslash", "from,to\n/d/a.jpg,s3://b/a\n", `/d\a.jpg`, none},
		{"to itself", "from,to\n/a,/a\n", "/a", "/a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// One byte at a time, so that nothing leans on the size of a read.
			m, err := tablemap.Read(iotest.OneByteReader(strings.NewReader(c.csv)), tablemap.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if got := ask(t, m, c.path); got != c.want {
				t.Errorf("%q becomes %q, want %q", c.path, got, c.want)
			}
		})
	}
}

func TestTableErrors(t *testing.T) {
	for _, c := range []struct{ name, csv, want string }{
		{"empty", "", `must be "from,to"`},
		{"only a byte order mark", "\ufeff", `must be "from,to"`},
		{"no header", "/a,s3://b/a\n", `line 1: header fields are ["/a" "s3://b/a"]; the header must be "from,to"`},
		{"header turned round", "to,from\n", `line 1: header`},
		{"header in capitals", "From,To\n", `line 1: header`},
		{"semicolons", "from;to\n/a;s3://b/a\n", `header fields are ["from;to"]`},
		{"third column", "from,to,note\n", `line 1: header`},
		{"short row", "from,to\n/a,s3://b/a\n/c\n", "line 3"},
		{"long row", "from,to\n/a,1.png,s3://b/a\n", "line 2"},
		{"open quote", "from,to\n\"/a,s3://b/a\n", "reading table"},
		{"empty to", "from,to\n/a,s3://b/a\n/c,\n", `table line 3: from "/c", to ""`},
		{"empty from", "from,to\n,s3://b/a\n", `table line 2: from "", to "s3://b/a"`},
		{"two answers", "from,to\n/a,s3://b/a\n/c,s3://b/c\n/a,s3://b/d\n", `table line 4: "/a" becomes "s3://b/d", but "s3://b/a" on line 2`},
		{"the first of several", "from,to\n/a,1\n/b,1\n/c,1\n/c,2\n/b,2\n/a,2\n/a,3\n", `table line 5: "/c" becomes "2", but "1" on line 4`},
		{"two answers after a long row", "from,to\n\"/x\n/y\",s3://b/a\n/a,s3://b/a\n/a,s3://b/d\n", `table line 5: "/a" becomes "s3://b/d", but "s3://b/a" on line 4`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := tablemap.Read(strings.NewReader(c.csv), tablemap.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %s", err, c.want)
			}
			if !errors.Is(err, tablemap.ErrTable) {
				t.Errorf("%v is not an ErrTable", err)
			}
			if m != nil {
				t.Error("a Mapper beside the error")
			}
		})
	}
}

func TestTableReadError(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, head := range []string{"", "from,to\n", "from,to\n/a,s3://b/a\n"} {
		r := iotest.DataErrReader(&failing{text: strings.NewReader(head), err: broken})
		if _, err := tablemap.Read(r, tablemap.Options{}); !errors.Is(err, broken) {
			t.Errorf("after %q: error %v, want %v", head, err, broken)
		}
	}
}

// failing reads text and then gives err instead of io.EOF.
type failing struct {
	text *strings.Reader
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.text.Len() == 0 {
		return 0, f.err
	}
	return f.text.Read(p)
}

func TestOpenMissing(t *testing.T) {
	if _, err := tablemap.Open(filepath.Join(t.TempDir(), "missing.csv"), tablemap.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Temporary files are gone as soon as the table is, or before.
func TestLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"from,to\n/a,/b\n", "from,to\n/a,/b\n/a,/c\n", "x"} {
		m, err := tablemap.Read(strings.NewReader(text), tablemap.Options{Dir: dir})
		if err == nil {
			err = m.Close()
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%q leaves %v, %v", text, left, err)
		}
	}
}

func TestTwoSpellings(t *testing.T) {
	m, err := tablemap.Read(strings.NewReader("from,to\nC:/d/a,s3://b/1\nC:\\d\\a,s3://b/2\n"), tablemap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if to, err := m.Map(t.Context(), pathmap.Path{Path: `c:/d\a`}); to != "" || err == nil || errors.Is(err, pathmap.ErrNoAnswer) {
		t.Errorf("%q, %v; want an error", to, err)
	}
}
