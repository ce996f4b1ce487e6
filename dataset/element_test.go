package dataset

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func TestElementFault(t *testing.T) {
	for _, name := range []string{"filepath", "thumb_path", "ground_truth.detections", "frames.seg", "日本", "a b", "console", "auxiliary", "com", "COM10", "con_1", "a.con", ".hidden", "..a", "$x"} {
		if fault := ElementFault(name); fault != "" {
			t.Errorf("%q: %s", name, fault)
		}
	}
	for _, name := range []string{
		"", ".", "..", "...", "../x", "../../../.ssh", "/etc", "a/b", `a\b`, `..\x`, `C:\x`, "c:", "a:stream", "a\x00", "a\n", "\x1b[2J", "a.", "a ", ".. ", "CON", "con", "Con.txt", "con .txt",
		"aux", "nul.tar.gz", "COM1", "lpt9.x", "COM¹", "conin$", strings.Repeat("x", 201),
	} {
		if ElementFault(name) == "" {
			t.Errorf("%q passes", name)
		}
	}
}

func TestCheckNames(t *testing.T) {
	runs := func(key string) Manifest {
		doc, err := bson.Marshal(bson.D{{Key: "brain_methods", Value: bson.D{{Key: key, Value: bson.D{}}}}})
		if err != nil {
			t.Fatal(err)
		}
		return Manifest{Doc: doc}
	}
	if err := CheckNames(runs("sim"), []string{"filepath", "seg"}); err != nil {
		t.Error(err)
	}
	for _, err := range []error{CheckNames(runs("../x"), nil), CheckNames(runs("sim"), []string{"filepath", "../../.ssh"})} {
		if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.Total != 1 {
			t.Errorf("got %v", err)
		}
	}
}

// A name that passes stays one element below any directory.
func FuzzElementFault(f *testing.F) {
	for _, name := range []string{"filepath", "..", "a/b", `a\b`, "c:", "con", "a\x00b", "..\u202e", "a.", "nul .x", "ground_truth.detections"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if ElementFault(name) != "" {
			return
		}
		for _, path := range []string{name, name + ".json"} {
			joined := filepath.Join("/data/fields", path)
			if filepath.Dir(joined) != "/data/fields" || filepath.Base(joined) != path || !filepath.IsLocal(path) || strings.ContainsAny(path, "\x00/\\:") {
				t.Errorf("%q becomes %q", name, joined)
			}
		}
	})
}
