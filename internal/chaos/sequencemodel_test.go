package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
)

// A slot is one value that names a file: a field of a sample.
type slot struct{ id, field string }

// known is what the harness knows of one dataset.
type known struct {
	// had holds, by slot, the digest of the bytes that the sample had.
	had map[slot]string
	// paths are the values as the last step has left them.
	paths map[slot]string
	// excused are slots whose bytes somebody else has taken away, with their paths.
	excused map[slot]string
}

var slotFields = []string{"filepath", "thumb"}

// lay makes a dataset of three samples with two media fields: a directory, or one of
// database A. Names of files are those of every dataset; the bytes of most are its own.
func (q *sequence) lay(name string, directory bool) {
	q.t.Helper()
	dir := filepath.Join(q.exports, name)
	var docs []bson.Raw
	lines := []string{}
	for i := range 3 {
		id := bson.ObjectID{0x65, name[0], name[1], 11: byte(i)}
		paths := map[string]string{}
		for _, field := range slotFields {
			rel := filepath.Join(map[string]string{"filepath": "data", "thumb": "fields/thumb"}[field], fmt.Sprintf("%03d.jpg", i))
			text := fmt.Sprintf("%s of sample %d in %s", field, i, name[:2]) // sizes are equal
			switch i {
			case 1:
				text = fmt.Sprintf("%s that all have", field)
			case 2:
				text = strings.Repeat(text, 1+q.random.IntN(3))
			}
			paths[field] = filepath.Join(dir, rel)
			q.writeText(paths[field], text)
			if directory {
				paths[field] = filepath.ToSlash(rel)
			}
		}
		docs = append(docs, bsonOf(q.t, bson.D{{Key: "_id", Value: id}, {Key: "filepath", Value: paths["filepath"]}, {Key: "thumb", Value: paths["thumb"]}, {Key: "tags", Value: bson.A{}}}))
		lines = append(lines, fmt.Sprintf(`{"_id": {"$oid": %q}, "filepath": %q, "thumb": %q, "tags": []}`, id.Hex(), paths["filepath"], paths["thumb"]))
	}
	id := bson.ObjectID{0x64, name[0], name[1]}
	doc := datasetDoc(id, name)
	if !directory {
		for collection, docs := range map[string][]bson.Raw{"datasets": {bsonOf(q.t, doc)}, "samples." + id.Hex(): docs} {
			for _, doc := range docs {
				if _, err := q.dbA.Collection(collection).InsertOne(context.Background(), doc); err != nil {
					q.t.Fatal(err)
				}
			}
		}
		return
	}
	q.writeExport(lines)
}

// writeExport writes the two files of the directory; lines are its samples.
func (q *sequence) writeExport(lines []string) {
	q.t.Helper()
	text, err := bson.MarshalExtJSON(datasetDoc(bson.ObjectID{0x64, 't', 'h'}, "three"), false, false)
	if err != nil {
		q.t.Fatal(err)
	}
	dir := filepath.Join(q.exports, "three")
	q.writeText(filepath.Join(dir, "metadata.json"), string(text))
	q.writeText(filepath.Join(dir, "samples.json"), `{"samples": [`+strings.Join(lines, ",\n")+"]}\n")
}

// datasetDoc is the document of a dataset, as far as FiftyOne needs it.
func datasetDoc(id bson.ObjectID, name string) bson.D {
	field := func(name, kind string) bson.D {
		return bson.D{{Key: "name", Value: name}, {Key: "ftype", Value: "fiftyone.core.fields." + kind}, {Key: "embedded_doc_type", Value: nil}, {Key: "subfield", Value: nil},
			{Key: "fields", Value: bson.A{}}, {Key: "db_field", Value: map[bool]string{true: "_id", false: name}[name == "id"]}, {Key: "description", Value: nil}, {Key: "info", Value: nil}}
	}
	return bson.D{
		{Key: "_id", Value: id}, {Key: "name", Value: name}, {Key: "slug", Value: name}, {Key: "version", Value: "1.22.1"}, {Key: "sample_collection_name", Value: "samples." + id.Hex()},
		{Key: "persistent", Value: true}, {Key: "media_type", Value: "image"}, {Key: "tags", Value: bson.A{}}, {Key: "info", Value: bson.D{}},
		{Key: "app_config", Value: bson.D{{Key: "media_fields", Value: bson.A{"filepath", "thumb"}}, {Key: "grid_media_field", Value: "filepath"}}},
		{Key: "sample_fields", Value: bson.A{field("id", "ObjectIdField"), field("filepath", "StringField"), field("thumb", "StringField"), field("tags", "ListField")}},
		{Key: "frame_fields", Value: bson.A{}}, {Key: "saved_views", Value: bson.A{}}, {Key: "workspaces", Value: bson.A{}},
		{Key: "annotation_runs", Value: bson.D{}}, {Key: "brain_methods", Value: bson.D{}}, {Key: "evaluations", Value: bson.D{}}, {Key: "runs", Value: bson.D{}},
	}
}

func configOf(version string) *mongotest.Collection {
	doc, err := bson.Marshal(bson.D{{Key: "_id", Value: bson.ObjectID{0x63}}, {Key: "version", Value: version}, {Key: "type", Value: "fiftyone"}})
	if err != nil {
		panic(err) // a constant
	}
	return &mongotest.Collection{Docs: []bson.Raw{doc}}
}

// startOfA is database A without a dataset.
func startOfA() mongotest.Dump { return mongotest.Dump{"config": configOf("1.22.1")} }

func (q *sequence) writeText(name, text string) {
	q.t.Helper()
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = os.WriteFile(name, []byte(text), 0o600)
	}
	if err != nil {
		q.t.Fatal(err)
	}
}

// holdings reads every dataset that can be seen: its paths by slot.
func (q *sequence) holdings() map[string]map[slot]string {
	all := map[string]map[slot]string{}
	for place, d := range map[string]mongotest.Dump{"A": q.takeA(), "B": q.takeB()} {
		for _, doc := range docs(d, "datasets") {
			paths := map[slot]string{}
			for _, sample := range docs(d, doc.Lookup("sample_collection_name").StringValue()) {
				for _, field := range slotFields {
					paths[slot{sample.Lookup("_id").ObjectID().Hex(), field}] = sample.Lookup(field).StringValue()
				}
			}
			all[place+"/"+doc.Lookup("name").StringValue()] = paths
		}
	}
	text, err := os.ReadFile(filepath.Join(q.exports, "three", "samples.json"))
	if err != nil {
		q.t.Fatal(err)
	}
	var file struct {
		Samples []struct {
			ID struct {
				OID string `json:"$oid"`
			} `json:"_id"`
			Filepath, Thumb string
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		q.find("three/samples.json is not JSON: %v", err)
		return all
	}
	paths := map[slot]string{}
	for _, s := range file.Samples {
		paths[slot{s.ID.OID, "filepath"}], paths[slot{s.ID.OID, "thumb"}] = s.Filepath, s.Thumb
	}
	all["dir/three"] = paths
	return all
}

// meet notes datasets that nobody has seen before, as holding what their slots name now.
func (q *sequence) meet(all map[string]map[slot]string) {
	objects := q.files()
	for key, paths := range all {
		k := &known{had: map[slot]string{}, paths: paths, excused: map[slot]string{}}
		for at, path := range paths {
			k.had[at] = q.digest(path, objects)
		}
		q.datasets[key] = k
	}
}

// inherits makes a new dataset one of what another one has.
func (q *sequence) inherits(key, from string) {
	source := q.datasets[from]
	k := &known{had: maps.Clone(source.had), excused: map[slot]string{}, paths: map[slot]string{}}
	for at, path := range source.excused {
		k.excused[at] = q.absolute(path)
	}
	q.datasets[key] = k
}

// digest is that of the bytes that a path names; empty where there is nothing.
func (q *sequence) digest(path string, objects map[string]object) string {
	if key, ok := strings.CutPrefix(path, "s3://"+q.bucket+"/"); ok {
		return objects[key].sum
	}
	path = q.absolute(path)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		q.t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// absolute is a path as it is seen from everywhere.
func (q *sequence) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) || strings.Contains(path, "://") {
		return path
	}
	return filepath.Join(q.exports, "three", path)
}

// check checks that each path of each dataset names the bytes that its sample had.
func (q *sequence) check() {
	objects := q.files()
	now := q.holdings()
	for _, key := range sortedKeys(now) {
		k := q.datasets[key]
		if k == nil {
			q.find("dataset %s appears", key)
			continue
		}
		if len(now[key]) != len(k.had) {
			q.find("dataset %s has %d values, of %d", key, len(now[key]), len(k.had))
		}
		for at, path := range now[key] {
			q.tally["laws"]++
			k.paths[at] = path
			got := q.digest(path, objects)
			if got == k.had[at] {
				delete(k.excused, at)
			} else if q.absolute(k.excused[at]) != q.absolute(path) {
				q.find("%s: %s of sample %s names %q, which %s", key, at.field, at.id, path, map[bool]string{true: "is not there", false: "holds other bytes than the sample had"}[got == ""])
			}
		}
	}
	for _, key := range sortedKeys(q.datasets) {
		if now[key] == nil && len(q.datasets[key].paths) > 0 {
			q.find("dataset %s has vanished", key)
		}
	}
}

// excuse notes the slots whose bytes have been taken away just now by somebody else,
// from under paths that stay.
func (q *sequence) excuse(allowed func(path string) bool) {
	objects := q.files()
	for key, paths := range q.holdings() {
		k := q.datasets[key]
		for at, path := range paths {
			if k != nil && k.paths[at] == path && allowed(path) && q.digest(path, objects) != k.had[at] {
				k.excused[at] = path
			}
		}
	}
}

// A scene is all that a refused command must leave as it was.
type scenery struct {
	a, b    mongotest.Dump
	objects map[string]object
	files   map[string]string
}

func (q *sequence) scenery() scenery {
	s := scenery{foreign(q.takeA()), foreign(q.takeB()), q.files(), map[string]string{}}
	err := filepath.WalkDir(q.exports, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		s.files[path] = q.digest(path, nil)
		return nil
	})
	if err != nil {
		q.t.Fatal(err)
	}
	return s
}

// untouched checks that nothing has changed since.
func (q *sequence) untouched(what string, before scenery) {
	now := q.scenery()
	q.findings = append(q.findings, differences(what+": A", before.a, now.a)...)
	q.findings = append(q.findings, differences(what+": B", before.b, now.b)...)
	if !maps.Equal(before.objects, now.objects) {
		q.find("%s: objects have changed", what)
	}
	if !maps.Equal(before.files, now.files) {
		q.find("%s: files have changed", what)
	}
}

// deleted checks that no file that was there before, and is not now, was named by a
// dataset when the command began.
func (q *sequence) deleted(before scenery) {
	for name := range before.files {
		if q.digest(name, nil) != "" || strings.HasSuffix(name, ".json") {
			continue
		}
		for key, k := range q.datasets {
			for at, path := range k.paths {
				if q.absolute(path) == name {
					q.find("%q is deleted, and %s names it (%s of %s)", name, key, at.field, at.id)
				}
			}
		}
	}
}

func bsonOf(t interface{ Fatal(...any) }, doc bson.D) bson.Raw {
	raw, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
