// Command bench compares programs side by side in one run, and prints tables in
// Markdown; docs/benchmarks.md holds the latest. "make bench" runs it.
//
// A table is one piece of work: its rows are the programs that do it, as far as
// they are found on this machine. Every round runs each of them once, in turn,
// so that what else the machine does meets all of them; figures are medians of
// the rounds, with the spread. To add a table, write a file with a function
// that makes it and name that in entries.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	if len(os.Args) > 1 { // the parts that need a process of their own
		switch os.Args[1] {
		case "sink":
			exit(serveSink())
		case "bare":
			exit(bare(os.Args[2:]))
		}
	}
	var o options
	flag.StringVar(&o.medialift, "medialift", "bin/medialift", "the medialift `binary`")
	flag.StringVar(&o.gateway, "versitygw", os.Getenv("MEDIALIFT_TEST_VERSITYGW"), "the versitygw `binary`; without one there is no real server")
	flag.StringVar(&o.python, "python", "python3", "a `Python` that may have boto3")
	flag.StringVar(&o.fiftyOne, "fiftyone", os.Getenv("MEDIALIFT_INTEROP_VENV"), "a Python `environment` with FiftyOne and its mongod, as interop/setup.sh makes")
	flag.StringVar(&o.dir, "dir", os.TempDir(), "where files and servers' objects are kept meanwhile: a `directory` in memory gives steadier figures")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each program runs")
	flag.Float64Var(&o.scale, "scale", 1, "`fraction` of the files of each table")
	tables := flag.String("tables", "", "only these tables, by `name`, comma between them (default: all that take no long time)")
	rows := flag.String("rows", "", "only these rows, by the beginning of their `name`, comma between them")
	list := flag.Bool("list", false, "list the tables, and run nothing")
	flag.Parse()
	if *list {
		for _, e := range entries() {
			fmt.Printf("%-9s %s\n", e.name, e.says)
		}
		return
	}
	o.rows = names(*rows)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, o, names(*tables)))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// options are the flags.
type options struct {
	medialift, gateway, python, fiftyOne, dir string
	rounds                                    int
	scale                                     float64
	rows                                      []string
}

// files is how many files a table has that is planned with n of them.
func (o options) files(n int) int { return max(1, int(float64(n)*o.scale)) }

// wants tells whether a row is to be run.
func (o options) wants(row string) bool {
	for _, name := range o.rows {
		if strings.HasPrefix(row, name) {
			return true
		}
	}
	return len(o.rows) == 0
}

// An entry makes one table, or several of the same files.
type entry struct {
	name, says string
	// long ones are only run when they are named.
	long bool
	// tables keeps what it needs in dir, which is removed afterwards.
	tables func(o options, dir string) ([]table, error)
	// stop ends what tables has started; may be nil.
	stop func()
}

func entries() []entry {
	return []entry{small(), medium(), large(), inFlight(), million(), history(), database(), migrations(), migratedMillion()}
}

func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

func run(ctx context.Context, o options, wanted []string) error {
	known := map[string]bool{}
	for _, e := range entries() {
		known[e.name] = true
	}
	for _, name := range wanted {
		if !known[name] {
			return fmt.Errorf("no table %q: -list shows them", name)
		}
	}
	for _, e := range entries() {
		chosen := len(wanted) == 0 && !e.long
		for _, name := range wanted {
			chosen = chosen || name == e.name
		}
		if !chosen {
			continue
		}
		if err := e.run(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

func (e entry) run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp(o.dir, "medialift-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintf(os.Stderr, "%s: %s\n", e.name, e.says)
	if e.stop != nil {
		defer e.stop()
	}
	tables, err := e.tables(o, dir)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if err := t.run(ctx, o, dir); err != nil {
			return err
		}
	}
	return nil
}
