package chaos

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
	"github.com/medialift/medialift/scene/scenetest"
)

// manySamples is how many samples the image dataset gets besides its own.
const manySamples = 100

// largeSizes are of files that go in parts; the last few bytes are a part too.
var largeSizes = []int64{17 << 20, 24<<20 + 1, 40 << 20}

// makeData makes the media, database A and the states of B.
func (w *world) makeData(t *testing.T) {
	t.Helper()
	copied, err := testexport.CopyTo(filepath.Join(w.dir, "data"), "image")
	if err != nil {
		t.Fatal(err)
	}
	w.media = copied.Media
	scenes := scenetest.Lay(t, filepath.Join(w.media, "groups", "rich"), filepath.Join(w.media, "groups", "library"))
	old := func(i int) string { return fmt.Sprintf("%s/groups/scenes/%06d/scene.fo3d", testexport.Root, i) }
	dump := mongotest.FiftyOne(t, old(0), scenes[0], old(1), scenes[1], testexport.Root, w.media)
	w.moreSamples(t, dump)
	w.a.restored(t, sourceName, dump)

	// The binary itself makes what is older.
	state, export := filepath.Join(w.dir, "made"), filepath.Join(w.dir, "exports")
	w.must(t, state, "export", "image", filepath.Join(export, "image"))
	w.must(t, state, "import", filepath.Join(export, "image"), "--name", "image-old")
	w.must(t, state, "migrate", "-n", "image-old", "-v", "0.19.0", "--yes")
	w.must(t, state, "migrate", "-n", "video", "-v", "0.10.0", "--yes")
	w.export = filepath.Join(export, "group")
	w.must(t, state, "export", "group", w.export)
	w.a.sync(t)
	w.source = mongotest.Take(t, w.a.database(sourceName))
	current := bystanders(mongotest.FiftyOne(t))
	w.a.restored(t, "older", current)
	w.must(t, state, "migrate", "--all", "-v", "1.0.0", "--yes", "--database-name", "older")
	w.target = []target{{"current", current}, {"older", mongotest.Take(t, w.a.database("older"))}, {"none", mongotest.Dump{}}}
	for _, doc := range current["datasets"].Docs {
		if doc.Lookup("name").StringValue() == "empty" {
			w.plain = doc
		}
	}
	w.known = map[string]bool{}
	for _, d := range []mongotest.Dump{w.source, current, w.target[1].dump} {
		for _, c := range d {
			for _, doc := range c.Docs {
				eachID(doc, func(id bson.ObjectID) { w.known[string(id[:])] = true })
			}
		}
	}
}

// moreSamples adds to the image dataset: many small files, a mask that all share,
// and some large files.
func (w *world) moreSamples(t *testing.T, dump mongotest.Dump) {
	t.Helper()
	samples := dump[collectionOf(t, dump, "image")]
	model := samples.Docs[0]
	for i := range manySamples + len(largeSizes) {
		size := int64(200 + 37*i)
		if i >= manySamples {
			size = largeSizes[i-manySamples]
		}
		name := filepath.Join(w.media, "images", "more", fmt.Sprintf("%02d", i/10), fmt.Sprintf("%04d.png", i))
		writeFile(t, name, size, i)
		var doc bson.D
		if err := bson.Unmarshal(model, &doc); err != nil {
			t.Fatal(err)
		}
		for k := range doc {
			switch doc[k].Key {
			case "_id":
				doc[k].Value = bson.ObjectID{0x6b, 0x0a, 11: byte(i)}
			case "filepath":
				doc[k].Value = name
			case "count":
				doc[k].Value = int64(1000 + i) // a unique index is on it
			case "metadata":
				if metadata, ok := doc[k].Value.(bson.D); ok {
					doc[k].Value = sized(metadata, size)
				}
			}
		}
		raw, err := bson.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		samples.Docs = append(samples.Docs, raw)
	}
}

// sized is metadata with the size of a file.
func sized(metadata bson.D, size int64) bson.D {
	for i := range metadata {
		if metadata[i].Key == "size_bytes" {
			metadata[i].Value = size
		}
	}
	return metadata
}

// writeFile writes a file of which no two blocks of 64 KiB are those of another.
func writeFile(t *testing.T, name string, size int64, seed int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stamp := make([]byte, 8)
	for off := int64(0); off < size; off += 64 << 10 {
		binary.BigEndian.PutUint64(stamp, uint64(off)+uint64(seed+1)<<48)
		if _, err := f.WriteAt(stamp[:min(8, size-off)], off); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
}

func collectionOf(t testing.TB, dump mongotest.Dump, name string) string {
	t.Helper()
	for _, doc := range dump["datasets"].Docs {
		if doc.Lookup("name").StringValue() == name {
			return doc.Lookup("sample_collection_name").StringValue()
		}
	}
	t.Fatalf("there is no dataset %q", name)
	return ""
}

// bystanders keeps of a dump what no journey may touch: datasets of other names.
func bystanders(dump mongotest.Dump) mongotest.Dump {
	keep := []string{"multimodal", "empty"}
	kept := mongotest.Dump{"config": dump["config"], "tags": dump["tags"], "datasets": {
		Options: dump["datasets"].Options, Indexes: dump["datasets"].Indexes,
	}}
	for _, doc := range dump["datasets"].Docs {
		if slices.Contains(keep, doc.Lookup("name").StringValue()) {
			kept["datasets"].Docs = append(kept["datasets"].Docs, doc)
			name := doc.Lookup("sample_collection_name").StringValue()
			kept[name] = dump[name]
		}
	}
	return kept
}

// eachID calls f for each ObjectID in a document.
func eachID(doc bson.Raw, f func(bson.ObjectID)) {
	elements, err := doc.Elements()
	if err != nil {
		return
	}
	for _, e := range elements {
		v := e.Value()
		switch v.Type {
		case bson.TypeObjectID:
			f(v.ObjectID())
		case bson.TypeEmbeddedDocument, bson.TypeArray:
			eachID(bson.Raw(v.Value), f)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// names lists the collections of a dump.
func names(d mongotest.Dump) []string { return slices.Sorted(maps.Keys(d)) }

// kind is a collection's name without what is drawn.
func kind(collection string) string {
	parts := strings.Split(collection, ".")
	if last := parts[len(parts)-1]; len(last) == 24 && !bytes.ContainsAny([]byte(last), "_") {
		parts = parts[:len(parts)-1]
	}
	return strings.Join(parts, ".")
}
