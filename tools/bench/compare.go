package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// A figure is what one uploader took in one round.
type figure struct {
	wall, cpu float64 // seconds
	rss       float64 // MiB
}

// compare runs all uploaders against one kind of server and prints a table.
func compare(ctx context.Context, o options, s set, dir, files, against string, start func(context.Context, string) (*server, error)) error {
	list := uploaders(o, against != "versitygw")
	figures := make([][]figure, len(list))
	for round := range o.rounds {
		for i := range list {
			u := list[(i+round)%len(list)]
			f, err := once(ctx, u, dir, files, start)
			if err != nil {
				return fmt.Errorf("%s: %w", u.name, err)
			}
			figures[(i+round)%len(list)] = append(figures[(i+round)%len(list)], f)
			fmt.Fprintf(os.Stderr, "%s, %s, round %d: %s %.2f s, %.2f s CPU, %.0f MiB\n", s.name, against, round+1, u.name, f.wall, f.cpu, f.rss)
		}
	}
	print(s, against, list, figures)
	return nil
}

// once runs one uploader against a fresh server.
func once(ctx context.Context, u uploader, dir, files string, start func(context.Context, string) (*server, error)) (figure, error) {
	server, err := start(ctx, dir)
	if err != nil {
		return figure{}, err
	}
	defer server.stop()
	state, err := os.MkdirTemp(dir, "state-")
	if err != nil {
		return figure{}, err
	}
	defer func() { _ = os.RemoveAll(state) }()
	args := u.command(server, files, filepath.Join(state, "medialift"))
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = environment()
	began := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(began)
	if err != nil {
		return figure{}, fmt.Errorf("%w: %s", err, out)
	}
	f := figure{wall: wall.Seconds(), cpu: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.rss = float64(usage.Maxrss) / 1024
	}
	return f, nil
}

func print(s set, against string, list []uploader, figures [][]figure) {
	var bytes float64
	for i := range s.files {
		bytes += float64(s.size(i))
	}
	fmt.Printf("\n**%d %s, to %s**\n\n", s.files, s.says, against)
	fmt.Println("| uploader | wall, s (min–max) | objects/s | MB/s | client CPU, s | CPU an object, ms | peak RSS, MiB | wall ÷ medialift's | CPU ÷ medialift's |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	wall := func(f figure) float64 { return f.wall }
	cpu := func(f figure) float64 { return f.cpu }
	rss := func(f figure) float64 { return f.rss }
	for i, u := range list {
		w, lo, hi := median(figures[i], wall)
		c, _, _ := median(figures[i], cpu)
		_, _, r := median(figures[i], rss)
		own, _, _ := median(figures[0], wall)
		ownCPU, _, _ := median(figures[0], cpu)
		fmt.Printf("| %s | %.2f (%.2f–%.2f) | %.0f | %.1f | %.2f | %.3f | %.0f | %.2f | %.2f |\n", u.name, w, lo, hi,
			float64(s.files)/w, bytes/w/1e6, c, 1000*c/float64(s.files), r, w/own, c/ownCPU)
	}
}

func median(list []figure, of func(figure) float64) (mid, lo, hi float64) {
	var values []float64
	for _, f := range list {
		values = append(values, of(f))
	}
	slices.Sort(values)
	return values[len(values)/2], values[0], values[len(values)-1]
}
