//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A realFiftyOne is FiftyOne's Python over a mongod of its own.
type realFiftyOne struct {
	python string
	env    []string
}

// A description is what fiftyone_side.py says of an export.
type description struct {
	MediaType string `json:"media_type"`
	Samples   []string
	Frames    []string
	Masks     int
	Paths     []string
	Assets    []string // of 3D scenes
}

// environment is the Python environment that MEDIALIFT_INTEROP_VENV names, else
// the one that setup.sh makes.
func environment(t *testing.T) string {
	t.Helper()
	venv := os.Getenv("MEDIALIFT_INTEROP_VENV")
	if venv == "" {
		venv = strings.TrimSpace(string(output(t, exec.Command("./setup.sh"))))
	}
	return venv
}

// start starts a mongod for the length of the test.
func start(t *testing.T) realFiftyOne {
	t.Helper()
	venv := environment(t)
	mongods, err := filepath.Glob(filepath.Join(venv, "lib/python3*/site-packages/fiftyone/db/bin/mongod"))
	if err != nil || len(mongods) == 0 {
		t.Fatalf("no mongod in %q: %v", venv, err)
	}
	home := t.TempDir()
	return realFiftyOne{
		python: filepath.Join(venv, "bin", "python"),
		env: append(os.Environ(),
			fmt.Sprintf("FIFTYONE_DATABASE_URI=mongodb://127.0.0.1:%d", startMongod(t, mongods[0])),
			"FIFTYONE_DATABASE_NAME=interop", "FIFTYONE_DATABASE_VALIDATION=false", "FIFTYONE_DO_NOT_TRACK=true",
			"FIFTYONE_CONFIG_PATH="+filepath.Join(home, "config.json"), "FIFTYONE_DEFAULT_DATASET_DIR="+home,
			"FIFTYONE_SHOW_PROGRESS_BARS=false", "HOME="+home, "PYTHONDONTWRITEBYTECODE=1",
		),
	}
}

// startMongod answers the port of a mongod that the end of the test kills. Another
// process may take the port before it does: then there is another one.
func startMongod(t *testing.T, binary string) int {
	t.Helper()
	var err error
	for range 5 {
		var port int
		if port, err = tryMongod(t, binary, freePort(t)); err == nil {
			return port
		}
	}
	t.Fatal(err)
	return 0
}

func tryMongod(t *testing.T, binary string, port int) (int, error) {
	t.Helper()
	dir := t.TempDir()
	var log bytes.Buffer
	mongod := exec.Command(binary, "--dbpath", dir, "--port", fmt.Sprint(port), "--bind_ip", "127.0.0.1",
		"--nounixsocket", "--wiredTigerCacheSizeGB", "0.5")
	mongod.Stdout, mongod.Stderr = &log, &log
	if err := mongod.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() {
		exited <- mongod.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		if err := mongod.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("stopping mongod: %v", err)
		}
		<-exited
	})
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		select {
		case err := <-exited:
			return 0, fmt.Errorf("mongod ended: %w\n%s", err, log.String())
		default:
		}
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			conn.Close()
			return port, nil
		}
	}
	return 0, fmt.Errorf("mongod does not answer on port %d", port)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// run runs a command of fiftyone_side.py.
func (f realFiftyOne) run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(f.python, append([]string{"fiftyone_side.py"}, args...)...)
	cmd.Env = f.env
	return output(t, cmd)
}

func (f realFiftyOne) describe(t *testing.T, export string) description {
	t.Helper()
	text := f.run(t, "describe", export)
	var d description
	// FiftyOne may print lines of its own before the document.
	if err := json.Unmarshal(text[max(0, bytes.LastIndexByte(text, '\n')):], &d); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return d
}

// binary is the built binary, which MEDIALIFT_INTEROP_BINARY names.
func binary() string {
	if path := os.Getenv("MEDIALIFT_INTEROP_BINARY"); path != "" {
		return path
	}
	return filepath.Join("..", "bin", "medialift")
}

// medialift runs the built binary.
func medialift(t *testing.T, state string, args ...string) []byte {
	t.Helper()
	return output(t, exec.Command(binary(), append(args, "--state", state)...))
}

// lastRun names the newest run.
func lastRun(t *testing.T, state string) string {
	t.Helper()
	var listed struct{ Runs []struct{ Run string } }
	text := medialift(t, state, "runs", "--json")
	if err := json.Unmarshal(text, &listed); err != nil || len(listed.Runs) == 0 {
		t.Fatalf("no run in %s: %v", text, err)
	}
	return listed.Runs[0].Run
}

// output runs cmd and answers its stdout; anything but success ends the test.
func output(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, stdout, stderr.String())
	}
	return stdout
}
