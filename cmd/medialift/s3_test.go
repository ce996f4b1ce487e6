package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/internal/testexport"
)

// jsonStrings collects every string value of a JSON tree with its place.
func jsonStrings(v any, at string, into map[string]string) {
	switch v := v.(type) {
	case string:
		into[at] = v
	case map[string]any:
		for k, inner := range v {
			jsonStrings(inner, at+"/"+k, into)
		}
	case []any:
		for i, inner := range v {
			jsonStrings(inner, at+"/"+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10)), into)
		}
	}
}

// documents returns the text of the files that hold an export's documents.
func documents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	texts := map[string][]byte{}
	for _, pattern := range []string{"samples.json", "frames.json", "samples/*.json", "frames/*.json"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			rel, _ := filepath.Rel(dir, path)
			texts[rel] = text
		}
	}
	if len(texts) == 0 {
		t.Fatalf("%s holds no documents", dir)
	}
	return texts
}

// decodeJSON reads extended JSON, bare NaN and Infinity as older FiftyOne wrote
// them included; what number they become does not matter here.
func decodeJSON(t *testing.T, text []byte) any {
	t.Helper()
	for _, before := range []string{" ", "["} {
		for _, token := range []string{"NaN", "Infinity", "-Infinity"} {
			text = bytes.ReplaceAll(text, []byte(before+token), []byte(before+"0"))
		}
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// localFile is the file that a string of an export names, or "".
func localFile(dir, value string) string {
	path := value
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if info, err := os.Stat(path); value == "" || err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return path
}

// checkLifted compares an export before and after: every string that named a
// file names an object with the same bytes now, and nothing else changed by a
// byte. It returns how many strings changed.
func checkLifted(t *testing.T, s3 *buckettest.S3, dir string, before, after map[string][]byte) int {
	t.Helper()
	changed := 0
	for name, old := range before {
		was, is := map[string]string{}, map[string]string{}
		jsonStrings(decodeJSON(t, old), "", was)
		jsonStrings(decodeJSON(t, after[name]), "", is)
		back := after[name]
		for at, value := range was {
			file := localFile(dir, value)
			// The exports of testdata hold the path of the image a second time, in
			// a plain field that is not media.
			if file == "" || strings.HasSuffix(at, "/note") {
				if is[at] != value {
					t.Errorf("%s%s: %q became %q though it names no file", name, at, value, is[at])
				}
				continue
			}
			changed++
			rest, ok := strings.CutPrefix(is[at], "s3://media/")
			if !ok {
				t.Errorf("%s%s: %q became %q", name, at, value, is[at])
				continue
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(s3.Path("media", rest)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s%s: the object of %q does not hold its bytes: %v", name, at, is[at], err)
			}
			quoted, spelled := pythonQuote(is[at]), pythonQuote(value)
			back = bytes.ReplaceAll(back, []byte(quoted), []byte(spelled))
		}
		if !bytes.Equal(back, old) {
			t.Errorf("%s: other bytes than those of media paths changed", name)
		}
	}
	return changed
}

// pythonQuote spells a string as Python's json does.
func pythonQuote(s string) string {
	var b strings.Builder
	quoted, _ := json.Marshal(s)
	for _, r := range string(quoted) {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		const hex = "0123456789abcdef"
		units := []rune{r}
		if r > 0xffff {
			units = []rune{0xd800 + (r-0x10000)>>10, 0xdc00 + (r-0x10000)&0x3ff}
		}
		for _, u := range units {
			b.WriteString(`\u` + string([]byte{hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15]}))
		}
	}
	return b.String()
}

// objects lists what a bucket holds, with the bytes.
func objects(t *testing.T, s3 *buckettest.S3, bucket string) map[string]string {
	t.Helper()
	root := filepath.Join(s3.Dir, bucket)
	list := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if strings.HasPrefix(rel, ".") {
			return nil // the server's own
		}
		text, err := os.ReadFile(path)
		list[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestUploadToS3(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags []string
	}{
		{"image", nil},
		{"image-dirs", nil},
		{"image-local", nil},
		{"image-reldir", nil},
		{"legacy-v1", nil},
		{"duplicates", nil},
		{"video", nil},
		{"video-dirs", nil},
		{"video-local", nil},
		{"group", []string{"--missing", "keep"}},
		{"group-local", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s3 := buckettest.S3Server(t)
			s3.CreateBucket(t, "media")
			m := newTool(t, s3.Environ()...)
			export := testexport.Copy(t, tt.name)
			before := documents(t, export.Dir)
			args := append([]string{"upload", export.Dir, "s3://media/x", "--update-filepaths"}, tt.flags...)
			first := m.run(0, args...)
			after := documents(t, export.Dir)
			n := checkLifted(t, s3, export.Dir, before, after)
			if n == 0 || first.Counts.Rewritten != int64(n) {
				t.Errorf("%d paths changed, the document says %d", n, first.Counts.Rewritten)
			}
			if got := len(objects(t, s3, "media")); int64(got) != first.Counts.Objects || got == 0 {
				t.Errorf("the bucket holds %d objects, the document says %d", got, first.Counts.Objects)
			}
			again := m.run(0, args...)
			if again.Counts.Objects != 0 || again.Counts.Rewritten != 0 || again.Counts.Already != int64(n) {
				t.Errorf("the second run did something: %+v", again.Counts)
			}
			m.run(0, "undo", first.Run)
			for name, text := range documents(t, export.Dir) {
				if !bytes.Equal(text, before[name]) {
					t.Errorf("undo did not put %s back byte for byte", name)
				}
			}
		})
	}
}

func TestOwnOverwriteSendsWhatChanged(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	m := newTool(t, s3.Environ()...)
	dir := t.TempDir()
	writeExport(t, dir, 40, "")
	export := filepath.Join(dir, "export")
	args := []string{"upload", export, "s3://media/x"}
	if doc := m.run(0, args...); doc.Counts.Objects != 80 {
		t.Fatalf("first run: %+v", doc.Counts)
	}
	for i := range 10 {
		if err := os.WriteFile(imagePath(dir, i), []byte("changed since"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	writeExport(t, dir, 45, "without masks from 40")
	for i := 40; i < 45; i++ {
		if err := os.WriteFile(imagePath(dir, i), []byte{byte(i)}, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused := m.run(4, append(args, "--update-filepaths")...)
	if len(refused.Problems) != 10 || refused.Problems[0].Kind != "exists" {
		t.Errorf("without --overwrite: %+v", refused.Problems)
	}
	doc := m.run(0, append(args, "--update-filepaths", "--overwrite=own")...)
	if doc.Counts.Objects != 15 {
		t.Errorf("sent %d objects, want 15", doc.Counts.Objects)
	}
	held := objects(t, s3, "media")
	if held["x/000000.png"] != "changed since" || held["x/000044.png"] != string([]byte{44}) || len(held) != 85 {
		t.Errorf("the bucket holds %d objects, x/000000.png is %q", len(held), held["x/000000.png"])
	}
}

func TestWrittenAs(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	var puts, asked atomic.Int64
	m := newTool(t, between(t, s3, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && !isPart(r) || r.Method == http.MethodPost && r.URL.Query().Has("uploads") {
			puts.Add(1)
			if r.Header.Get("X-Amz-Storage-Class") == "STANDARD" {
				asked.Add(1)
			}
		}
		return false
	})...)
	dir := t.TempDir()
	writeLarge(t, dir, 100, 9<<20, 17<<20)
	args := []string{"upload", filepath.Join(dir, "export"), "s3://media/x", "--storage-class", "STANDARD"}
	if doc := m.run(0, args...); doc.Counts.Objects != 3 || puts.Load() < 3 || asked.Load() != puts.Load() {
		t.Errorf("%+v; %d of %d requests asked for the class", doc.Counts, asked.Load(), puts.Load())
	}
	again := m.run(0, args...)
	if again.Counts.Objects != 0 || len(again.Warnings) != 1 || !strings.Contains(again.Warnings[0], "stays as it was written") {
		t.Errorf("the second run: %+v, %q", again.Counts, again.Warnings)
	}
}
