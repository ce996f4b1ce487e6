//go:build interop

package interop

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func (k *keeping) target(name string) []string {
	return []string{"--to-uri", k.uri, "--to-database-name", k.b.database, "--create-database", "--name", name}
}

// A run whose results are damaged, and a null in the place of one, are named by every
// command and keep nothing from being carried: as in FiftyOne, the run is there without
// its results.
func (k *keeping) damaged(t *testing.T) {
	k.a.t, k.b.t = t, t
	k.a.ask(nil, "make_damaged", k.dir("media"), "damaged")
	dir := k.dir("damaged")
	names := []string{"nofile", "nochunk", "shortchunk", "brain_methods b"}
	for _, e := range []ended{
		k.fine(t, k.a, "export", "damaged", dir),
		k.fine(t, k.a, "info", "db:damaged"),
		k.fine(t, k.a, append([]string{"lift", "db:damaged", k.dir("damaged-sent")}, k.target("lifted")...)...),
	} {
		for _, name := range names {
			if !e.says(strings.TrimPrefix(name, "brain_methods ")) && !e.says(name) {
				t.Errorf("%s is not named in %s", name, e.stderr)
			}
		}
	}
	k.fine(t, k.b, "import", dir, "--name", "imported", "--create-database")
	k.fine(t, k.a, append([]string{"lift", "dir:" + dir, k.dir("damaged-sent")}, k.target("lifted from a directory")...)...)
	k.fine(t, k.a, "verify", "db:damaged")
	k.fine(t, k.a, "upload", dir, k.dir("damaged-again"))
	k.b.ask(nil, "from_dir", dir, "theirs")
	want := map[string]string{"whole": "whole", "nofile": "", "nochunk": "", "shortchunk": ""}
	for _, name := range []string{"imported", "lifted", "lifted from a directory", "theirs"} {
		var got map[string]string
		var raised string
		k.b.ask(&got, "runs_of", name)
		k.b.ask(&raised, "readable", name)
		if !maps.Equal(got, want) || raised != "" {
			t.Errorf("%s: FiftyOne loads %v, raises %q", name, got, raised)
		}
		k.b.ask(nil, "delete", name)
	}
}

// An export without ids is the dataset that FiftyOne makes of it; its ids are the same
// each time, before and after its paths were rewritten.
func (k *keeping) handMade(t *testing.T) {
	k.a.t, k.b.t = t, t
	dir, sent := k.dir("hand-made"), k.dir("hand-made-sent")
	k.a.ask(nil, "hand_made", k.dir("media"), dir)
	before, err := os.ReadFile(filepath.Join(dir, "samples.json"))
	if err != nil {
		t.Fatal(err)
	}
	k.b.ask(nil, "from_dir", dir, "theirs")
	for _, e := range []ended{
		k.fine(t, k.b, "info", dir), k.fine(t, k.b, "import", dir, "--name", "first", "--create-database"),
		k.fine(t, k.a, append([]string{"lift", "dir:" + dir, sent}, k.target("lifted")...)...),
	} {
		if !e.says("have no _id") {
			t.Errorf("it is not said that there are no ids: %s", e.stderr)
		}
	}
	k.fine(t, k.a, append([]string{"lift", "dir:" + dir, sent}, k.target("lifted")...)...)
	up := k.fine(t, k.a, "upload", dir, sent, "--update-filepaths")
	k.fine(t, k.a, "verify", dir)
	k.fine(t, k.b, "import", dir, "--name", "uploaded")
	k.fine(t, k.a, "undo", up.doc.Run)
	after, err := os.ReadFile(filepath.Join(dir, "samples.json"))
	if err != nil || string(after) != string(before) {
		t.Errorf("undone: %v, %s", err, after)
	}
	k.fine(t, k.b, "import", dir, "--name", "second")
	var want, got [3]any
	k.b.ask(&want, "contents", "theirs")
	var ids string
	for _, name := range []string{"first", "second", "lifted", "uploaded"} {
		k.b.ask(&got, "contents", name)
		if fmt.Sprint(got[0], got[2]) != fmt.Sprint(want[0], want[2]) {
			t.Errorf("%s: %v, FiftyOne's import is %v", name, got, want)
		}
		if ids == "" {
			ids = fmt.Sprint(got[1])
		}
		if fmt.Sprint(got[1]) != ids {
			t.Errorf("%s: ids %v, before %s", name, got[1], ids)
		}
		k.b.ask(nil, "delete", name)
	}
	k.b.ask(nil, "delete", "theirs")
}

// What info says of URLs that FiftyOne mangled mends them when it is pasted.
func (k *keeping) mangled(t *testing.T) {
	k.a.t = t
	var urls, got []string
	k.a.ask(&urls, "make_mangled", k.dir("work=here"), "mangled")
	e := k.fine(t, k.a, "info", "mangled")
	line := regexp.MustCompile(`medialift rewrite .* --map '.*'`).FindString(e.stderr)
	line = strings.Replace(line, "medialift", binary(), 1) + fmt.Sprintf(" --state %s --database-uri %s --database-name %s", k.state, k.uri, k.a.database)
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = k.r.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	if k.a.ask(&got, "filepaths", "mangled"); !slices.Equal(got, append(urls, k.dir("work=here", "plain.png"))) {
		t.Errorf("got %q", got)
	}
}

// A dataset without samples is lifted with its fields, and no command says that its
// media have arrived before.
func (k *keeping) empty(t *testing.T) {
	k.a.t, k.b.t = t, t
	k.a.ask(nil, "make_empty", "empty")
	for _, args := range [][]string{
		{"upload", "empty", k.dir("nothing")}, {"rewrite", "empty", "--map", "prefix:/a=/b"}, {"verify", "empty"},
		append([]string{"lift", "empty", k.dir("nothing")}, k.target("empty lifted")...),
	} {
		args = append(args, "--state", k.state, "--database-uri", k.uri, "--database-name", k.a.database)
		cmd := exec.Command(binary(), args...)
		cmd.Env = k.r.env
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Nothing to do") || strings.Contains(string(out), "arrived before") {
			t.Errorf("%q: %v, %s", args, err, out)
		}
	}
	var want, got []string
	k.a.ask(&want, "fields", "empty")
	k.b.ask(&got, "fields", "empty lifted")
	if !slices.Equal(got, want) {
		t.Errorf("lifted with the fields %q, not %q", got, want)
	}
	k.b.ask(nil, "delete", "empty lifted")
}
