//go:build interop

package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A session is a Python with real FiftyOne that stays.
type session struct {
	t        *testing.T
	database string
	in       io.Writer
	out      *bufio.Scanner
	log      string
}

// session starts one on a database of the server, which serves a script's commands.
func (r realFiftyOne) session(t *testing.T, database, script string) *session {
	t.Helper()
	s := &session{t: t, database: database, log: filepath.Join(t.TempDir(), "log")}
	cmd := exec.Command(r.python, script)
	cmd.Env = append(r.env, "FIFTYONE_DATABASE_NAME="+database)
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = log
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
	s.in, s.out = in, bufio.NewScanner(out)
	s.out.Buffer(nil, 64<<20)
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
		log.Close()
	})
	return s
}

// ask runs a command of the script and decodes what it answers; an error
// ends the test.
func (s *session) ask(answer any, command ...any) {
	s.t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		s.t.Fatal(err)
	}
	if !s.out.Scan() {
		log, _ := os.ReadFile(s.log)
		s.t.Fatalf("%v: Python ended: %s", command, log)
	}
	var got struct {
		OK           json.RawMessage
		Error, Trace string
	}
	if err := json.Unmarshal(s.out.Bytes(), &got); err != nil {
		s.t.Fatal(err)
	}
	if got.Error != "" {
		s.t.Fatalf("%v: %s\n%s", command, got.Error, got.Trace)
	}
	if answer != nil {
		if err := json.Unmarshal(got.OK, answer); err != nil {
			s.t.Fatal(err)
		}
	}
}

// same wants no difference between two datasets.
func (s *session) same(t *testing.T, before, after any, how string) {
	t.Helper()
	var found []string
	s.t = t
	s.ask(&found, "compare", before, after, how)
	if len(found) > 0 {
		t.Errorf("%v and %v (%s):\n%s", before, after, how, strings.Join(found, "\n"))
	}
}

// loads wants a dataset to have all that another one has.
func loads(t *testing.T, a *session, name string, b *session, copied string) {
	t.Helper()
	a.t, b.t = t, t
	var want, got any
	a.ask(&want, "load", name)
	b.ask(&got, "load", copied)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("FiftyOne sees of %q\n%v\nof its copy %q\n%v", name, want, copied, got)
	}
}

// An exchange is two databases of one server, a Python on each.
type exchange struct {
	r       realFiftyOne
	a, b    *session
	state   string
	folder  string
	uri     string
	media   string
	dataset []string
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{r: start(t), state: t.TempDir(), folder: t.TempDir()}
	for _, e := range x.r.env {
		if uri, ok := strings.CutPrefix(e, "FIFTYONE_DATABASE_URI="); ok {
			x.uri = uri
		}
	}
	x.a, x.b = x.r.session(t, "exchange-a", "exchange_side.py"), x.r.session(t, "exchange-b", "exchange_side.py")
	x.media = filepath.Join(x.folder, "media")
	x.a.ask(&x.dataset, "make", x.media)
	if len(x.dataset) < 8 {
		t.Fatalf("FiftyOne made %q", x.dataset)
	}
	return x
}

// medialift runs the binary on one of the databases.
func (x *exchange) medialift(t *testing.T, s *session, args ...string) []byte {
	t.Helper()
	return medialift(t, x.state, append(args, "--database-uri", x.uri, "--database-name", s.database)...)
}

func (x *exchange) dir(parts ...string) string {
	return filepath.Join(x.folder, strings.NewReplacer("/", "_", " ", "_").Replace(strings.Join(parts, "-")))
}

func TestExchange(t *testing.T) {
	x := newExchange(t) // making the datasets takes longer than most of the tests
	t.Run("there and back", x.thereAndBack)
	t.Run("beside the original", x.beside)
	t.Run("forms", x.forms)
	t.Run("media", x.withMedia)
}

// Real FiftyOne out, medialift in, and the other way round, and medialift both
// ways: the dataset is the same, but for what FiftyOne itself loses or makes anew.
func (x *exchange) thereAndBack(t *testing.T) {
	for _, name := range x.dataset {
		t.Run(name, func(t *testing.T) {
			theirs, ours := x.dir(name, "theirs"), x.dir(name, "ours")
			x.a.t, x.b.t = t, t
			x.a.ask(nil, "export", name, theirs)
			x.medialift(t, x.a, "export", name, ours)

			x.medialift(t, x.b, "import", theirs, "--create-database")
			x.a.same(t, name, []string{name, x.b.database}, "results")
			loads(t, x.a, name, x.b, name)
			x.b.ask(nil, "use", name)
			x.b.ask(nil, "delete", name)

			x.b.ask(nil, "from_dir", ours, name)
			x.a.same(t, name, []string{name, x.b.database}, "python")
			loads(t, x.a, name, x.b, name)
			x.b.ask(nil, "delete", name)

			x.medialift(t, x.b, "import", ours)
			x.a.same(t, name, []string{name, x.b.database}, "exact")
			loads(t, x.a, name, x.b, name)
			x.b.ask(nil, "delete", name)
		})
	}
	var left []string
	x.b.t = t
	x.b.ask(&left, "collections", x.b.database)
	for _, c := range left {
		if strings.Contains(c, "samples.") {
			t.Errorf("%s is left when all datasets are deleted", c)
		}
	}
}

// A copy beside its original is another dataset: deleting it takes nothing from
// the original.
func (x *exchange) beside(t *testing.T) {
	for _, name := range x.dataset {
		t.Run(name, func(t *testing.T) {
			x.a.t = t
			x.a.ask(nil, "load", name) // brings saved views up to date
			x.a.ask(nil, "keep", name)
			dir, copied := x.dir(name, "beside"), name+" copied"
			x.medialift(t, x.a, "export", name, dir)
			x.medialift(t, x.a, "import", dir, "--name", copied)
			x.a.same(t, name, copied, "exact")
			loads(t, x.a, name, x.a, copied)
			x.a.ask(nil, "use", copied)
			x.a.ask(nil, "delete", copied)
			var found []string
			x.a.ask(&found, "unchanged", name)
			if len(found) > 0 {
				t.Errorf("the original has changed:\n%s", strings.Join(found, "\n"))
			}
			x.a.ask(nil, "load", name)
		})
	}
	var names []string
	x.a.t = t
	x.a.ask(&names, "names", x.a.database)
	for _, name := range names {
		if strings.Contains(name, "copied") {
			t.Errorf("the dataset %q is left", name)
		}
	}
}

// The other forms of exports: files a document, relative paths, media.
func (x *exchange) forms(t *testing.T) {
	type options = map[string]any
	for _, name := range []string{"image", "video", "group", "duplicates"} {
		t.Run(name, func(t *testing.T) {
			x.a.t, x.b.t = t, t
			dirs, relative := x.dir(name, "dirs"), x.dir(name, "relative")
			x.a.ask(nil, "export", name, dirs, options{"use_dirs": true})
			x.medialift(t, x.b, "import", dirs, "--create-database")
			x.a.same(t, name, []string{name, x.b.database}, "results")
			x.b.ask(nil, "delete", name)

			x.a.ask(nil, "export", name, relative, options{"rel_dir": x.media})
			x.medialift(t, x.b, "import", relative, "--rel-dir", x.media)
			x.a.same(t, name, []string{name, x.b.database}, "results")
			x.b.ask(nil, "delete", name)

			ours := x.dir(name, "ours relative")
			x.medialift(t, x.a, "export", name, ours, "--rel-dir", x.media)
			x.b.ask(nil, "from_dir", ours, name, options{"rel_dir": x.media})
			x.a.same(t, name, []string{name, x.b.database}, "python")
			x.b.ask(nil, "delete", name)
			x.medialift(t, x.b, "import", ours, "--rel-dir", x.media)
			x.a.same(t, name, []string{name, x.b.database}, "exact")
			x.b.ask(nil, "delete", name)
		})
	}
}

// Media that medialift exports are those that FiftyOne exports, and FiftyOne
// finds each behind the sample that had it.
func (x *exchange) withMedia(t *testing.T) {
	for _, name := range []string{"image", "video", "group", "duplicates"} {
		t.Run(name, func(t *testing.T) {
			x.a.t, x.b.t = t, t
			theirs, ours := x.dir(name, "theirs media"), x.dir(name, "our media")
			x.a.ask(nil, "export", name, theirs, map[string]any{"export_media": true})
			x.medialift(t, x.a, "export", name, ours, "--export-media")
			if got, want := mediaFiles(t, ours), mediaFiles(t, theirs); !slices.Equal(got, want) {
				missing := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(got, s) })
				extra := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return slices.Contains(want, s) })
				if len(missing) > 0 || name != "group" { // textures of scenes are more than FiftyOne takes along
					t.Errorf("missing %q, more %q", missing, extra)
				}
			}
			var got, want description
			x.b.ask(&got, "describe", ours)
			x.b.ask(&want, "describe", theirs)
			if name == "group" {
				// FiftyOne writes scenes anew through its own model, we only change paths.
				if got.Masks != want.Masks || len(got.Assets) != len(want.Assets) {
					t.Errorf("FiftyOne opens %d masks and %d assets, of its own export %d and %d", got.Masks, len(got.Assets), want.Masks, len(want.Assets))
				}
			} else {
				sameDescription(t, want, got)
			}
			x.medialift(t, x.b, "import", ours, "--create-database")
			loads(t, x.a, name, x.b, name)
			x.b.ask(nil, "delete", name)
		})
	}
}

// mediaFiles lists data/ and fields/ of an export.
func mediaFiles(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	for _, top := range []string{"data", "fields"} {
		err := filepath.WalkDir(filepath.Join(dir, top), func(path string, e os.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				rel, _ := filepath.Rel(dir, path)
				list = append(list, rel)
			}
			if os.IsNotExist(err) {
				return nil
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(list)
	return list
}
