package starmap_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/execmap"
	"github.com/medialift/medialift/pathmap/starmap"
)

const example = "testdata/cloud_path.py"

func load(t testing.TB, text string) *starmap.Map {
	t.Helper()
	m, err := starmap.New("f.star", []byte(text), starmap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ask(t testing.TB, m pathmap.Mapper, path string) string {
	t.Helper()
	to, err := m.Map(t.Context(), pathmap.Path{Path: path})
	switch {
	case errors.Is(err, pathmap.ErrNoAnswer):
		return "no answer"
	case err != nil:
		return "error: " + err.Error()
	}
	return to
}

var paths = []string{
	"/data/front/1.jpg", "/data/rear/a/b.png", "/data/x_y z_.PNG", "/data/notes.txt", "/data/", "/data", "/elsewhere/1.jpg",
	"/mnt/nas/données/été/é 1.jpg", "/mnt/nas/données/fig.png", "/data/ünï_çø∂é 🦊.png", "/data/日本/_.jpg", "/data/é\u0301_.jpg", "/data/a.b.JPG",
}

func TestExample(t *testing.T) {
	m, err := starmap.Load(example, starmap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"s3://cameras-front/1.jpg", "gs://cameras/rear/a/b.png", "s3://media/x_y_z_-2.PNG", "s3://other/notes.txt", "s3://other/", "no answer", "no answer",
		"s3://saison/é 1.jpg", "s3://media/fig-0.png",
	} {
		if got := ask(t, m, paths[i]); got != want {
			t.Errorf("%q: %q, want %q", paths[i], got, want)
		}
	}
}

// python runs a file's get_cloud_path by Python itself.
func python(t testing.TB, file string) pathmap.Mapper {
	t.Helper()
	exe, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to compare with")
	}
	const loop = `
import io, runpy, sys
f = runpy.run_path(sys.argv[1])["get_cloud_path"]
for line in io.TextIOWrapper(sys.stdin.buffer, "utf-8", newline="\n"):
    sys.stdout.buffer.write(((f(line[:-1]) or "") + "\n").encode())
`
	m, err := execmap.New([]string{exe, "-u", "-c", loop, file}, execmap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// The same file, by Starlark and by Python: the answers are the same, or
// Starlark's is an error.
func TestSameAsPython(t *testing.T) {
	m, err := starmap.Load(example, starmap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	py := python(t, example)
	for _, path := range paths {
		same(t, m, py, path, 0)
	}
}

func same(t testing.TB, star, py pathmap.Mapper, path string, mayFail int) {
	t.Helper()
	got, want := ask(t, star, path), ask(t, py, path)
	if got != want && !(mayFail > 0 && strings.HasPrefix(got, "error: ")) {
		t.Errorf("%q: Starlark %q, Python %q", path, got, want)
	}
}

func FuzzSameAsPython(f *testing.F) {
	text := `
def get_cloud_path(filepath: str):
    if filepath is None or filepath[:3] == "/x/":
        return None
    head, _, tail = filepath.partition("é")
    name = filepath.split("/")[-1].upper().strip()
    n = filepath.find("ü")
    return "s3://b/" + head[1:] + "|" + tail[-4:] + "|" + name + "|%d|%s" % (n, filepath[n:n+2]) + str(len(filepath) // 2)
`
	file := filepath.Join(f.TempDir(), "f.py")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
	m := load(f, text)
	py := python(f, file)
	for _, p := range append(paths, "/x/1", "ß", "ŉ", "\u1c88", "/a\u0085/ ") {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if strings.ContainsAny(path, "\n\r\x00") || strings.ToValidUTF8(path, "") != path {
			t.Skip()
		}
		same(t, m, py, path, 1)
	})
}

func TestLettersCount(t *testing.T) {
	m := load(t, `
def get_cloud_path(filepath):
    return "s3://b/" + filepath[6:]
`)
	if got := ask(t, m, "/data/1.jpg"); got != "s3://b/1.jpg" {
		t.Error(got)
	}
	if got := ask(t, m, "/dàta/1.jpg"); !strings.Contains(got, "where Starlark and Python differ") || !strings.Contains(got, "exec:python3 -u") {
		t.Error(got)
	}
	if got := ask(t, m, "/data/é.jpg"); got != "s3://b/é.jpg" {
		t.Error(got)
	}
	var many strings.Builder
	for i := range 200 {
		many.WriteRune(rune(0x4e00 + i))
	}
	if got := ask(t, m, many.String()); !strings.Contains(got, "more than 128 different") {
		t.Error(got)
	}
	if got := ask(t, m, "/data/\xff"); !strings.Contains(got, "not UTF-8") {
		t.Error(got)
	}
}

func TestProgramErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"import", "import os\ndef get_cloud_path(p):\n  return os.path.join('s3://b', p)\n", `"import" is not for Starlark; if it is Python, let Python run it: exec:python3 -u`},
		{"from", "from os import path\n", `"from" is not for Starlark`},
		{"f-string", "def get_cloud_path(p):\n  return f'{p}'\n", "f.star:2:"},
		{"f-string says so", "def get_cloud_path(p):\n  return f\"s3://b/{p}\"\n", "f-strings are not for Starlark"},
		{"try", "def get_cloud_path(p):\n  try:\n    return p\n  except KeyError:\n    return None\n", `"try" is not for Starlark`},
		{"unknown name", "def get_cloud_path(p):\n  return str(sum([1]))\n", "Starlark has no sum"},
		{"no function", "x = 1\n", "defines no function get_cloud_path(filepath)"},
		{"no parameter", "def get_cloud_path():\n  return None\n", "must take one argument"},
		{"fails while loading", "x = {}['a']\ndef get_cloud_path(p):\n  return p\n", `key "a" not in dict`},
		{"endless while loading", "while True:\n  pass\n", "steps"},
		{"load", "load('x.star', 'y')\n", "load not implemented"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := starmap.New("f.star", []byte(c.text), starmap.Options{})
			if !errors.Is(err, pathmap.ErrSpec) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if _, err := starmap.Load("testdata/missing.star", starmap.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestCallErrors(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"fails", "return p[100:][5]", "line 3: "},
		{"a number", "return 7", "returned int 7, want a string or None"},
		{"endless", "while True:\n    pass", "it took more than 1000 steps"},
		{"recursive", "return get_cloud_path(p)", "steps"},
		{"changes a global", "seen.append(p)\n  return p", "frozen list"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := starmap.New("f.star", []byte("seen = []\ndef get_cloud_path(p):\n  "+c.body+"\n"), starmap.Options{MaxSteps: 1000})
			if err != nil {
				t.Fatal(err)
			}
			_, err = m.Map(t.Context(), pathmap.Path{Path: "/x"})
			if !errors.Is(err, starmap.ErrFunction) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	m, err := starmap.New("f.star", []byte("def get_cloud_path(p):\n  while True:\n    pass\n"),
		starmap.Options{MaxSteps: 1 << 60, Timeout: 50 * time.Millisecond}) // is meant to end
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, m, "/x"); !strings.Contains(got, "it took longer than 50ms") {
		t.Error(got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Map(ctx, pathmap.Path{Path: "/x"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Python's words that change nothing are passed over, and lines stay where they
// are.
func TestAccommodates(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"annotations", "def get_cloud_path(p: str, q: dict[str, int] = {'a': 1}, *, k: 'x: y' = None) -> str:\n  return 's3://' + p[1:]\n", "s3://x"},
		{"lines", "def get_cloud_path(\n    p: str,\n    q: str = ':',\n) -> list[\n    str]:\n  return 's3:' + q + p\n", "error"},
		{"is", "def get_cloud_path(p):\n  a = None\n  if a is None and p is not None:\n    return 'yes, is None'\n", "yes, is None"},
		{"quotes", "def get_cloud_path(p):\n  '''def f(x: int): is not None'''\n  return \"x is None # '''\" # is None: '\n", "x is None # '''"},
		{"lambda", "def get_cloud_path(p, f=lambda x: x + '!'):\n  return f(p)\n", "/x!"},
		{"no annotation", "def get_cloud_path(p):\n  d = {'a': 1 if p is None else 2}\n  return str(d['a'])\n", "2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := starmap.New("f.star", []byte(c.text), starmap.Options{})
			if c.want == "error" {
				if err == nil {
					t.Fatal("no error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := ask(t, m, "/x"); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestConcurrent(t *testing.T) {
	m, err := starmap.Load(example, starmap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 200 {
				path := fmt.Sprintf("/data/front/%d/%d é.jpg", i, k)
				if got := ask(t, m, path); got != "s3://cameras-front"+path[len("/data/front"):] {
					t.Error(got)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkMap(b *testing.B) {
	m := load(b, "def get_cloud_path(filepath):\n  return filepath.replace('/data/', 's3://b/')\n")
	for b.Loop() {
		if _, err := m.Map(b.Context(), pathmap.Path{Path: "/data/train/000001.jpg"}); err != nil {
			b.Fatal(err)
		}
	}
}
