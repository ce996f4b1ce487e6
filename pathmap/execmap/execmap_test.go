package execmap_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/execmap"
)

// The tests are their own mapping program: with this variable set, the binary
// is the program that it names.
const program = "EXECMAP_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch name := os.Getenv(program); name {
	case "":
		os.Exit(m.Run())
	default:
		os.Exit(programs[name](bufio.NewScanner(os.Stdin)))
	}
}

func cloud(path string) string {
	if rest, ok := strings.CutPrefix(path, "/data/"); ok {
		return "s3://b/" + rest
	}
	return ""
}

var programs = map[string]func(*bufio.Scanner) int{
	"lines": func(in *bufio.Scanner) int {
		for in.Scan() {
			fmt.Println(cloud(in.Text()))
		}
		return 0
	},
	"at the end": func(in *bufio.Scanner) int {
		var all []string
		for in.Scan() {
			all = append(all, cloud(in.Text()))
		}
		fmt.Print(strings.Join(all, "\n")) // and no line break
		return 0
	},
	"fails at 3": func(in *bufio.Scanner) int {
		for n := 1; in.Scan(); n++ {
			if n == 3 {
				fmt.Fprintln(os.Stderr, "no idea about", in.Text())
				return 7
			}
			fmt.Println(cloud(in.Text()))
		}
		return 0
	},
	"fails after all": func(in *bufio.Scanner) int {
		for in.Scan() {
			fmt.Println(cloud(in.Text()))
		}
		return 1
	},
	"one too few": func(in *bufio.Scanner) int {
		for n := 0; in.Scan(); n++ {
			if n != 2 {
				fmt.Println(cloud(in.Text()))
			}
		}
		return 0
	},
	"one too many": func(in *bufio.Scanner) int {
		for in.Scan() {
			fmt.Println(cloud(in.Text()))
		}
		fmt.Println("s3://b/extra")
		return 0
	},
	"reads nothing": func(*bufio.Scanner) int { return 0 },
	"closes output": func(in *bufio.Scanner) int {
		os.Stdout.Close()
		time.Sleep(time.Hour)
		return 0
	},
	"never ends": func(in *bufio.Scanner) int {
		for in.Scan() {
			fmt.Println(cloud(in.Text()))
		}
		time.Sleep(time.Hour)
		return 0
	},
	"never answers": func(in *bufio.Scanner) int {
		time.Sleep(time.Hour)
		return 0
	},
	"long": func(in *bufio.Scanner) int {
		fmt.Println(strings.Repeat("x", 2<<20))
		return 0
	},
	"leaves a child": func(in *bufio.Scanner) int {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), program+"=never answers")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Start(); err != nil {
			return 1
		}
		for in.Scan() {
			fmt.Println(cloud(in.Text()))
		}
		return 0
	},
}

func mapOf(t *testing.T, name string, patience time.Duration) *execmap.Map {
	t.Helper()
	t.Setenv(program, name)
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	if patience == 0 {
		patience = 10 * time.Minute // on a busy machine, too
	}
	m, err := execmap.New([]string{os.Args[0]}, execmap.Options{Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func questions(n int) iter.Seq2[pathmap.Path, error] {
	return func(yield func(pathmap.Path, error) bool) {
		for i := range n {
			path := fmt.Sprintf("/data/%d.jpg", i)
			if i%10 == 9 {
				path = fmt.Sprintf("/other/é %d", i)
			}
			if !yield(pathmap.Path{Path: path, ID: strconv.Itoa(i)}, nil) {
				return
			}
		}
	}
}

// answers asks about n paths and checks those answers that come.
func answers(t *testing.T, m pathmap.Mapper, n int) (int, error) {
	t.Helper()
	got := 0
	for a, err := range pathmap.Stream(t.Context(), m, questions(n)) {
		if err != nil {
			return got, err
		}
		if a.ID != strconv.Itoa(got) || a.To != cloud(a.Path.Path) || a.Known != (a.To != "") {
			t.Fatalf("answer %d is %+v", got, a)
		}
		got++
	}
	return got, nil
}

func TestStream(t *testing.T) {
	const many = 50_000 // more than fits into any pipe
	for _, c := range []struct {
		name    string
		n, want int // want -1: any number
		err     string
	}{
		{"lines", many, many, ""},
		{"lines", 0, 0, ""},
		{"at the end", many + 5, many + 5, ""}, // the last is known
		{"fails at 3", many, -1, "exit status 7; it said: no idea about /data/2.jpg"},
		{"fails after all", 20, 20, "exit status 1"},
		{"one too few", 3, -1, `ended after 2 answers, without one for "/data/2.jpg"`},
		{"one too many", 3, 3, `"s3://b/extra" where nothing was asked, after 3 answers`},
		{"reads nothing", many, 0, `ended after 0 answers, without one for "/data/0.jpg"`},
		{"closes output", many, 0, "did not end within"},
		{"never ends", 20, 20, "did not end within 300ms of its last answer"},
		{"long", 3, 0, "longer than"},
		{"leaves a child", 20, 20, ""},
	} {
		t.Run(fmt.Sprintf("%s %d", c.name, c.n), func(t *testing.T) {
			n, err := answers(t, mapOf(t, c.name, 300*time.Millisecond), c.n)
			if c.want >= 0 && n != c.want {
				t.Errorf("%d answers, want %d", n, c.want)
			}
			if c.err == "" && err != nil || c.err != "" && (!errors.Is(err, execmap.ErrProgram) || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

func TestStreamStops(t *testing.T) {
	m := mapOf(t, "lines", 0)
	for range m.Stream(t.Context(), questions(1_000_000)) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range m.Stream(ctx, questions(1_000_000)) {
		if n++; n == 10 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("cancelled: %v", last)
	}
	broken := errors.New("broken")
	for _, err := range m.Stream(t.Context(), func(yield func(pathmap.Path, error) bool) {
		_ = yield(pathmap.Path{Path: "/data/x"}, nil) && yield(pathmap.Path{}, broken)
	}) {
		last = err
	}
	if !errors.Is(last, broken) {
		t.Errorf("broken questions: %v", last)
	}
	for _, err := range m.Stream(t.Context(), func(yield func(pathmap.Path, error) bool) {
		yield(pathmap.Path{Path: "/data/x\ny"}, nil)
	}) {
		last = err
	}
	if !errors.Is(last, execmap.ErrProgram) || !strings.Contains(last.Error(), `"/data/x\ny" holds a line break`) {
		t.Errorf("a line break: %v", last)
	}
}

// First and Chain ask in one stream too, and keep the order.
func TestStreamCombined(t *testing.T) {
	m := mapOf(t, "at the end", 0) // alone it could not answer one by one
	odd := pathmap.Func(func(p string) (string, bool) {
		if strings.HasSuffix(p, "1.jpg") {
			return "gs://odd" + p, true
		}
		return "", false
	})
	last := pathmap.Prefix("/other", "gs://other")
	chain := pathmap.Chain(pathmap.Prefix("/data", "/data/new"), m, pathmap.Prefix("s3://b", "gs://c"))
	for name, c := range map[string]struct {
		m    pathmap.Mapper
		want func(string) string
	}{
		"first": {pathmap.First(odd, m, pathmap.First(last, m)), func(p string) string {
			if strings.HasSuffix(p, "1.jpg") {
				return "gs://odd" + p
			}
			if rest, ok := strings.CutPrefix(p, "/other"); ok {
				return "gs://other" + rest
			}
			return cloud(p)
		}},
		"chain": {chain, func(p string) string {
			if rest, ok := strings.CutPrefix(p, "/data"); ok {
				return "gs://c/new" + rest
			}
			return ""
		}},
	} {
		n := 0
		for a, err := range pathmap.Stream(t.Context(), c.m, questions(30_005)) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if want := c.want(a.Path.Path); a.To != want || a.Known != (want != "") || a.ID != strconv.Itoa(n) {
				t.Fatalf("%s: answer %d is %+v, want %q", name, n, a, want)
			}
			n++
		}
		if n != 30_005 {
			t.Errorf("%s: %d answers", name, n)
		}
	}
}

func TestMap(t *testing.T) {
	m := mapOf(t, "lines", 0)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 100 {
				path := fmt.Sprintf("/data/%d/%d", i, k)
				if to, err := m.Map(t.Context(), pathmap.Path{Path: path}); err != nil || to != cloud(path) {
					t.Errorf("%s: %q, %v", path, to, err)
				}
			}
		})
	}
	wg.Wait()
	if to, err := m.Map(t.Context(), pathmap.Path{Path: "/x"}); !errors.Is(err, pathmap.ErrNoAnswer) {
		t.Errorf("an empty line: %q, %v", to, err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if to, err := m.Map(t.Context(), pathmap.Path{Path: "/data/x"}); to != "s3://b/x" {
		t.Errorf("after Close: %q, %v", to, err)
	}
}

func TestMapFails(t *testing.T) {
	for name, want := range map[string]string{
		"at the end":    `no answer about "/data/x" within 300ms; it must flush`,
		"reads nothing": "ended without an answer",
		"long":          "longer than",
	} {
		patience := time.Duration(0) // for the program to start
		if strings.Contains(want, "300ms") {
			patience = 300 * time.Millisecond
		}
		m := mapOf(t, name, patience)
		_, err := m.Map(t.Context(), pathmap.Path{Path: "/data/x"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	m := mapOf(t, "never answers", 0)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // is meant to end
	defer cancel()
	if _, err := m.Map(ctx, pathmap.Path{Path: "/data/x"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNew(t *testing.T) {
	if _, err := execmap.New([]string{"no-such-program-anywhere"}, execmap.Options{}); !errors.Is(err, exec.ErrNotFound) {
		t.Error(err)
	}
	if _, err := execmap.New(nil, execmap.Options{}); !errors.Is(err, pathmap.ErrSpec) {
		t.Error(err)
	}
}

func TestSplit(t *testing.T) {
	for command, want := range map[string][]string{
		`python3 -u f.py`:             {"python3", "-u", "f.py"},
		"  a \t b  ":                  {"a", "b"},
		`sed 's,^/data,s3://b b,'`:    {"sed", "s,^/data,s3://b b,"},
		`a "b c"'d e' ""`:             {"a", "b cd e", ""},
		`a\ b "say \"x\"" 'c\'`:       {"a b", `say "x"`, `c\`},
		`C:\py\python.exe s/\./x/ \\`: {`C:\py\python.exe`, `s/\./x/`, `\`},
	} {
		if got, err := execmap.Split(command); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", command, got, err, want)
		}
	}
	for _, command := range []string{"", "   ", `a "b`, `it's`} {
		if got, err := execmap.Split(command); !errors.Is(err, pathmap.ErrSpec) {
			t.Errorf("%q: %q, %v", command, got, err)
		}
	}
}

// What the program says on stderr reaches the one who asks for it.
func TestStderr(t *testing.T) {
	t.Setenv(program, "fails at 3")
	r, w := io.Pipe()
	go func() {
		m, err := execmap.New([]string{os.Args[0]}, execmap.Options{Stderr: w})
		if err == nil {
			for range m.Stream(context.Background(), questions(5)) {
			}
		}
		w.Close()
	}()
	if said, _ := io.ReadAll(r); string(said) != "no idea about /data/2.jpg\n" {
		t.Errorf("got %q", said)
	}
}

// A program that is asked nothing is not started: it may not expect that.
func TestNothingToAsk(t *testing.T) {
	m, err := execmap.New([]string{"false"}, execmap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for a, err := range m.Stream(t.Context(), func(func(pathmap.Path, error) bool) {}) {
		t.Errorf("%v, %v", a, err)
	}
}
