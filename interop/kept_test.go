//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// keeping is a Python that makes datasets as people have them in one database, and
// judges what has become of them in another.
type keeping struct {
	r          realFiftyOne
	a, b       *session
	folder     string
	state, uri string
}

func TestDatasetsAsPeopleHaveThem(t *testing.T) {
	k := &keeping{r: start(t), folder: t.TempDir(), state: t.TempDir()}
	for _, e := range k.r.env {
		if uri, ok := strings.CutPrefix(e, "FIFTYONE_DATABASE_URI="); ok {
			k.uri = uri
		}
	}
	k.a, k.b = k.r.session(t, "kept-a", "kept_side.py"), k.r.session(t, "kept-b", "kept_side.py")
	t.Run("relative paths", k.relative)
}

// An ended command.
type ended struct {
	code   int
	stderr string
	doc    struct {
		Status, Error, Hint string
		Warnings            []string
		Problems            []struct{ Kind, Field, Path, Hint string }
		Counts              map[string]any
		Fields              []struct {
			Name, Why          string
			Relative, Absolute int
		}
	}
}

// says reports whether a command told of something, whether as error or as warning.
func (e ended) says(text string) bool { return strings.Contains(e.stderr, text) }

// run runs medialift with --json on the database of s.
func (k *keeping) run(t *testing.T, s *session, args ...string) (e ended) {
	t.Helper()
	args = append(args, "--state", k.state, "--json", "--database-uri", k.uri, "--database-name", s.database)
	cmd := exec.Command(binary(), args...)
	cmd.Env = k.r.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		e.code = exit.ExitCode()
	}
	e.stderr = stderr.String()
	if err := json.Unmarshal(stdout.Bytes(), &e.doc); err != nil {
		t.Fatalf("medialift %q: %v in %s\n%s", args, err, stdout.String(), e.stderr)
	}
	return e
}

// fine runs a command that has to end well.
func (k *keeping) fine(t *testing.T, s *session, args ...string) ended {
	t.Helper()
	e := k.run(t, s, args...)
	if e.code != 0 {
		t.Fatalf("medialift %q ended with %d: %s", args, e.code, e.stderr)
	}
	return e
}

func (k *keeping) dir(parts ...string) string {
	return filepath.Join(append([]string{k.folder}, parts...)...)
}

// What FiftyOne's from_dir does not make absolute again never becomes relative: every
// path of what it loads names a file.
func (k *keeping) relative(t *testing.T) {
	k.a.t, k.b.t = t, t
	k.a.ask(nil, "make_nested", k.dir("media"), "nested")
	k.a.ask(nil, "make_video", k.dir("media"), "video")
	for name, c := range map[string]struct {
		total, relative, absolute int
		stay                      string
	}{
		"nested": {45, 24, 21, "cls dets.detections.crop_path dets.detections.inner extra_paths nested.paths"},
		"video":  {2, 1, 1, "frames.seg"},
	} {
		for _, way := range []string{"--rel-dir", "--export-media"} {
			dir, args, options := k.dir(name+way), []string{way}, map[string]any{}
			if way == "--rel-dir" {
				args, options = append(args, k.dir("media")), map[string]any{"rel_dir": k.dir("media")}
			}
			e := k.fine(t, k.a, append([]string{"export", name, dir}, args...)...)
			relative, absolute, stay := 0, 0, []string{}
			for _, f := range e.doc.Fields {
				relative += f.Relative
				if absolute += f.Absolute; f.Absolute > 0 {
					stay = append(stay, f.Name)
				}
				if f.Absolute > 0 && !e.says("paths of "+f.Name+" stay absolute") {
					t.Errorf("%s %s: %s is not named in %s", name, way, f.Name, e.stderr)
				}
			}
			if relative+absolute != c.total || absolute != c.absolute || strings.Join(stay, " ") != c.stay {
				t.Errorf("%s %s: %d relative, %d absolute, of %q", name, way, relative, absolute, stay)
			}
			var got struct {
				Wrong []string
				Right int
			}
			k.b.ask(nil, "from_dir", dir, name, options)
			k.b.ask(&got, "files", name)
			if len(got.Wrong) > 0 || got.Right != c.total {
				t.Errorf("%s %s: FiftyOne has %d right, and wrong %q", name, way, got.Right, got.Wrong)
			}
			k.b.ask(nil, "delete", name)
		}
	}
}
