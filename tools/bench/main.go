// Command bench compares uploaders side by side in one run: medialift, a bare
// loop of PUTs (the limit of this machine), and s5cmd, rclone and boto3 where
// they are found. It prints a table in Markdown; "make bench" puts it into
// docs/benchmarks.md.
//
// Every round runs each uploader once, in turn, so that what else the machine
// does meets all of them; figures are medians of the rounds, with the spread.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "sink":
			serveSink()
			return
		case "bare":
			bare(os.Args[2:])
			return
		}
	}
	var o options
	flag.StringVar(&o.medialift, "medialift", "bin/medialift", "the medialift binary")
	flag.StringVar(&o.gateway, "versitygw", os.Getenv("MEDIALIFT_TEST_VERSITYGW"), "the versitygw binary; none: no real server")
	flag.StringVar(&o.python, "python", "python3", "a Python that may have boto3")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each uploader runs")
	flag.StringVar(&o.sets, "sets", "small,medium,large", "which sets of files")
	flag.Float64Var(&o.scale, "scale", 1, "fraction of the files of each set")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	medialift, gateway, python, sets string
	rounds                           int
	scale                            float64
}

// A set is a kind of files to send.
type set struct {
	name, says string
	files      int
	size       func(i int) int64
	sink, real bool // against which servers
}

const mib = 1 << 20

func sets(o options) []set {
	n := func(files int) int { return max(2, int(float64(files)*o.scale)) }
	all := []set{
		{"small", "files of 8–60 KB", n(20000), func(i int) int64 { return 8000 + int64(i)*7919%52000 }, true, true},
		{"medium", "files of 8 MB", n(200), func(int) int64 { return 8 * mib }, false, true},
		{"large", "files of 512 MB", n(2), func(int) int64 { return 512 * mib }, false, true},
	}
	var chosen []set
	for _, s := range all {
		if strings.Contains(","+o.sets+",", ","+s.name+",") {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "medialift-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, s := range sets(o) {
		files := filepath.Join(dir, s.name)
		if err := s.write(files); err != nil {
			return err
		}
		if s.sink {
			if err := compare(ctx, o, s, dir, files, "a sink that discards", startSink); err != nil {
				return err
			}
		}
		if s.real && o.gateway != "" {
			start := func(ctx context.Context, dir string) (*server, error) { return startGateway(ctx, dir, o.gateway) }
			if err := compare(ctx, o, s, dir, files, "versitygw", start); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(files); err != nil {
			return err
		}
	}
	return nil
}

// write makes the files of a set, and an export directory that names them.
func (s set) write(dir string) error {
	media, export := filepath.Join(dir, "media"), filepath.Join(dir, "export")
	for _, d := range []string{media, export} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	block := make([]byte, mib)
	for i := range block {
		block[i] = byte(i * 2654435761 >> 11)
	}
	var samples strings.Builder
	for i := range s.files {
		path := filepath.Join(media, fmt.Sprintf("%02d", i%100), fmt.Sprintf("%06d.jpg", i))
		if err := writeFile(path, block, s.size(i), i); err != nil {
			return err
		}
		if i > 0 {
			samples.WriteByte(',')
		}
		fmt.Fprintf(&samples, `{"_id": {"$oid": "%024x"}, "filepath": %q}`, i+1, path)
	}
	const metadata = `{"name": "bench", "version": "1.22.1", "media_type": "image", "app_config": {"media_fields": ["filepath"]},
"sample_fields": [{"name": "filepath", "ftype": "fiftyone.core.fields.StringField", "fields": [], "db_field": "filepath"}]}`
	if err := os.WriteFile(filepath.Join(export, "metadata.json"), []byte(metadata), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(export, "samples.json"), []byte(`{"samples": [`+samples.String()+`]}`), 0o600)
}

func writeFile(path string, block []byte, size int64, seed int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if _, err := fmt.Fprintf(f, "%08d", seed); err != nil {
		return err
	}
	for left := size - 8; left > 0; left -= int64(len(block)) {
		if _, err := f.Write(block[:min(left, int64(len(block)))]); err != nil {
			return err
		}
	}
	return f.Close()
}
