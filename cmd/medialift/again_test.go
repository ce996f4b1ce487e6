package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket/buckettest"
)

// A doc is a sample of an export made by a test: its media values by key; a key
// with a dot is an attribute of a label.
type doc map[string]string

// exportWith writes dir/export with these samples, and gives each file that
// they name and that is not there its own path as content.
func exportWith(t *testing.T, dir string, docs ...doc) string {
	t.Helper()
	export := filepath.Join(dir, "export")
	var samples []map[string]any
	for i, d := range docs {
		sample := map[string]any{"_id": map[string]string{"$oid": fmt.Sprintf("%024x", i+1)}}
		for key, path := range d {
			if strings.HasPrefix(path, "/") {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := fill(path, path); err != nil {
					t.Fatal(err)
				}
			}
			label, attribute, ok := strings.Cut(key, ".")
			if ok {
				sample[label] = map[string]string{"_cls": "Segmentation", attribute: path}
			} else {
				sample[key] = path
			}
		}
		samples = append(samples, sample)
	}
	text, err := json.Marshal(map[string]any{"samples": samples})
	if err != nil {
		t.Fatal(err)
	}
	metadata := strings.Replace(syntheticMetadata, `"media_fields": ["filepath"]`, `"media_fields": ["filepath", "thumb"]`, 1)
	metadata = strings.Replace(metadata, `"sample_fields": [`,
		`"sample_fields": [{"name": "thumb", "ftype": "fiftyone.core.fields.StringField", "fields": [], "db_field": "thumb"},`, 1)
	if err := os.MkdirAll(export, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"samples.json": string(text), "metadata.json": metadata} {
		if err := os.WriteFile(filepath.Join(export, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return export
}

// samplesOf reads the samples of an export as exportWith takes them.
func samplesOf(t *testing.T, export string) []doc {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(export, "samples.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Samples []map[string]any }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	var docs []doc
	for _, sample := range all.Samples {
		d := doc{}
		for key, v := range sample {
			switch v := v.(type) {
			case string:
				d[key] = v
			case map[string]any:
				for attribute, path := range v {
					if s, ok := path.(string); ok && attribute != "_cls" && attribute != "$oid" {
						d[key+"."+attribute] = s
					}
				}
			}
		}
		docs = append(docs, d)
	}
	return docs
}

// holds fails where path does not hold the text, which is the name of the file
// it was sent from.
func holds(t *testing.T, path, text string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != text {
		t.Errorf("%s holds %q, want %q (%v)", path, got, text, err)
	}
}

// TestTwinThatComesLater: the only news is a file equal to one that has arrived
// under the same key, so that there is nothing to send but paths to rewrite.
func TestTwinThatComesLater(t *testing.T) {
	if testing.Short() {
		t.Skip("uploads several times: not in short mode")
	}
	m, dir := newTool(t), t.TempDir()
	out, a, b := filepath.Join(dir, "out"), filepath.Join(dir, "m", "a", "x.png"), filepath.Join(dir, "m", "b", "x.png")
	args := []string{"upload", exportWith(t, dir, doc{"filepath": a}), out, "--layout", "flat"}
	m.run(0, args...)
	text, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(b), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b, text, 0o600); err != nil {
		t.Fatal(err)
	}
	exportWith(t, dir, doc{"filepath": a}, doc{"filepath": b})
	if doc := m.run(0, append(args, "--update-filepaths")...); doc.Counts.Rewritten != 2 || doc.Counts.Objects != 0 {
		t.Errorf("%+v", doc.Counts)
	}
	for _, s := range samplesOf(t, args[1]) {
		holds(t, s["filepath"], a)
		if s["filepath"] != filepath.Join(out, "x.png") {
			t.Errorf("%v", s)
		}
	}
}

// TestFileOfTwoFieldsAgain: a file that two fields name goes to the first one's
// place; there the second field's value is no local path to send.
func TestFileOfTwoFieldsAgain(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	path := func(name string) string { return filepath.Join(dir, "m", name) }
	export := exportWith(t, dir, doc{"filepath": path("a/1.png"), "thumb": path("a/1.png")}, doc{"filepath": path("b/2.png")})
	args := []string{"upload", export, filepath.Join(dir, "out"), "--update-filepaths"}
	m.run(0, args...)
	before := documents(t, export)["samples.json"]
	if doc := m.run(0, args...); doc.Counts.Rewritten != 0 || doc.Counts.Objects != 0 || doc.Counts.Already != 3 {
		t.Errorf("%+v", doc.Counts)
	}
	if string(documents(t, export)["samples.json"]) != string(before) {
		t.Error("the second run changed paths")
	}
}

// TestOwnIsNotAnotherRowsObject: an object that a row of the dataset names by
// its URL is not to be replaced by another file, whatever the flags say.
func TestOwnIsNotAnotherRowsObject(t *testing.T) {
	for _, flag := range []string{"--overwrite=own", "--overwrite"} {
		m, dir := newTool(t), t.TempDir()
		out, a, b := filepath.Join(dir, "out"), filepath.Join(dir, "m", "a", "x.png"), filepath.Join(dir, "m", "b", "x.png")
		export := exportWith(t, dir, doc{"filepath": a})
		args := []string{"upload", export, out, "--layout", "flat", "--update-filepaths"}
		m.run(0, args...)
		url := samplesOf(t, export)[0]["filepath"]
		exportWith(t, dir, doc{"filepath": url}, doc{"filepath": b})
		m.run(4, append(args, flag)...)
		holds(t, url, a)
		m.run(0, append(args, "--on-collision", "suffix", flag)...)
		holds(t, url, a)
		samples := samplesOf(t, export)
		holds(t, samples[0]["filepath"], a)
		holds(t, samples[1]["filepath"], b)
	}
}

// TestSuffixLaterInTheSameRun: as above, where suffixes were allowed at once.
func TestSuffixLaterInTheSameRun(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	a, b := filepath.Join(dir, "m", "a", "x.png"), filepath.Join(dir, "m", "b", "x.png")
	export := exportWith(t, dir, doc{"filepath": a})
	args := []string{"upload", export, filepath.Join(dir, "out"), "--layout", "flat", "--update-filepaths", "--on-collision", "suffix"}
	m.run(0, args...)
	exportWith(t, dir, doc{"filepath": samplesOf(t, export)[0]["filepath"]}, doc{"filepath": b})
	m.run(0, args...)
	samples := samplesOf(t, export)
	holds(t, samples[0]["filepath"], a)
	holds(t, samples[1]["filepath"], b)
	if doc := m.run(0, args...); doc.Counts.Rewritten != 0 || doc.Counts.Objects != 0 {
		t.Errorf("once more: %+v", doc.Counts)
	}
}

// TestOwnOfAnotherDataset: what a run sent for one dataset, another dataset's
// run must not replace by another file.
func TestOwnOfAnotherDataset(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	out, one, two := filepath.Join(dir, "out"), filepath.Join(dir, "one"), filepath.Join(dir, "two")
	first := exportWith(t, one, doc{"filepath": filepath.Join(one, "m", "x.png")})
	second := exportWith(t, two, doc{"filepath": filepath.Join(two, "m", "x.png")})
	m.run(0, "upload", first, out, "--update-filepaths")
	m.run(4, "upload", second, out, "--update-filepaths", "--overwrite=own")
	holds(t, samplesOf(t, first)[0]["filepath"], filepath.Join(one, "m", "x.png"))
}

// TestSuffixEndsTwins: two equal files share a key, which a third one's differs
// from by letter case alone: all three get keys, and all three an object.
func TestSuffixEndsTwins(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	var docs []doc
	for _, name := range []string{"a/X.png", "b/X.png", "c/x.png"} {
		path := filepath.Join(dir, "m", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(filepath.Base(name)), 0o600); err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc{"filepath": path})
	}
	export := exportWith(t, dir, docs...)
	m.run(0, "upload", export, filepath.Join(dir, "out"), "--layout", "flat", "--on-collision", "suffix", "--update-filepaths")
	for i, s := range samplesOf(t, export) {
		holds(t, s["filepath"], []string{"X.png", "X.png", "x.png"}[i])
	}
}

// TestRemoteDirByAttribute: "seg.mask_path" names the field "seg".
func TestRemoteDirByAttribute(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	export := exportWith(t, dir, doc{"filepath": filepath.Join(dir, "m", "1.png"), "seg.mask_path": filepath.Join(dir, "s", "1.png")})
	masks := filepath.Join(dir, "masks")
	m.run(0, "upload", export, filepath.Join(dir, "out"), "--remote-dir", "seg.mask_path="+masks, "--update-filepaths")
	if got := samplesOf(t, export)[0]["seg.mask_path"]; filepath.Dir(got) != masks {
		t.Errorf("the mask went to %s", got)
	}
}

// TestEndpointIsPartOfARun: what arrived at one endpoint has not arrived at
// another one.
func TestEndpointIsPartOfARun(t *testing.T) {
	one, two := buckettest.S3Server(t), buckettest.S3Server(t)
	one.CreateBucket(t, "media")
	two.CreateBucket(t, "media")
	m, dir := newTool(t, one.Environ()...), t.TempDir()
	export := exportWith(t, dir, doc{"filepath": filepath.Join(dir, "m", "1.png")})
	m.run(0, "upload", export, "s3://media/x")
	m.env = append(m.env, two.Environ()...)
	if doc := m.run(0, "upload", export, "s3://media/x", "--update-filepaths"); doc.Counts.Objects != 1 {
		t.Errorf("%+v", doc.Counts)
	}
	holds(t, two.Path("media", "x/1.png"), filepath.Join(dir, "m", "1.png"))
}

// TestBucketGoneBeforeRewriting: with nothing to send, paths are still not
// rewritten to a bucket that is not there.
func TestBucketGoneBeforeRewriting(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	m, dir := newTool(t, s3.Environ()...), t.TempDir()
	export := exportWith(t, dir, doc{"filepath": filepath.Join(dir, "m", "1.png")})
	m.run(0, "upload", export, "s3://media/x")
	if err := os.RemoveAll(s3.Path("media", "")); err != nil {
		t.Fatal(err)
	}
	m.run(1, "upload", export, "s3://media/x", "--update-filepaths")
	if got := samplesOf(t, export)[0]["filepath"]; strings.HasPrefix(got, "s3:") {
		t.Errorf("%s names nothing", got)
	}
}

// TestChangedFileAndItsOldRow: a file of a row that has been rewritten changes
// and is planned again for another row; the first row's value stays a value of
// this run when the second one is refused.
func TestChangedFileAndItsOldRow(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	a, b := filepath.Join(dir, "m", "a.png"), filepath.Join(dir, "m", "d", "b.png")
	export := exportWith(t, dir, doc{"filepath": a}, doc{"filepath": b})
	args := []string{"upload", export, filepath.Join(dir, "out"), "--update-filepaths"}
	m.run(0, args...)
	url := samplesOf(t, export)[0]["filepath"]
	exportWith(t, dir, doc{"filepath": url}, doc{"filepath": a})
	if err := os.WriteFile(a, []byte("changed, and longer than before"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.run(4, args...)
	if doc := m.run(4, args...); len(doc.Problems) != 1 || doc.Problems[0].Kind != "exists" || doc.Counts.Already != 1 {
		t.Errorf("%+v %+v", doc.Counts, doc.Problems)
	}
	m.run(0, append(args, "--overwrite=own")...)
	for _, s := range samplesOf(t, export) {
		if s["filepath"] != url {
			t.Errorf("%v", s)
		}
	}
}

func TestSeveralDatasets(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	one := exportWith(t, filepath.Join(dir, "one"), doc{"filepath": filepath.Join(dir, "one", "m", "1.png"), "thumb": filepath.Join(dir, "one", "t", "1.png")})
	two := exportWith(t, filepath.Join(dir, "two"), doc{"filepath": filepath.Join(dir, "two", "m", "1.png"), "thumb": filepath.Join(dir, "two", "t", "1.png")})
	out := filepath.Join(dir, "out")
	m.run(2, "upload", one, two, out)
	m.run(2, "upload", one, two, filepath.Join(out, "{dataset}")) // both are called "synthetic"
	text, err := os.ReadFile(filepath.Join(two, "metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), `"name": "synthetic"`, `"name": "other"`, 1)
	if err := os.WriteFile(filepath.Join(two, "metadata.json"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	m.run(2, "upload", one, two, filepath.Join(out, "{dataset}"), "--remote-dir", "thumb="+filepath.Join(dir, "thumbs"))
	doc := m.run(0, "upload", one, two, filepath.Join(out, "{dataset}"), "--update-filepaths")
	if doc.Counts.Objects != 4 || doc.Counts.Rewritten != 4 {
		t.Errorf("%+v", doc.Counts)
	}
	holds(t, filepath.Join(out, "other", "1.png"), filepath.Join(dir, "two", "m", "1.png"))
}

// TestDryRunFixesNothing: a plan that nothing was sent by does not decide where
// later keys start.
func TestDryRunFixesNothing(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	export := exportWith(t, dir, doc{"filepath": filepath.Join(dir, "m", "a", "1.png")})
	args := []string{"upload", export, filepath.Join(dir, "out")}
	m.run(0, append(args, "--dry-run")...)
	exportWith(t, dir, doc{"filepath": filepath.Join(dir, "m", "a", "1.png")}, doc{"filepath": filepath.Join(dir, "m", "b", "1.png")})
	m.run(0, args...)
	exportWith(t, dir, doc{"filepath": filepath.Join(dir, "m", "a", "1.png")}, doc{"filepath": filepath.Join(dir, "elsewhere", "1.png")})
	doc := m.run(4, args...)
	if len(doc.Problems) != 1 || doc.Problems[0].Kind != "outside-base" || doc.Problems[0].ID == "" {
		t.Errorf("problems %+v", doc.Problems)
	}
}
