package main

import (
	"context"
	_ "embed" // for the Python side
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed database.py
var databasePython string

// database is export, import and rewrite of a dataset in a real mongod, beside
// real FiftyOne.
func database() entry {
	const samples = 100_000
	b := &bench{}
	return entry{name: "database", says: fmt.Sprintf("export, import and rewrite of %d samples with 5 detections each, beside FiftyOne", samples),
		tables: func(o options, dir string) ([]table, error) {
			if o.fiftyOne == "" {
				fmt.Fprintln(os.Stderr, "  left out: -fiftyone names no environment; interop/setup.sh makes one")
				return nil, nil
			}
			return b.tables(o, dir, o.files(samples))
		},
		stop: b.stop,
	}
}

// A bench is a mongod with the dataset in it.
type bench struct {
	o      options
	n      int
	dir    string
	uri    string
	export string // made by medialift
	script string
	mongod *exec.Cmd
	runs   int
}

const fiftyOneRow = "FiftyOne"

func (b *bench) tables(o options, dir string, n int) ([]table, error) {
	b.o, b.n, b.dir = o, n, dir
	if err := b.start(); err != nil {
		return nil, err
	}
	b.script = filepath.Join(dir, "database.py")
	if err := os.WriteFile(b.script, []byte(databasePython), 0o600); err != nil {
		return nil, err
	}
	ctx := context.Background()
	if _, err := measure(ctx, b.python("bench", "make", fmt.Sprint(n))); err != nil {
		return nil, fmt.Errorf("making the dataset: %w", err)
	}
	b.export = filepath.Join(dir, "export")
	if _, err := measure(ctx, b.medialift("bench", "export", "bench", b.export)); err != nil {
		return nil, err
	}
	info, err := os.Stat(filepath.Join(b.export, "samples.json"))
	if err != nil {
		return nil, err
	}
	t := table{units: n, unit: "sample", bytes: info.Size(), to: []string{fiftyOneRow}}
	what := fmt.Sprintf("%d samples with 5 detections", n)
	exports, imports, rewrites := t, t, t
	exports.title, exports.rows = "Export of "+what, b.exports()
	imports.title, imports.rows = "Import of "+what, b.imports()
	rewrites.title, rewrites.rows = "Rewrite of the filepaths of "+what, b.rewrites()
	return []table{exports, imports, rewrites}, nil
}

// medialift is a command on one database, with a state folder of its own.
func (b *bench) medialift(database string, args ...string) []string {
	b.runs++
	return append([]string{b.o.medialift}, append(args, "--database-uri", b.uri, "--database-name", database,
		"--state", filepath.Join(b.dir, fmt.Sprint("state-", b.runs)), "--no-progress")...)
}

// python is a command of database.py; env has it read which database.
func (b *bench) python(database string, args ...string) []string {
	home := filepath.Join(b.dir, "home")
	return append([]string{"env", "FIFTYONE_DATABASE_URI=" + b.uri, "FIFTYONE_DATABASE_NAME=" + database, "FIFTYONE_DATABASE_VALIDATION=false",
		"FIFTYONE_DO_NOT_TRACK=true", "FIFTYONE_CONFIG_PATH=" + filepath.Join(home, "config.json"), "FIFTYONE_DEFAULT_DATASET_DIR=" + home,
		"HOME=" + home, filepath.Join(b.o.fiftyOne, "bin", "python"), b.script}, args...)
}

func (b *bench) exports() []row {
	written := func(dir string) func() error {
		return func() error {
			info, err := os.Stat(filepath.Join(dir, "samples.json"))
			if err == nil && info.Size() < int64(b.n)*100 {
				err = errors.New("samples are missing")
			}
			return err
		}
	}
	return []row{
		{ourRow, func(_ context.Context, dir string) (trial, error) {
			out := filepath.Join(dir, "out")
			return trial{args: b.medialift("bench", "export", "bench", out), check: written(out)}, nil
		}},
		{fiftyOneRow, func(_ context.Context, dir string) (trial, error) {
			out := filepath.Join(dir, "out")
			return trial{args: b.python("bench", "export", out), check: written(out), told: true}, nil
		}},
	}
}

func (b *bench) imports() []row {
	fresh := func() string {
		b.runs++
		return fmt.Sprint("bench-", b.runs)
	}
	return []row{
		{ourRow, func(context.Context, string) (trial, error) {
			return trial{args: b.medialift(fresh(), "import", b.export, "--create-database")}, nil
		}},
		{fiftyOneRow, func(context.Context, string) (trial, error) {
			return trial{args: b.python(fresh(), "import", b.export), told: true}, nil
		}},
	}
}

const (
	starMap = "def get_cloud_path(filepath):\n    if filepath.startswith('/data/bench/'):\n        return '/mnt/new/' + filepath[len('/data/bench/'):]\n    return None\n"
	execMap = "import sys\nfor line in sys.stdin:\n    print(line[:-1].replace('/data/bench/', '/mnt/new/'))\n"
)

func (b *bench) rewrites() []row {
	star, program := filepath.Join(b.dir, "map.star"), filepath.Join(b.dir, "map.py")
	rows := []row{}
	// add adds a row whose work is taken back after it, and checked.
	add := func(name string, told bool, args func() []string) {
		rows = append(rows, row{name, func(ctx context.Context, _ string) (trial, error) {
			err := errors.Join(os.WriteFile(star, []byte(starMap), 0o600), os.WriteFile(program, []byte(execMap), 0o600))
			return trial{args: args(), told: told, check: func() error {
				_, err := measure(ctx, b.medialift("bench", "rewrite", "db:bench", "--map", "prefix:/mnt/new=/data/bench"))
				return err // refused unless every path is there
			}}, err
		}})
	}
	for _, m := range []string{"prefix:/data/bench=/mnt/new", "star:" + star, "exec:" + filepath.Join(b.o.fiftyOne, "bin", "python") + " -u " + program} {
		kind, _, _ := strings.Cut(m, ":")
		add(ourRow+", "+kind+":", false, func() []string { return b.medialift("bench", "rewrite", "db:bench", "--map", m) })
	}
	add(fiftyOneRow, true, func() []string { return b.python("bench", "rewrite", "/data/bench/", "/mnt/new/") })
	return rows
}

// start starts the mongod that comes with FiftyOne.
func (b *bench) start() error {
	mongods, err := filepath.Glob(filepath.Join(b.o.fiftyOne, "lib/python3*/site-packages/fiftyone/db/bin/mongod"))
	if err != nil || len(mongods) == 0 {
		return fmt.Errorf("no mongod in %q", b.o.fiftyOne)
	}
	data := filepath.Join(b.dir, "db")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(addr)
	b.uri = "mongodb://" + addr
	b.mongod = exec.Command(mongods[0], "--dbpath", data, "--port", port, "--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "1")
	if err := b.mongod.Start(); err != nil {
		return err
	}
	for range 300 {
		if c, err := net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("mongod does not come up")
}

func (b *bench) stop() {
	if b.mongod != nil && b.mongod.Process != nil {
		_ = b.mongod.Process.Kill()
		_ = b.mongod.Wait()
	}
}
