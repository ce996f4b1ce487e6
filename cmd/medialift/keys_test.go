package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exportOf writes an export whose samples have these filepaths, and the files
// below dir that they name.
func exportOf(t *testing.T, dir string, filepaths ...string) string {
	t.Helper()
	export := filepath.Join(dir, "export")
	if err := os.MkdirAll(export, 0o755); err != nil {
		t.Fatal(err)
	}
	type sample struct {
		ID       map[string]string `json:"_id"`
		Filepath string            `json:"filepath"`
	}
	var samples []sample
	for i, path := range filepaths {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
		id := strings.Repeat("0", 23) + string(rune('1'+i))
		samples = append(samples, sample{map[string]string{"$oid": id}, path})
	}
	text, err := json.Marshal(map[string]any{"samples": samples})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"samples.json": string(text), "metadata.json": syntheticMetadata} {
		if err := os.WriteFile(filepath.Join(export, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return export
}

// TestKeysThatS3CannotHold finds them before the endpoint, which is down, is
// asked.
func TestKeysThatS3CannotHold(t *testing.T) {
	long := strings.Repeat("long/", 250)
	for _, tt := range []struct{ name, second, kind string }{
		{"control character", "a\ttab.png", "key"},
		{"line break", "a\nb.png", "key"},
		{"over 1024 bytes", long + "b.png", "key"},
		{"a directory of another", "first.png.d", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newTool(t, "AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_ENDPOINT_URL=http://127.0.0.1:1")
			dir := t.TempDir()
			export := exportOf(t, dir, filepath.Join(dir, "m", "first.png"), filepath.Join(dir, "m", tt.second))
			if tt.kind == "" {
				m.run(1, "upload", export, "s3://media/x") // the plan is fine, the endpoint is down
				return
			}
			doc := m.run(4, "upload", export, "s3://media/x")
			if len(doc.Problems) != 1 || doc.Problems[0].Kind != tt.kind || !strings.HasSuffix(doc.Problems[0].ID, "2") {
				t.Errorf("problems %+v", doc.Problems)
			}
		})
	}
}

func TestKeyThatIsADirectoryOfAnother(t *testing.T) {
	m := newTool(t)
	dir := t.TempDir()
	export := exportOf(t, dir, filepath.Join(dir, "a", "x.png"), filepath.Join(dir, "b", "x.png", "y.png"))
	doc := m.run(4, "upload", export, filepath.Join(dir, "out"), "--rel-dir", filepath.Join(dir, "a"), "--rel-dir", filepath.Join(dir, "b"))
	if len(doc.Problems) != 2 || doc.Problems[0].Kind != "collision-directory" {
		t.Errorf("problems %+v", doc.Problems)
	}
}

func TestKeysThatOnlyCaseTellsApart(t *testing.T) {
	m := newTool(t)
	dir := t.TempDir()
	export := exportOf(t, dir, filepath.Join(dir, "m", "A.png"), filepath.Join(dir, "m", "a.png"))
	doc := m.run(4, "upload", export, filepath.Join(dir, "out"))
	if len(doc.Problems) != 2 || doc.Problems[0].Kind != "collision-folded" {
		t.Errorf("problems %+v", doc.Problems)
	}
	m.run(0, "upload", export, filepath.Join(dir, "out"), "--on-collision", "suffix", "--update-filepaths")
	names, err := filepath.Glob(filepath.Join(dir, "out", "[aA]-????????.png"))
	if err != nil || len(names) != 2 {
		t.Errorf("the target holds %q, %v", names, err)
	}
}

func TestRelDir(t *testing.T) {
	m := newTool(t)
	dir := t.TempDir()
	export := exportOf(t, dir, filepath.Join(dir, "m", "a", "1.png"), filepath.Join(dir, "m", "a", "..", "2.png"), filepath.Join(dir, "elsewhere", "3.png"))
	out := filepath.Join(dir, "out")
	doc := m.run(4, "upload", export, out, "--rel-dir", filepath.Join(dir, "m", "a"))
	if len(doc.Problems) != 2 || doc.Problems[0].Kind != "outside" {
		t.Errorf("problems %+v", doc.Problems)
	}
	m.run(0, "upload", export, out, "--rel-dir", dir, "--update-filepaths")
	for _, rel := range []string{"m/a/1.png", "m/2.png", "elsewhere/3.png"} {
		if _, err := os.Stat(filepath.Join(out, rel)); err != nil {
			t.Error(err)
		}
	}
}

func TestHashLayout(t *testing.T) {
	m := newTool(t)
	dir := t.TempDir()
	writeExport(t, dir, 3, "")
	for i := range 3 { // all masks alike: one object serves them
		if err := os.WriteFile(maskPath(dir, i), []byte("the same"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	doc := m.run(0, "upload", filepath.Join(dir, "export"), filepath.Join(dir, "out"), "--layout", "hash", "--update-filepaths")
	if doc.Counts.Objects != 4 || doc.Counts.Rewritten != 6 {
		t.Errorf("%+v", doc.Counts)
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "1000": 1000, "200MB": 200e6, "1.5kB": 1500, "50MiB": 50 << 20, "2GiB": 2 << 30, "3TB": 3e12,
	} {
		if got, err := parseBytes(text); got != want || err != nil {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MB", "-1", "0", "1XB", "1 MB", "1e300TB", "NaN", "1MBB"} {
		if got, err := parseBytes(text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

func TestLimitedUpload(t *testing.T) {
	m := newTool(t)
	dir := t.TempDir()
	writeExport(t, dir, 3, "")
	args := []string{"upload", filepath.Join(dir, "export"), filepath.Join(dir, "out"), "--update-filepaths"}
	m.run(2, append(args, "--max-requests", "-1")...)
	m.run(2, append(args, "--max-requests", "NaN")...)
	m.run(2, append(args, "--max-bandwidth", "fast")...)
	if doc := m.run(0, append(args, "--max-requests", "1000", "--max-bandwidth", "1MB")...); doc.Counts.Objects != 6 {
		t.Errorf("%+v", doc.Counts)
	}
}
