// Fuzz runs every fuzz target of this module for a while and writes one line for
// each: how often it was executed, and whether it failed. It ends with 1 if any
// target failed, or none was found.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A target is one function "func FuzzX(f *testing.F)".
type target struct {
	dir, name string
	tags      string // which its file wants, or ""
}

// A result is what became of running one.
type result struct {
	executions, interesting int64
	failed                  bool
	known                   bool // it had time only for inputs that it knew
}

func main() {
	span := flag.String("time", "60s", "how long each target runs, as go test -fuzztime")
	only := flag.String("run", "", "only the targets whose name matches this `regexp`")
	flag.Parse()
	failed, err := run(".", *span, *only, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
	}
	if failed > 0 || err != nil {
		os.Exit(1)
	}
}

func run(root, span, only string, out io.Writer) (failed int, err error) {
	chosen, err := regexp.Compile(only)
	if err != nil {
		return 0, err
	}
	targets, err := find(root)
	if err != nil {
		return 0, err
	}
	ran, total := 0, int64(0)
	for _, t := range targets {
		if !chosen.MatchString(t.name) {
			continue
		}
		r, said, err := t.run(root, span)
		if err != nil {
			return failed, err
		}
		ran++
		total += r.executions
		fmt.Fprintln(out, line(t, r))
		if r.failed {
			failed++
			fmt.Fprint(out, said)
		}
	}
	fmt.Fprintf(out, "%d targets, %d executions, %d failures\n", ran, total, failed)
	if ran == 0 {
		return failed, fmt.Errorf("no fuzz target matches %q", only)
	}
	return failed, nil
}

func line(t target, r result) string {
	end := "ok"
	if r.failed {
		end = "FAILED"
	}
	return fmt.Sprintf("%-32s %-36s %10d executions %6d interesting  %s", t.dir, t.name, r.executions, r.interesting, end)
}

var (
	declared = regexp.MustCompile(`(?m)^func (Fuzz[A-Za-z0-9_]*)\([a-z]+ \*testing\.F\)`)
	wanted   = regexp.MustCompile(`(?m)^//go:build ([a-z]+)$`)
)

// find lists the targets below root, except those of other modules.
func find(root string) ([]target, error) {
	var list []target
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, other := os.Stat(filepath.Join(path, "go.mod"))
			if path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || other == nil) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		tags := ""
		if m := wanted.FindSubmatch(text); m != nil {
			tags = string(m[1])
		}
		for _, m := range declared.FindAllSubmatch(text, -1) {
			list = append(list, target{"./" + filepath.ToSlash(dir), string(m[1]), tags})
		}
		return nil
	})
	return list, err
}

// patience is how many times longer a target runs at most until it has got past
// the inputs that it knew.
const patience = 32

// run executes the target for a while, and returns what go test said. Go counts
// the time for the known inputs too: where nothing else fitted in, it runs for
// longer.
func (t target) run(root, span string) (result, string, error) {
	for factor := time.Duration(1); ; factor *= 2 {
		r, said, err := t.once(root, longer(span, factor))
		if err != nil || !r.known || factor == patience {
			return r, said, err
		}
	}
}

// longer is a span of time, several times. A number of executions, which needs no
// time, stays as it is.
func longer(span string, factor time.Duration) string {
	d, err := time.ParseDuration(span)
	if err != nil {
		return span
	}
	return (d * factor).String()
}

func (t target) once(root, span string) (result, string, error) {
	cmd := exec.Command("go", "test", "-tags", t.tags, "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", span,
		"-fuzzminimizetime", "20x", t.dir) // by itself, Go makes one long input smaller for a minute
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		return result{}, "", err
	}
	r := read(string(out))
	r.failed = r.failed || err != nil
	return r, string(out), nil
}

// progress is a line of go test -fuzz, like
// "fuzz: elapsed: 3s, execs: 102534 (34172/sec), new interesting: 4 (total: 12)".
var (
	progress = regexp.MustCompile(`^fuzz: elapsed: .*, execs: (\d+) \([^)]*\)(?:, new interesting: (\d+))?`)
	baseline = regexp.MustCompile(`^fuzz: elapsed: .*, gathering baseline coverage: \d+/\d+ completed$`)
)

// read finds the last count, and whether an input has failed. A target that was not
// executed at all has failed, too.
func read(said string) result {
	var r result
	lines := bufio.NewScanner(strings.NewReader(said))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text := lines.Text()
		if m := progress.FindStringSubmatch(text); m != nil {
			r.executions, _ = strconv.ParseInt(m[1], 10, 64)
			r.interesting, _ = strconv.ParseInt(m[2], 10, 64)
		}
		r.known = r.known || baseline.MatchString(text)
		if strings.HasPrefix(text, "--- FAIL:") || text == "FAIL" || strings.HasPrefix(text, "FAIL\t") || strings.HasPrefix(text, "panic:") {
			r.failed = true
		}
	}
	r.known = r.known && r.executions == 0 && !r.failed
	r.failed = r.failed || r.executions == 0
	return r
}
