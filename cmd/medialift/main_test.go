package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"medialift": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			return nil
		},
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"export": layOut, "manyrows": manyRows, "fails": fails},
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
	})
}

// build builds the real binary with the flags of "make build", so that whatever was
// compiled for that is not compiled once more.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "medialift-test-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "medialift")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return binary, nil
})

// A tool is the real binary with a state folder and an environment of its own.
type tool struct {
	t     *testing.T
	state string
	env   []string
}

func newTool(t *testing.T, env ...string) tool {
	t.Helper()
	state := t.TempDir()
	return tool{t, state, append(append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true", "XDG_STATE_HOME="+state), env...)}
}

// copy returns a tool of the same environment whose state folder starts as a
// copy of another.
func (m tool) copy(state fs.FS) tool {
	m.t.Helper()
	fresh := newTool(m.t)
	if err := os.CopyFS(fresh.state, state); err != nil {
		m.t.Fatal(err)
	}
	fresh.env = append(m.env[:len(m.env):len(m.env)], "XDG_STATE_HOME="+fresh.state)
	return fresh
}

func (m tool) command(args ...string) *exec.Cmd {
	m.t.Helper()
	binary, err := build()
	if err != nil {
		m.t.Fatalf("building medialift: %v", err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = m.env
	return cmd
}

// run runs the binary with --json and returns its document; another exit code
// than want fails the test.
func (m tool) run(want int, args ...string) document {
	m.t.Helper()
	cmd := m.command(append(args, "--json", "--no-progress")...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != want {
		m.t.Fatalf("medialift %v: exit %d, want %d: %v\n%s%s", args, code, want, err, &stdout, &stderr)
	}
	var doc document
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
		m.t.Fatalf("medialift %v: not one JSON document: %v\n%s", args, err, &stdout)
	}
	if doc.ExitCode != want {
		m.t.Errorf("medialift %v: the document says exit code %d, the process %d", args, doc.ExitCode, want)
	}
	return doc
}

// fails is the script command "fails CODE command args…": the command must end
// with that exit code.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE command args...")
	}
	var exit *exec.ExitError
	err := ts.Exec(args[1], args[2:]...)
	if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("%v: want exit code %s, got %v", args[1:], args[0], err)
	}
}
