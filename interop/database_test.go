//go:build interop

package interop

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// alone waits until no other test of this machine uses an embedded database, and keeps
// others waiting until the test ends: a FiftyOne attaches to any database service that
// its user runs, wherever its files are.
func alone(t *testing.T) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join("/tmp", fmt.Sprintf("medialift-embedded-%d.lock", os.Getuid())), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() }) // which gives the lock back
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
}

// embedded is FiftyOne without a database URI, with a home of its own.
func embedded(t *testing.T) (r realFiftyOne, dir string) {
	t.Helper()
	alone(t)
	venv, home := environment(t), t.TempDir()
	r = realFiftyOne{python: filepath.Join(venv, "bin", "python"), env: append(os.Environ(),
		"PATH="+filepath.Join(venv, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"), "HOME="+home,
		"FIFTYONE_DATABASE_URI=", "FIFTYONE_DATABASE_NAME=", "FIFTYONE_DATABASE_DIR=", "FIFTYONE_CONFIG_PATH="+filepath.Join(home, "none.json"),
		"FIFTYONE_DATABASE_VALIDATION=false", "FIFTYONE_DO_NOT_TRACK=true", "FIFTYONE_SHOW_PROGRESS_BARS=false",
		"XDG_STATE_HOME="+home, "PYTHONDONTWRITEBYTECODE=1")}
	return r, filepath.Join(home, ".fiftyone", "var", "lib", "mongo")
}

// says runs Python code with FiftyOne and returns the last line that it prints.
func (r realFiftyOne) says(t *testing.T, code string) string {
	t.Helper()
	cmd := exec.Command(r.python, "-c", "import fiftyone as fo\n"+code)
	cmd.Env = r.env
	text := strings.TrimSpace(string(output(t, cmd)))
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// medialift runs the built binary in the same environment; it must end with that
// exit code.
func (r realFiftyOne) medialift(t *testing.T, code int, args ...string) map[string]any {
	t.Helper()
	cmd := exec.Command(binary(), append(args, "--json")...)
	cmd.Env = r.env
	out, err := cmd.Output()
	var exit *exec.ExitError
	if got := cmd.ProcessState.ExitCode(); got != code || err != nil && !errors.As(err, &exit) {
		t.Fatalf("medialift %v: exit %d, want %d: %v\n%s", args, got, code, err, out)
	}
	var doc map[string]any
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// unused waits until no mongod has the files of an embedded database.
func unused(t *testing.T, dir string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if text, err := os.ReadFile(filepath.Join(dir, "mongod.lock")); err == nil && len(text) == 0 {
			return
		}
	}
	t.Fatal("a mongod still runs on the embedded database")
}

const makeMine = `
dataset = fo.Dataset("mine", persistent=True)
dataset.add_samples([fo.Sample(filepath="/data/%d.png" % i) for i in range(30)])
`

// FiftyOne's own database is used whether a Python holds it or not, by whoever
// came first, and nobody is left with a mongod that runs on or ends too early.
func TestEmbeddedDatabase(t *testing.T) {
	r, dir := embedded(t)
	r.says(t, makeMine)
	unused(t, dir)
	if doc := r.medialift(t, 0, "info", "mine", "--no-files"); doc["counts"].(map[string]any)["rows"] != 30.0 {
		t.Errorf("%v", doc)
	}
	unused(t, dir)
	folder := filepath.Join(t.TempDir(), "export")
	r.medialift(t, 0, "export", "mine", folder)
	unused(t, dir)
	if _, err := os.Stat(filepath.Join(folder, "samples.json")); err != nil {
		t.Error(err)
	}
	rewrite := []string{"rewrite", "mine", "--map", "prefix:/data=s3://b"}
	r.medialift(t, 4, rewrite...) // not without a terminal, unless asked for
	doc := r.medialift(t, 0, append(rewrite, "--embedded")...)
	unused(t, dir)

	// Now a Python holds it, and reads what is written meanwhile.
	cmd := exec.Command(r.python, "-u", "-c", `
import fiftyone as fo
dataset = fo.load_dataset("mine")
print(dataset.first().filepath)
input()
dataset.reload()
print(dataset.values("filepath")[0])
input()
`)
	cmd.Env = r.env
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func() string {
		for lines.Scan() {
			if text := lines.Text(); strings.HasSuffix(text, ".png") {
				return text
			}
		}
		t.Fatal("Python ended")
		return ""
	}
	if got := next(); got != "s3://b/0.png" {
		t.Errorf("FiftyOne sees %q", got)
	}
	r.medialift(t, 0, "undo", doc["run"].(string), "--embedded")
	in.Write([]byte("\n"))
	if got := next(); got != "/data/0.png" {
		t.Errorf("after undo, FiftyOne sees %q", got)
	}
	in.Write([]byte("\n"))
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	unused(t, dir)
	if got := r.says(t, `print(len(fo.load_dataset("mine")))`); got != "30" {
		t.Errorf("in the end there are %s samples", got)
	}
}

// editor is a map that has real FiftyOne edit a sample before it answers.
const editor = `
import itertools
import sys
first = sys.stdin.readline()  # the plan has been made by then
import fiftyone as fo
sample = fo.load_dataset("mine").skip(3).first()
sample["filepath"] = "/edited.png"
sample.save()
for line in itertools.chain([first], sys.stdin):
    print(line.rstrip("\n").replace("/data", "s3://b"), flush=True)
`

// What a person edits in FiftyOne while a rewrite runs is kept and reported, and
// views of FiftyOne's show the new paths of all else.
func TestEditedMeanwhile(t *testing.T) {
	r := start(t)
	r.env = append(r.env, "XDG_STATE_HOME="+t.TempDir())
	r.says(t, makeMine+`
dataset.add_samples([fo.Sample(filepath="/data/last.png", gt=fo.Detections(detections=[fo.Detection(label="a", bounding_box=[0, 0, 1, 1], mask_path="/data/m.png")]))], dynamic=True)
dataset.save_view("patches", dataset.to_patches("gt"))
dataset.load_saved_view("patches")
`)
	program := filepath.Join(t.TempDir(), "editor.py")
	if err := os.WriteFile(program, []byte(editor), 0o600); err != nil {
		t.Fatal(err)
	}
	doc := r.medialift(t, 3, "rewrite", "mine", "--map", "exec:"+r.python+" -u "+program)
	rows := r.medialift(t, 0, "runs", doc["run"].(string), "--rows", "changed")["rows"].([]any)
	if len(rows) != 1 || rows[0].(map[string]any)["path"] != "/data/3.png" {
		t.Errorf("changed rows: %v", rows)
	}
	got := r.says(t, `
dataset = fo.load_dataset("mine")
paths = dataset.values("filepath")
patch = dataset.load_saved_view("patches").first()
print(paths[3], sum(path.startswith("s3://b/") for path in paths), patch.filepath, patch.gt.mask_path)
`)
	if want := "/edited.png 30 s3://b/last.png s3://b/m.png"; got != want {
		t.Errorf("FiftyOne sees %q, want %q", got, want)
	}
	r.medialift(t, 0, "undo", doc["run"].(string))
	if got := r.says(t, `print(*fo.load_dataset("mine").values("filepath"))`); strings.Count(got, "/data/") != 30 || !strings.Contains(got, "/edited.png") {
		t.Errorf("after undo, FiftyOne sees %q", got)
	}
}
