// Testlog reads what "go test -json" prints and writes one line for every test
// that ended and every package, with the whole output of those that failed.
// It exits 1 if anything failed, or nothing was read.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// An event is one line of "go test -json": see "go doc test2json".
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64
	Output  string
}

func main() {
	failed, err := summarize(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
	}
	if failed || err != nil {
		os.Exit(1)
	}
}

func summarize(in io.Reader, out io.Writer) (failed bool, err error) {
	output := map[string]*strings.Builder{} // by package and test
	count := map[string]int{}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(out, "%s", line) // not from the tests: a compiler's or go's own words
				continue
			}
			failed = e.write(out, output, count) || failed
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return failed, err
		}
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", count["pass"], count["fail"], count["skip"])
	if len(output) == 0 {
		return true, fmt.Errorf("no test ran")
	}
	return failed, nil
}

// write handles one event and tells whether it is a failure.
func (e event) write(out io.Writer, output map[string]*strings.Builder, count map[string]int) bool {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if output[key] == nil {
			output[key] = &strings.Builder{}
		}
		output[key].WriteString(e.Output)
		if e.Action == "build-output" {
			fmt.Fprint(out, e.Output)
		}
	case "pass", "fail", "skip":
		if e.Test != "" {
			count[e.Action]++
		}
		text := ""
		if kept := output[key]; kept != nil && (e.Action == "fail" || e.Action == "skip" && e.Test != "") {
			text = kept.String()
		}
		fmt.Fprintf(out, "%s %s (%.2fs)\n%s", strings.ToUpper(e.Action), strings.TrimSpace(key), e.Elapsed, text)
		output[key] = &strings.Builder{}
		return e.Action == "fail"
	case "build-fail":
		return true
	}
	return false
}
