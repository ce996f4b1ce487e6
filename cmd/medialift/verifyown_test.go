package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket/buckettest"
)

// TestVerifyOneOfTwoDatasets: two datasets, whose documents even have the same
// _ids, went to the same keys. What was sent for one says nothing of the other.
func TestVerifyOneOfTwoDatasets(t *testing.T) {
	s3 := buckettest.S3Server(t)
	m, _, first := lifted(t, s3, 5)
	dir := t.TempDir()
	writeExport(t, dir, 5, "")
	second := filepath.Join(dir, "export")
	for i := range 5 { // other bytes, as many
		text := bytes.ToUpper([]byte("image " + string(rune('0'+i))))
		if err := os.WriteFile(imagePath(dir, i), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m.run(0, "upload", second, "s3://media/x", "--update-filepaths", "--overwrite")
	for _, how := range [][]string{nil, {"--download"}, {"--source"}, {"--download", "--source"}} {
		doc := m.run(1, append([]string{"verify", first}, how...)...)
		if f := fieldsOf(t, doc)[0]; f.Different != 5 || f.Checksum != 0 {
			t.Errorf("%q: %+v", how, f)
		}
		if len(doc.Problems) != 5 || doc.Problems[0].Kind != "different" || !strings.Contains(doc.Problems[0].Path, "s3://media/x/") {
			t.Errorf("%q: %+v", how, doc.Problems)
		}
		doc = m.run(0, append([]string{"verify", second}, how...)...)
		if f := fieldsOf(t, doc)[0]; f.Checksum != 5 {
			t.Errorf("%q: %+v", how, f)
		}
	}

	// A third one, of which no run is known, names the same objects.
	third := filepath.Join(t.TempDir(), "export")
	if err := os.CopyFS(third, os.DirFS(second)); err != nil {
		t.Fatal(err)
	}
	doc := m.run(0, "verify", third)
	if f := fieldsOf(t, doc)[0]; f.Existence != 5 || f.Checksum != 0 {
		t.Errorf("%+v", f)
	}
	if doc := m.run(0, "verify", third, "--source"); len(doc.Warnings) != 1 || !strings.Contains(doc.Warnings[0], "10 objects were not compared with a source") {
		t.Errorf("%q", doc.Warnings)
	}

	// What the sample says of the size is heard, whatever a run has sent.
	samples := filepath.Join(second, "samples.json")
	text, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), `"tags": []`, `"tags": [], "metadata": {"_cls": "ImageMetadata", "size_bytes": 8}`, 1)
	if err := os.WriteFile(samples, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	doc = m.run(1, "verify", second)
	if f := fieldsOf(t, doc)[0]; f.Checksum != 4 || f.Different != 1 || !strings.Contains(doc.Problems[0].Hint, "metadata say 8") {
		t.Errorf("%+v %+v", f, doc.Problems)
	}
}
