package locate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// keeperMark is an argument of the process that keeps a mongod which is not run
// by FiftyOne's own service.
const keeperMark = "medialift-keeps-mongod"

// A program is what the embedded database can be run with.
type program struct {
	mongod string
	// python and service, if not empty, run it as FiftyOne does, so that a
	// FiftyOne that starts meanwhile joins instead of failing.
	python, service string
}

// start runs mongod on p.Dir until stop.
func (p Place) start(ctx context.Context) (server, error) {
	program, err := p.program(ctx)
	if err != nil {
		return server{}, err
	}
	log := filepath.Join(p.Dir, "log", "mongo.log")
	if err := os.MkdirAll(filepath.Dir(log), 0o777); err != nil {
		return server{}, fmt.Errorf("starting FiftyOne's embedded database: %w", err)
	}
	args := []string{program.mongod, "--dbpath", p.Dir, "--logpath", log, "--port", "0", "--nounixsocket"}
	var cmd *exec.Cmd
	if program.service != "" {
		cmd = exec.Command(program.python, append(append([]string{program.service}, serviceArguments()...), args...)...)
		cmd.Env = append(os.Environ(), "FIFTYONE_DISABLE_SERVICES=1")
	} else {
		cmd = keeper(args)
	}
	ownGroup(cmd)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = time.Second
	hold, err := cmd.StdinPipe()
	if err != nil {
		return server{}, fmt.Errorf("starting FiftyOne's embedded database: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return server{}, fmt.Errorf("starting FiftyOne's embedded database: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // what it says tells more than its status
		close(ended)
	}()
	wait := patience
	if program.service != "" {
		wait = patience / 12 // one that has got other clients meanwhile goes on
	}
	s := server{stop: func() error { return end(hold, ended, wait) }}
	self, err := process.NewProcessWithContext(ctx, int32(cmd.Process.Pid))
	if err == nil {
		var port uint32
		port, err = awaitPort(ctx, self, ended)
		s.uri = at(port)
	}
	if err != nil {
		_ = s.stop() // the first error counts
		if ctx.Err() != nil {
			return server{}, ctx.Err()
		}
		return server{}, fmt.Errorf("%w: %s does not run on %q; its log is %q: %s", ErrBusy, program.mongod, p.Dir, log, lastLine(said.String()))
	}
	return s, nil
}

// end lets go of a mongod, and waits for its end.
func end(hold io.Closer, ended <-chan struct{}, wait time.Duration) error {
	err := hold.Close()
	select {
	case <-ended:
	case <-time.After(wait):
	}
	if err != nil {
		return fmt.Errorf("ending FiftyOne's embedded database: %w", err)
	}
	return nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// program finds a mongod: the one that was named, FiftyOne's own, which fits the
// files best, or one on PATH.
func (p Place) program(ctx context.Context) (program, error) {
	if p.mongod != "" {
		path, err := exec.LookPath(p.mongod)
		if err != nil {
			return program{}, fmt.Errorf("%w: %w", ErrNoMongod, err)
		}
		return program{mongod: path}, nil
	}
	for _, python := range []string{filepath.Join(p.getenv("VIRTUAL_ENV"), "bin", "python"), "python", "python3"} {
		if found := ofPython(ctx, python); found.mongod != "" {
			return found, nil
		}
	}
	if path, err := exec.LookPath("mongod"); err == nil {
		return program{mongod: path}, nil
	}
	return program{}, fmt.Errorf("%w: neither the Python on PATH has one with FiftyOne, nor is there one on PATH", ErrNoMongod)
}

// ofPython finds the mongod of the FiftyOne that a Python has installed.
func ofPython(ctx context.Context, python string) program {
	path, err := exec.LookPath(python)
	if err != nil {
		return program{}
	}
	const where = "import importlib.util; print(importlib.util.find_spec('fiftyone').submodule_search_locations[0])"
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "-c", where).Output()
	if err != nil { // no FiftyOne
		return program{}
	}
	dir := strings.TrimSpace(string(out))
	mongod, err := exec.LookPath(filepath.Join(dir, "db", "bin", "mongod"))
	if err != nil {
		return program{}
	}
	found := program{mongod: mongod, python: path}
	if service := filepath.Join(dir, "service", "main.py"); exists(service) {
		found.service = service
	}
	return found
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
