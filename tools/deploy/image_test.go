package deploy

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// tree is the root of the sources, seen from here.
const tree = "../.."

// The user that the image runs as: "nonroot" of distroless.
const user = "65532"

// stages parses the Dockerfile as BuildKit does.
func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(tree, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range file.Warnings {
		t.Errorf("Dockerfile: %s", warning.Short)
	}
	list, _, err := instructions.Parse(file.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 {
		t.Fatalf("%d stages, want one that builds and one that runs", len(list))
	}
	return list
}

// buildContext copies what a build sees: the sources without what .dockerignore names.
func buildContext(t *testing.T) string {
	t.Helper()
	ignore, err := os.Open(filepath.Join(tree, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	defer ignore.Close()
	patterns, err := ignorefile.ReadAll(ignore)
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	err = filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == tree {
			return err
		}
		name, err := filepath.Rel(tree, path)
		if err != nil {
			return err
		}
		ignored, err := matcher.MatchesOrParentMatches(filepath.ToSlash(name))
		switch {
		case err != nil:
			return err
		case ignored && d.IsDir() && !matcher.Exclusions():
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		case ignored || !d.Type().IsRegular():
			return nil
		}
		return copyFile(path, filepath.Join(dir, name))
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if closed := out.Close(); err == nil {
		err = closed
	}
	return err
}

// TestImageBuild runs the command of the Dockerfile that builds the program on
// just the files that a build would see.
func TestImageBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	dir := buildContext(t)
	program := filepath.Join(t.TempDir(), "medialift")
	var built bool
	for _, command := range stages(t)[0].Commands {
		run, ok := command.(*instructions.RunCommand)
		if !ok || !strings.Contains(strings.Join(run.CmdLine, " "), "go build") {
			continue
		}
		line := strings.ReplaceAll(strings.Join(run.CmdLine, " "), "/out/medialift", program)
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH, "VERSION=v1.2.3-image", "GOFLAGS=", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		built = true
	}
	if !built {
		t.Fatal("no command builds the program")
	}
	out, err := exec.CommandContext(t.Context(), program, "version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "v1.2.3-image") {
		t.Errorf("version says %q, %v", out, err)
	}
}

// TestImageCopies looks for everything that is copied out of the sources in what
// a build would see, and what a stage takes from another in its commands.
func TestImageCopies(t *testing.T) {
	dir := buildContext(t)
	list := stages(t)
	made := list[0].Name + ": "
	for _, command := range list[0].Commands {
		if run, ok := command.(*instructions.RunCommand); ok {
			made += strings.Join(run.CmdLine, " ") + "\n"
		}
	}
	for _, stage := range list {
		for _, command := range stage.Commands {
			copied, ok := command.(*instructions.CopyCommand)
			if !ok {
				continue
			}
			for _, path := range copied.SourcePaths {
				switch copied.From {
				case "":
					if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
						t.Errorf("COPY %s: %v", path, err)
					}
				case list[0].Name:
					if !strings.Contains(made, path) {
						t.Errorf("COPY --from=%s %s: nothing there makes it", copied.From, path)
					}
				default:
					t.Errorf("COPY --from=%s: no such stage", copied.From)
				}
			}
		}
	}
}

// TestImageRun checks what a container of the image is: not root, its state in a
// volume that its user owns, and medialift what it runs.
func TestImageRun(t *testing.T) {
	var state, entry, volumes, users, owned []string
	for _, command := range stages(t)[1].Commands {
		switch c := command.(type) {
		case *instructions.EnvCommand:
			for _, pair := range c.Env {
				if pair.Key == "XDG_STATE_HOME" {
					state = append(state, pair.Value)
				}
			}
		case *instructions.VolumeCommand:
			volumes = append(volumes, c.Volumes...)
		case *instructions.UserCommand:
			users = append(users, c.User)
		case *instructions.EntrypointCommand:
			entry = c.CmdLine
			if c.PrependShell {
				t.Error("ENTRYPOINT needs a shell, and signals would not arrive")
			}
		case *instructions.CopyCommand:
			if c.Chown == user+":"+user {
				owned = append(owned, c.DestPath)
			}
		}
	}
	for what, got := range map[string][]string{"XDG_STATE_HOME": state, "VOLUME": volumes, "a directory of the user": owned} {
		if !slices.Equal(got, []string{"/state"}) {
			t.Errorf("%s is %q, want /state", what, got)
		}
	}
	if !slices.Equal(users, []string{user + ":" + user}) {
		t.Errorf("USER %q, want %s by number, which runAsNonRoot needs", users, user)
	}
	if !slices.Equal(entry, []string{"/usr/local/bin/medialift"}) {
		t.Errorf("ENTRYPOINT %q", entry)
	}
}
