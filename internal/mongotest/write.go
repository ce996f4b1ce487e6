package mongotest

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Write writes d as a directory, which Read reads.
func (d Dump) Write(t testing.TB, dir string) {
	t.Helper()
	if err := d.write(dir); err != nil {
		t.Fatalf("writing the dump %q: %v", dir, err)
	}
}

func (d Dump) write(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	manifest := bytes.NewBufferString("[\n")
	for i, name := range slices.Sorted(maps.Keys(d)) {
		c := d[name]
		var text bytes.Buffer
		for _, doc := range c.Docs {
			line, err := bson.MarshalExtJSON(doc, true, false)
			if err != nil {
				return err
			}
			text.Write(append(line, '\n'))
		}
		if err := os.WriteFile(filepath.Join(dir, fileName(name)), text.Bytes(), 0o666); err != nil {
			return err
		}
		entry := bson.D{
			{Key: "name", Value: name}, {Key: "type", Value: "collection"}, {Key: "options", Value: c.Options},
			{Key: "count", Value: int32(len(c.Docs))}, {Key: "indexes", Value: c.Indexes},
		}
		line, err := bson.MarshalExtJSON(entry, true, false)
		if err != nil {
			return err
		}
		if i > 0 {
			manifest.WriteString(",\n")
		}
		manifest.Write(line)
	}
	manifest.WriteString("\n]\n")
	return os.WriteFile(filepath.Join(dir, manifestName), manifest.Bytes(), 0o666)
}
