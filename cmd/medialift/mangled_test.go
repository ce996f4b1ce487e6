//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// handMade writes an export as other programs do by hand: no _id, not much metadata.
func handMade(t *testing.T, paths ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "it's hand made")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var samples []string
	for _, path := range paths {
		samples = append(samples, `{"filepath": "`+path+`"}`)
	}
	for name, text := range map[string]string{
		"metadata.json": `{"version": "1.0.0", "sample_fields": [{"name": "filepath", "ftype": "fiftyone.core.fields.StringField"}]}`,
		"samples.json":  `{"samples": [` + strings.Join(samples, ", ") + `]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// paste runs a command line as a person does who takes it from a terminal.
func (m tool) paste(line string) {
	m.t.Helper()
	line = strings.Replace(line, "medialift", m.command().Path, 1)
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = m.env
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("%s: %v\n%s", line, err, out)
	}
}

var (
	mendingCommand = regexp.MustCompile(`medialift rewrite .* --map '.*'`)
	mendingMap     = regexp.MustCompile(`--map '.*'`)
)

// URLs that FiftyOne took for relative paths are mended by what each command says,
// pasted as it stands.
func TestMangledURLsAreMended(t *testing.T) {
	mangled := []string{"/home/me/https:/host:8080/a b.jpg", "/home/me/gs:/b/c.jpg", "/srv/s3:/bucket/k=v/d.jpg", "/home/me/plain.jpg"}
	const want = `"https://host:8080/a b.jpg" "gs://b/c.jpg" "s3://bucket/k=v/d.jpg" "/home/me/plain.jpg"`
	for name, args := range map[string][]string{
		"info": {"info", "DIR"}, "info without files": {"info", "DIR", "--no-files"}, "upload": {"upload", "DIR", "TO"},
		"upload of the rest": {"upload", "DIR", "TO", "--missing", "keep"},
		"rewrite":            {"rewrite", "DIR", "--map", "prefix:/else=/where"}, "rewrite, some": {"rewrite", "DIR", "--map", "prefix:/home/me/plain.jpg=/home/me/plain.jpg"},
		"verify": {"verify", "DIR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newTool(t)
			dir := handMade(t, mangled...)
			for i := range args {
				if args[i] == "DIR" {
					args[i] = dir
				}
				if args[i] == "TO" {
					args[i] = filepath.Join(t.TempDir(), "bucket")
				}
			}
			cmd := m.command(args...)
			out, _ := cmd.CombinedOutput()
			line := mendingCommand.FindString(string(out))
			if strings.Contains(line, "DATASET") || line == "" {
				line = "medialift rewrite DATASET --unmatched keep " + mendingMap.FindString(string(out))
				line = strings.Replace(line, "DATASET", shellWord(dir), 1)
			}
			m.paste(line)
			text, err := os.ReadFile(filepath.Join(dir, "samples.json"))
			if err != nil {
				t.Fatal(err)
			}
			got := string(text)
			for path := range strings.SplitSeq(want, `" "`) {
				if !strings.Contains(got, `"filepath": "`+strings.Trim(path, `"`)+`"`) {
					t.Errorf("%q is not in %s\n%s", path, got, out)
				}
			}
		})
	}
}

// A command that has nothing to do with a dataset without samples says so.
func TestEmptyDataset(t *testing.T) {
	m := newTool(t)
	dir := handMade(t)
	for _, args := range [][]string{
		{"upload", dir, filepath.Join(t.TempDir(), "bucket")}, {"rewrite", dir, "--map", "prefix:/a=/b"}, {"verify", dir},
		{"rewrite", dir, "--map", "prefix:/a=/b", "--dry-run"},
	} {
		out, err := m.command(args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "Nothing to do") || strings.Contains(string(out), "arrived before") {
			t.Errorf("%q: %v, %s", args, err, out)
		}
		m.run(exitDone, args...)
	}
}

// A server that cannot be looked up is no wrong usage.
func TestLookupFailureIsNoUsage(t *testing.T) {
	m := newTool(t)
	doc := m.run(exitFailed, "info", "--database-uri", "mongodb+srv://me:secret-7@cluster.medialift.invalid")
	if doc.Status != "failed" || !doc.RetryHelp || !strings.Contains(doc.Hint, "_mongodb._tcp") || strings.Contains(doc.Error, "secret-7") {
		t.Errorf("%+v", doc)
	}
}
