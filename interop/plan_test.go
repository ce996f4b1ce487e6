//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a plan has to see before the first byte, with real FiftyOne as the one who wrote
// the datasets, and who reads what was made of them.
func TestPlansOfRealDatasets(t *testing.T) {
	k := &keeping{r: start(t), folder: t.TempDir(), state: t.TempDir()}
	for _, e := range k.r.env {
		if uri, ok := strings.CutPrefix(e, "FIFTYONE_DATABASE_URI="); ok {
			k.uri = uri
		}
	}
	k.a, k.b = k.r.session(t, "plan-a", "plan_side.py"), k.r.session(t, "plan-b", "plan_side.py")
	t.Run("plain fields", k.plainFields)
	t.Run("a unique filepath", k.uniqueFilepath)
	t.Run("64 indexes", k.indexes)
	t.Run("a large document", k.largeDocument)
	t.Run("names", k.oddNames)
}

// to names the database of b as the target of a lift.
func (k *keeping) to(args ...string) []string {
	return append(args, "--to-uri", k.uri, "--to-database-name", k.b.database, "--create-database")
}

// allBelow wants every value of fields, as FiftyOne reads them, to be below dir.
func (k *keeping) allBelow(t *testing.T, s *session, name, dir string, fields ...string) {
	t.Helper()
	var found map[string][]string
	s.t = t
	command := []any{"paths", name}
	for _, f := range fields {
		command = append(command, f)
	}
	s.ask(&found, command...)
	for _, field := range fields {
		if len(found[field]) == 0 {
			t.Errorf("%s of %s: FiftyOne finds none", field, name)
		}
		for _, path := range found[field] {
			if _, err := os.Stat(path); err != nil || !strings.HasPrefix(path, dir+string(filepath.Separator)) {
				t.Errorf("%s of %s is %s, want it below %s: %v", field, name, path, dir, err)
			}
		}
	}
}

func (k *keeping) plainFields(t *testing.T) {
	media, out := filepath.Join(k.folder, "plain"), filepath.Join(k.folder, "plain-out")
	k.a.t = t
	k.a.ask(nil, "make_plain", media, "plain")
	all := []string{"hsi_filepath", "info.depth", "gt.detections.crop", "views"}
	e := k.run(t, k.a, k.to("lift", "plain", out)...)
	if e.code != 4 || len(e.doc.Problems) != len(all) {
		t.Errorf("exit %d, %+v", e.code, e.doc.Problems)
	}
	if e := k.run(t, k.a, "upload", "plain", out, "--media-field", "hsi"); e.code != 2 || !e.says("hsi_filepath") {
		t.Errorf("exit %d: %s", e.code, e.stderr)
	}
	args := []string{"lift", "plain", out, "--media-field", "filepath"}
	for _, field := range all {
		args = append(args, "--media-field", field)
	}
	k.fine(t, k.a, k.to(args...)...)
	k.allBelow(t, k.b, "plain", out, append(all, "filepath")...)
	args[0] = "upload"
	run := k.fine(t, k.a, append(args, "--update-filepaths")...).doc.Run
	k.allBelow(t, k.a, "plain", out, append(all, "filepath")...)
	k.fine(t, k.a, "undo", run)
	k.allBelow(t, k.a, "plain", media, append(all, "filepath")...)
	k.fine(t, k.a, k.to("lift", "plain", out, "--name", "left", "--leave-field", "hsi_filepath", "--leave-field", "info", "--leave-field", "gt", "--leave-field", "views")...)
	k.allBelow(t, k.b, "left", media, all...)
	k.allBelow(t, k.b, "left", out, "filepath")
}

func (k *keeping) uniqueFilepath(t *testing.T) {
	media, out := filepath.Join(k.folder, "merged"), filepath.Join(k.folder, "merged-out")
	var unique bool
	k.a.t = t
	if k.a.ask(&unique, "make_merged", media, "merged"); !unique {
		t.Fatal("FiftyOne makes no unique index")
	}
	for _, args := range [][]string{
		{"upload", "merged", out, "--layout", "hash", "--update-filepaths"}, k.to("lift", "merged", out, "--layout", "hash"),
		{"rewrite", "merged", "--map", "prefix:" + media + "/a=/x", "--map", "prefix:" + media + "/b=/x"},
	} {
		if e := k.run(t, k.a, args...); e.code != 4 || len(e.doc.Problems) != 2 || e.doc.Problems[0].Kind != "unique" {
			t.Errorf("%q: exit %d, %+v", args, e.code, e.doc.Problems)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was sent")
	}
	k.allBelow(t, k.a, "merged", media, "filepath")
	k.fine(t, k.a, "upload", "merged", out, "--update-filepaths")
	k.allBelow(t, k.a, "merged", out, "filepath")
}

func (k *keeping) indexes(t *testing.T) {
	k.a.t = t
	k.a.ask(nil, "make_indexed", k.folder, "indexed")
	out, dir := filepath.Join(k.folder, "indexed-out"), filepath.Join(k.folder, "indexed")
	k.fine(t, k.a, "export", "indexed", dir)
	for _, args := range [][]string{k.to("lift", "indexed", out), {"import", dir, "--name", "again"}} {
		if e := k.run(t, k.a, args...); e.code != 4 || !e.says("64") || !e.says("drop_index") {
			t.Errorf("%q: exit %d: %s", args, e.code, e.stderr)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was sent")
	}
}

func (k *keeping) largeDocument(t *testing.T) {
	out := filepath.Join(k.folder, "a much longer path than it was", "large-out")
	var id string
	k.a.t = t
	k.a.ask(&id, "make_large", k.folder, "large")
	for _, args := range [][]string{
		k.to("lift", "large", out), {"upload", "large", out, "--update-filepaths"},
	} {
		e := k.run(t, k.a, args...)
		if e.code != 3 || !e.says(id) || !e.says("more than MongoDB keeps") {
			t.Errorf("%q: exit %d: %s", args, e.code, e.stderr)
		}
		s := map[string]*session{"lift": k.b, "upload": k.a}[args[0]]
		s.t = t
		var found map[string][]string
		s.ask(&found, "paths", "large", "filepath")
		moved := 0
		for _, path := range found["filepath"] {
			if strings.HasPrefix(path, out) {
				moved++
			}
		}
		if moved != 2 || len(found["filepath"]) != 3 {
			t.Errorf("%q: %q", args, found)
		}
	}
}

func (k *keeping) oddNames(t *testing.T) {
	out := filepath.Join(k.folder, "names-out", "{dataset}")
	var nameless string
	k.a.t = t
	k.a.ask(&nameless, "make_named", k.folder, "org/name", "db:x", "--all")
	for _, args := range [][]string{{"info", "--all", "--no-files"}, {"upload", "--match", "org/*", out}, k.to("lift", "db:org/name", "db:db:x", "db:--all", out), {"upload", "--match", "*:x", out, "--update-filepaths"}} {
		e := k.run(t, k.a, args...)
		if e.code != 0 || args[0] == "info" && !e.says(nameless) {
			t.Errorf("%q: exit %d: %s", args, e.code, e.stderr)
		}
	}
	for name, element := range map[string]string{"org/name": "org~2Fname", "db:x": "db~3Ax", "--all": "--all"} {
		k.allBelow(t, k.b, name, strings.ReplaceAll(out, "{dataset}", element), "filepath")
	}
}
