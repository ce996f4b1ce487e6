package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A table compares programs at one piece of work.
type table struct {
	title string
	// units is how many of unit the work is about, bytes how much they hold.
	units int
	unit  string
	bytes int64
	// to names the rows that the others are set in relation to.
	to   []string
	rows []row
	// rounds is the most that is worth while; 0: as many as asked for.
	rounds int
}

// A row is one program.
type row struct {
	name string
	// prepare makes ready what a run needs, in an empty directory.
	prepare func(ctx context.Context, dir string) (trial, error)
}

// A trial is one run of a program: only the command is measured.
type trial struct {
	args []string
	// told: the command's last line, "took SECONDS CPU", says what its work took,
	// without what is needed to begin.
	told bool
	// check fails unless all work was done; may be nil.
	check func() error
	// clean up afterwards; may be nil.
	clean func()
}

// A figure is what a program took in one round.
type figure struct {
	wall, cpu float64 // seconds; cpu of the program's process alone
	rss       float64 // MiB
}

// run runs all rows in turn and prints the table.
func (t table) run(ctx context.Context, o options, dir string) error {
	t.rows = slices.DeleteFunc(t.rows, func(r row) bool { return !o.wants(r.name) })
	if len(t.rows) == 0 {
		return nil
	}
	rounds := max(1, o.rounds)
	if t.rounds > 0 {
		rounds = min(rounds, t.rounds)
	}
	figures := make([][]figure, len(t.rows))
	for round := range rounds {
		for turn := range t.rows {
			i := (turn + round) % len(t.rows)
			f, err := t.rows[i].once(ctx, dir)
			if err != nil {
				return fmt.Errorf("%s: %w", t.rows[i].name, err)
			}
			figures[i] = append(figures[i], f)
			fmt.Fprintf(os.Stderr, "  %s, round %d: %s %.2f s, %.2f s CPU, %.0f MiB\n", t.title, round+1, t.rows[i].name, f.wall, f.cpu, f.rss)
		}
	}
	return t.write(os.Stdout, figures)
}

// once runs a program one time.
func (r row) once(ctx context.Context, dir string) (figure, error) {
	own, err := os.MkdirTemp(dir, "run-")
	if err != nil {
		return figure{}, err
	}
	defer func() { _ = os.RemoveAll(own) }()
	trial, err := r.prepare(ctx, own)
	if err != nil {
		return figure{}, err
	}
	if trial.clean != nil {
		defer trial.clean()
	}
	f, err := trial.measure(ctx)
	if err == nil && trial.check != nil {
		err = trial.check()
	}
	return f, err
}

func (t trial) measure(ctx context.Context) (figure, error) {
	f, out, err := measured(ctx, t.args)
	if err == nil && t.told {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if n, _ := fmt.Sscanf(lines[len(lines)-1], "took %g %g", &f.wall, &f.cpu); n != 2 {
			err = fmt.Errorf("it does not say what it took: %s", out)
		}
	}
	return f, err
}

// measure runs a command.
func measure(ctx context.Context, args []string) (figure, error) {
	f, _, err := measured(ctx, args)
	return f, err
}

// measured runs a command and answers what it printed. What the kernel says of its memory includes what this
// process held when it started it: so bench itself stays small.
func measured(ctx context.Context, args []string) (figure, []byte, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = environment()
	began := time.Now()
	out, err := cmd.CombinedOutput()
	f := figure{wall: time.Since(began).Seconds()}
	if ctx.Err() != nil {
		return f, out, ctx.Err()
	}
	if err != nil {
		return f, out, fmt.Errorf("%w: %s", err, out)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return f, out, errors.New("this system does not tell what a process took")
	}
	f.cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
	f.rss = float64(usage.Maxrss) / 1024
	return f, out, nil
}

// write prints the table: medians of the rounds, and the spread.
func (t table) write(w io.Writer, figures [][]figure) error {
	wall := func(f figure) float64 { return f.wall }
	cpu := func(f figure) float64 { return f.cpu }
	rss := func(f figure) float64 { return f.rss }
	head, rule := fmt.Sprintf("| program | wall, s | %ss/s | MB/s | CPU, s | CPU, ms/%s | RSS, MiB |", t.unit, t.unit), "|---"+strings.Repeat("|---:", 6)+"|"
	var bases []int
	for _, name := range t.to {
		if i := slices.IndexFunc(t.rows, func(r row) bool { return r.name == name }); i >= 0 {
			bases = append(bases, i)
			head += fmt.Sprintf(" wall ÷ %s's | CPU ÷ %s's |", name, name)
			rule += "---:|---:|"
		}
	}
	text := fmt.Sprintf("\n### %s\n\n%s\n%s\n", t.title, head, rule)
	for i, r := range t.rows {
		w, c, m := spreadOf(figures[i], wall), spreadOf(figures[i], cpu), spreadOf(figures[i], rss)
		text += fmt.Sprintf("| %s | %.2f (%.2f–%.2f) | %s | %.0f | %.2f (%.2f–%.2f) | %s | %.0f |", r.name, w.median, w.least, w.most,
			digits(float64(t.units)/w.median), float64(t.bytes)/w.median/1e6, c.median, c.least, c.most, digits(1000*c.median/float64(t.units)), m.most)
		for _, b := range bases {
			text += fmt.Sprintf(" %.2f | %.2f |", w.median/spreadOf(figures[b], wall).median, c.median/spreadOf(figures[b], cpu).median)
		}
		text += "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// digits spells x with three digits or more.
func digits(x float64) string {
	if x <= 0 {
		return "0"
	}
	return strconv.FormatFloat(x, 'f', max(0, 2-int(math.Floor(math.Log10(x)))), 64)
}

// A spread is what the rounds have shown of one quantity.
type spread struct{ median, least, most float64 }

func spreadOf(list []figure, of func(figure) float64) spread {
	var values []float64
	for _, f := range list {
		values = append(values, of(f))
	}
	slices.Sort(values)
	n := len(values)
	return spread{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]}
}
