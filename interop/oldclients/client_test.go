//go:build oldclients

package oldclients

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long one process may take that is not stuck.
const patience = 40 * time.Minute

// A client is a FiftyOne of one version.
type client struct {
	version, python, path string
}

// noPython is how setup.sh ends where a Python is missing.
const noPython = 3

// install makes sure that the versions are there. Where a Python for one is missing, it
// fails the test in continuous integration and skips it elsewhere.
func install(t *testing.T, versions []string) []client {
	t.Helper()
	cmd := exec.Command("./setup.sh", versions...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	last := lines[len(lines)-1]
	switch {
	case cmd.ProcessState.ExitCode() == noPython && os.Getenv("CI") == "":
		t.Skip(last)
	case cmd.ProcessState.ExitCode() == noPython:
		t.Fatal(last)
	case err != nil:
		t.Fatalf("setup.sh: %v\n%s", err, &stderr)
	}
	var all []client
	for line := range strings.Lines(stdout.String()) {
		parts := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(parts) != 3 {
			t.Fatalf("setup.sh prints %q", line)
		}
		all = append(all, client{parts[0], parts[1], parts[2]})
	}
	return all
}

// A place is where one case happens: a database, and a home for all that is written
// beside it.
type place struct {
	t    *testing.T
	home string
	env  []string
}

// newPlace makes a home of a directory. Old versions note their database's version in a
// file there and want their configurations to exist, and know one name of a database.
func newPlace(t *testing.T, uri, home string) place {
	t.Helper()
	p := place{t: t, home: home}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "FIFTYONE_") && !strings.HasPrefix(variable, "PYTHON") {
			p.env = append(p.env, variable)
		}
	}
	for _, kind := range []string{"", "APP_", "ANNOTATION_", "BRAIN_", "EVALUATION_"} {
		file := filepath.Join(p.home, strings.ToLower(kind)+"config.json")
		if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		p.env = append(p.env, "FIFTYONE_"+kind+"CONFIG_PATH="+file)
	}
	p.env = append(p.env, "FIFTYONE_DATABASE_URI="+uri, "FIFTYONE_DATABASE_NAME="+databaseName, "FIFTYONE_DATABASE_ADMIN=true",
		"FIFTYONE_DATABASE_VALIDATION=false", "FIFTYONE_DO_NOT_TRACK=true", "FIFTYONE_SHOW_PROGRESS_BARS=false",
		"FIFTYONE_MAX_THREAD_POOL_WORKERS=2", "FIFTYONE_MAX_PROCESS_POOL_WORKERS=1", "FIFTYONE_DEFAULT_DATASET_DIR="+p.home,
		"HOME="+p.home, "MPLCONFIGDIR="+p.home, "XDG_STATE_HOME="+p.home, "TMPDIR="+p.home, "TZ=UTC", "PYTHONHASHSEED=0")
	return p
}

// run runs a command; its exit code must be one of codes.
func (p place) run(cmd *exec.Cmd, codes ...int) ([]byte, error) {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	for _, code := range codes {
		if cmd.ProcessState.ExitCode() == code {
			return stdout.Bytes(), nil
		}
	}
	text := strings.TrimSpace(stdout.String() + "\n" + stderr.String())
	if len(text) > 1500 {
		text = "…" + text[len(text)-1500:]
	}
	return stdout.Bytes(), fmt.Errorf("%s ends with exit code %d after %v: %s", strings.Join(cmd.Args, " "), cmd.ProcessState.ExitCode(), time.Since(began).Round(time.Second), text)
}

// medialift runs the built binary.
func (p place) medialift(codes []int, args ...string) ([]byte, error) {
	p.t.Helper()
	binary := os.Getenv("MEDIALIFT_INTEROP_BINARY")
	if binary == "" {
		binary = filepath.Join("..", "..", "bin", "medialift")
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append(args, "--json", "--no-progress")...)
	cmd.Env = p.env
	return p.run(cmd, codes...)
}

// side runs a script with a client, and decodes the last line that it prints.
func (p place) side(c client, result any, script string, args ...string) error {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.python, append([]string{script}, args...)...)
	cmd.Env = p.env
	if c.path != "" {
		cmd.Env = append(p.env[:len(p.env):len(p.env)], "PYTHONPATH="+c.path)
	}
	text, err := p.run(cmd, 0)
	if err != nil {
		return err
	}
	text = bytes.TrimSpace(text)
	if err := json.Unmarshal(text[bytes.LastIndexByte(text, '\n')+1:], result); err != nil {
		return fmt.Errorf("%s of %s: %w in %.500q", script, c.version, err, text)
	}
	return nil
}
