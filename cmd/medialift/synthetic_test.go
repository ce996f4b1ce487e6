package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/medialift/medialift/internal/testexport"
)

const syntheticMetadata = `{"_id": {"$oid": "655300000000000000000000"}, "name": "synthetic", "version": "1.22.1", "media_type": "image",
"app_config": {"media_fields": ["filepath"]}, "frame_fields": [], "saved_views": [],
"sample_fields": [{"name": "filepath", "ftype": "fiftyone.core.fields.StringField", "fields": [], "db_field": "filepath"},
{"name": "uniqueness", "ftype": "fiftyone.core.fields.FloatField", "fields": [], "db_field": "uniqueness"},
{"name": "seg", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "fiftyone.core.labels.Segmentation", "fields": [], "db_field": "seg"}]}`

func imagePath(dir string, i int) string {
	return filepath.Join(dir, "images", fmt.Sprintf("%06d.png", i))
}
func maskPath(dir string, i int) string {
	return filepath.Join(dir, "masks", fmt.Sprintf("%06d.png", i))
}

// writeExport writes dir/export with n samples, each with an image and a mask
// of its own; files that are there already stay as they are. A note that is not
// empty leaves the masks of samples from 40 on away.
func writeExport(t testing.TB, dir string, n int, note string) {
	t.Helper()
	if err := layOutSynthetic(dir, n, note); err != nil {
		t.Fatal(err)
	}
}

func layOutSynthetic(dir string, n int, note string) error {
	export := filepath.Join(dir, "export")
	for _, d := range []string{export, filepath.Join(dir, "images"), filepath.Join(dir, "masks")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(export, "metadata.json"), []byte(syntheticMetadata), 0o600); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(export, "samples.json"))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprint(w, `{"samples": [`)
	for i := range n {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, `{"_id": {"$oid": "%024x"}, "filepath": %q, "tags": [], "uniqueness": NaN`, i+1, imagePath(dir, i))
		mask := note == "" || i < 40
		if mask {
			fmt.Fprintf(w, `, "seg": {"_cls": "Segmentation", "mask_path": %q}`, maskPath(dir, i))
		}
		fmt.Fprint(w, "}")
		if err := fill(imagePath(dir, i), "image "+strconv.Itoa(i)); err != nil {
			return err
		}
		if mask {
			if err := fill(maskPath(dir, i), "mask "+strconv.Itoa(i)); err != nil {
				return err
			}
		}
	}
	fmt.Fprint(w, "]}")
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func fill(path, text string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

// layOut is the script command "export NAME": it copies an export of testdata
// and its media into the script's folder, as export and media.
func layOut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: export NAME")
	}
	_, err := testexport.CopyTo(ts.MkAbs("."), args[0])
	ts.Check(err)
}

// manyRows is the script command "manyrows N": a synthetic export of N samples.
func manyRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: manyrows N")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(layOutSynthetic(ts.MkAbs("."), n, ""))
}
