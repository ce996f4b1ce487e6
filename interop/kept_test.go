//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	t.Run("collapsed lists", k.collapsed)
	t.Run("unreadable samples", k.unreadable)
	t.Run("damaged runs", k.damaged)
	t.Run("hand-made exports", k.handMade)
	t.Run("mangled URLs", k.mangled)
	t.Run("empty dataset", k.empty)
}

// An ended command.
type ended struct {
	code   int
	stderr string
	doc    struct {
		Run, Status, Error, Hint string
		Warnings                 []string
		Problems                 []struct{ Kind, Field, Path, Hint string }
		Counts                   map[string]any
		Fields                   []struct {
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

// An export whose lists of media FiftyOne's exporter has collapsed is imported by
// nothing: FiftyOne could not read a sample of it. Our own export of the dataset is.
func (k *keeping) collapsed(t *testing.T) {
	k.a.t, k.b.t = t, t
	k.a.ask(nil, "make_lists", k.dir("media"), "lists")
	for name, options := range map[string]map[string]any{"rel": {"rel_dir": k.dir("media")}, "media": {"export_media": true}} {
		dir, sent := k.dir("lists-"+name), k.dir("sent-"+name)
		k.a.ask(nil, "export", "lists", dir, options)
		var raised string
		k.b.ask(nil, "from_dir", dir, "judged")
		k.b.ask(&raised, "readable", "judged")
		k.b.ask(nil, "delete", "judged")
		if raised == "" {
			t.Fatalf("%s: FiftyOne reads its own export", name)
		}
		lift := []string{"lift", "dir:" + dir, sent, "--to-uri", k.uri, "--to-database-name", k.b.database, "--create-database"}
		for _, args := range [][]string{{"import", dir, "--create-database"}, lift, append(lift, "--dry-run")} {
			if name == "rel" {
				args = append(args, "--rel-dir", k.dir("media"))
			}
			e := k.run(t, k.b, args...)
			if e.code != 4 || !strings.Contains(e.doc.Hint, "medialift export") || len(e.doc.Problems) == 0 || e.doc.Problems[0].Field != "crops" {
				t.Errorf("%s: %s ended with %d: %s", name, args[0], e.code, e.stderr)
			}
			none(t, k.b, "files_in", sent)
		}
		for _, args := range [][]string{{"upload", dir, sent + "-dry", "--dry-run", "--missing", "keep"}, {"info", dir}} {
			if e := k.fine(t, k.a, args...); !e.says("the other paths are lost") {
				t.Errorf("%s: %s says nothing: %s", name, args[0], e.stderr)
			}
		}
	}
	var left []string
	k.b.ask(&left, "names", k.b.database)
	if len(left) > 0 {
		t.Errorf("there are %q", left)
	}
	var got struct {
		Wrong []string
		Right int
	}
	k.fine(t, k.a, "export", "lists", k.dir("lists-ours"), "--rel-dir", k.dir("media"))
	k.fine(t, k.b, "import", k.dir("lists-ours"), "--rel-dir", k.dir("media"), "--create-database")
	k.b.ask(&got, "files", "lists")
	loads(t, k.a, "lists", k.b, "lists")
	if len(got.Wrong) > 0 || got.Right != 12 {
		t.Errorf("after our export: %+v", got)
	}
	k.b.ask(nil, "delete", "lists")
}

// What FiftyOne raises on is refused by lift and import alike, before anything is sent,
// and what it reads is not.
func (k *keeping) unreadable(t *testing.T) {
	k.a.t, k.b.t = t, t
	for i, c := range []struct {
		set      map[string]any
		readable bool
	}{
		{map[string]any{"_merge_key": "x"}, false},
		{map[string]any{"crops": "x"}, false},
		{map[string]any{"e.crops": "x"}, false},
		{map[string]any{"tags": 5}, false},
		{map[string]any{"e.note": "x"}, true},
		{map[string]any{"crops": nil}, true},
	} {
		name := fmt.Sprintf("odd-%d", i)
		var raised string
		k.a.ask(nil, "make_lists", k.dir("media"), name)
		k.a.ask(nil, "change", name, map[string]any{"$set": c.set}, map[string]any{})
		k.a.ask(&raised, "readable", name)
		if (raised == "") != c.readable {
			t.Errorf("%v: FiftyOne raises %q", c.set, raised)
		}
		dir, sent := k.dir(name), k.dir(name+"-sent")
		export := k.fine(t, k.a, "export", name, dir)
		if export.says("FiftyOne cannot read") == c.readable {
			t.Errorf("%v: export says %s", c.set, export.stderr)
		}
		want := 4
		if c.readable {
			want = 0
		}
		target := []string{"--to-uri", k.uri, "--to-database-name", k.b.database, "--create-database", "--missing", "keep"}
		for way, args := range [][]string{
			append([]string{"lift", "db:" + name, sent}, target...), append([]string{"lift", "dir:" + dir, sent}, target...),
		} {
			e := k.run(t, k.a, append(args, "--name", fmt.Sprint(name, way))...)
			if e.code != want {
				t.Errorf("%v: %q ended with %d: %s", c.set, args, e.code, e.stderr)
			}
			if !c.readable {
				none(t, k.b, "files_in", sent)
			}
		}
		if e := k.run(t, k.b, "import", dir, "--name", name+"import", "--create-database"); e.code != want {
			t.Errorf("%v: import ended with %d: %s", c.set, e.code, e.stderr)
		}
		if e := k.fine(t, k.a, "info", "db:"+name); e.says("FiftyOne cannot read") == c.readable {
			t.Errorf("%v: info says %s", c.set, e.stderr)
		}
	}
	var names []string
	k.b.ask(&names, "names", k.b.database)
	if len(names) != 6 {
		t.Errorf("there are %q", names)
	}
	for _, name := range names {
		var raised string
		if k.b.ask(&raised, "readable", name); raised != "" {
			t.Errorf("%s: FiftyOne raises %s", name, raised)
		}
		k.b.ask(nil, "delete", name)
	}
}
