package chaos

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
)

// A canon makes the dumps of two runs equal where they may differ: ids that a run
// draws get names that say what they are ids of, the bucket gets one name, and
// times within the run are one. All other bytes stay.
type canon struct {
	known      map[string]bool // ids that no run draws
	bucket     string
	began, now time.Time
	names      map[bson.ObjectID]string
	texts      *strings.Replacer
}

// canonBucket has the length of all buckets of trials, so that documents keep theirs.
const canonBucket = "chaos-000000"

// text has names in place of what was drawn; of comes before.
func (c *canon) text(s string) string { return c.texts.Replace(s) }

// name gives an id that was drawn its name.
func (c *canon) name(v bson.RawValue, format string, args ...any) {
	if id, ok := v.ObjectIDOK(); ok && len(c.known) > 0 && !c.known[string(id[:])] {
		if _, has := c.names[id]; !has {
			c.names[id] = fmt.Sprintf(format, args...)
		}
	}
}

// families are the kinds of runs a dataset document refers to.
var families = []string{"annotation_runs", "brain_methods", "evaluations", "runs"}

// docs are a collection's documents, if it is there.
func docs(d mongotest.Dump, name string) []bson.Raw {
	if d[name] == nil {
		return nil
	}
	return d[name].Docs
}

// collect names all ids that were drawn.
func (c *canon) collect(d mongotest.Dump) {
	c.names = map[bson.ObjectID]string{}
	for i, doc := range docs(d, "config") {
		c.name(doc.Lookup("_id"), "config %d", i) // a lift into a new database notes its version
	}
	for _, doc := range docs(d, "datasets") {
		dataset, _ := doc.Lookup("name").StringValueOK()
		c.name(doc.Lookup("_id"), "dataset %s", dataset)
		if collection, ok := doc.Lookup("sample_collection_name").StringValueOK(); ok {
			if id, err := bson.ObjectIDFromHex(collection[strings.LastIndexByte(collection, '.')+1:]); err == nil {
				c.name(bson.RawValue{Type: bson.TypeObjectID, Value: id[:]}, "samples of %s", dataset)
			}
		}
		for _, key := range append([]string{"saved_views", "workspaces"}, families...) {
			inner, err := bson.Raw(doc.Lookup(key).Value).Elements()
			if err != nil {
				continue // null
			}
			for _, e := range inner {
				c.name(e.Value(), "%s %s of %s", key, e.Key(), dataset)
				if run, ok := e.Value().DocumentOK(); ok {
					c.name(run.Lookup("results"), "results of %s %s of %s", key, e.Key(), dataset)
				}
			}
		}
	}
	for _, doc := range docs(d, "runs") {
		if id, ok := doc.Lookup("_id").ObjectIDOK(); ok {
			c.name(doc.Lookup("results"), "results of %s", c.names[id])
		}
	}
	for _, doc := range docs(d, "fs.chunks") {
		if file, ok := doc.Lookup("files_id").ObjectIDOK(); ok {
			c.name(doc.Lookup("_id"), "chunk %v of %s", doc.Lookup("n"), c.names[file])
		}
	}
	// Migrations draw ids of what documents hold.
	for _, collection := range d {
		for _, doc := range collection.Docs {
			if id, ok := doc.Lookup("_id").ObjectIDOK(); ok && (c.known[string(id[:])] || c.names[id] != "") {
				c.within(doc, cmp.Or(c.names[id], id.Hex()))
			}
		}
	}
}

// within names the ids in a document by their places.
func (c *canon) within(doc bson.Raw, at string) {
	elements, err := doc.Elements()
	if err != nil {
		return
	}
	for _, e := range elements {
		switch v := e.Value(); v.Type {
		case bson.TypeObjectID:
			c.name(v, "%s.%s", at, e.Key())
		case bson.TypeEmbeddedDocument, bson.TypeArray:
			c.within(bson.Raw(v.Value), at+"."+e.Key())
		}
	}
}

// of returns d with names in place of what was drawn, and each collection's
// documents in the order of their bytes.
func (c *canon) of(d mongotest.Dump) mongotest.Dump {
	c.collect(d)
	texts := []string{}
	if c.bucket != "" {
		texts = append(texts, c.bucket, canonBucket)
	}
	var raws []string
	for id, name := range c.names {
		sum := sha256.Sum256([]byte(name))
		texts = append(texts, id.Hex(), hex.EncodeToString(sum[:12]))
		raws = append(raws, string(id[:]), string(sum[:12]))
	}
	c.texts = strings.NewReplacer(texts...)
	all := strings.NewReplacer(append(raws, texts...)...)
	out := mongotest.Dump{}
	for name, collection := range d {
		if strings.HasPrefix(name, "medialift") && len(collection.Docs) == 0 {
			continue // a place for records of ours, none of which is left
		}
		made := &mongotest.Collection{Options: collection.Options, Indexes: collection.Indexes}
		for _, doc := range collection.Docs {
			changed := bson.Raw(all.Replace(string(doc)))
			c.times(changed)
			made.Docs = append(made.Docs, changed)
		}
		slices.SortFunc(made.Docs, func(a, b bson.Raw) int { return bytes.Compare(a, b) })
		out[c.texts.Replace(name)] = made
	}
	return out
}

// times makes one time of all within the run, in place.
func (c *canon) times(doc bson.Raw) {
	elements, err := doc.Elements()
	if err != nil {
		return
	}
	for _, e := range elements {
		v := e.Value()
		switch v.Type {
		case bson.TypeDateTime:
			if at := v.Time(); !at.Before(c.began) && !at.After(c.now) {
				binary.LittleEndian.PutUint64(v.Value, 1)
			}
		case bson.TypeEmbeddedDocument, bson.TypeArray:
			c.times(bson.Raw(v.Value))
		}
	}
}

// differences lists where got is not want, at most some of them.
func differences(what string, want, got mongotest.Dump) (list []string) {
	say := func(format string, args ...any) { list = append(list, what+": "+fmt.Sprintf(format, args...)) }
	all := names(want)
	for _, name := range names(got) {
		if want[name] == nil {
			all = append(all, name)
		}
	}
	for _, name := range all {
		w, g := want[name], got[name]
		switch {
		case w == nil:
			say("collection %s is too many, with %d documents: %.500s", name, len(g.Docs), first(g.Docs))
			continue
		case g == nil:
			say("collection %s of %d documents is missing", name, len(w.Docs))
			continue
		}
		if !bytes.Equal(w.Options, g.Options) {
			say("%s has options %v, want %v", name, g.Options, w.Options)
		}
		if a, b := fmt.Sprint(w.Indexes), fmt.Sprint(g.Indexes); a != b {
			say("%s has indexes %s, want %s", name, b, a)
		}
		list = append(list, unlike(what+": "+name, w.Docs, g.Docs)...)
	}
	return list
}

func first(docs []bson.Raw) string {
	if len(docs) == 0 {
		return "none"
	}
	return docs[0].String()
}

// unlike compares documents in the order of their bytes.
func unlike(what string, want, got []bson.Raw) (list []string) {
	order := func(a, b bson.Raw) int { return bytes.Compare(a, b) }
	var lack, more []bson.Raw
	for i, j := 0, 0; i < len(want) || j < len(got); {
		var at int
		switch {
		case i == len(want):
			at = 1
		case j == len(got):
			at = -1
		default:
			at = order(want[i], got[j])
		}
		if at <= 0 {
			if at < 0 {
				lack = append(lack, want[i])
			}
			i++
		}
		if at >= 0 {
			if at > 0 {
				more = append(more, got[j])
			}
			j++
		}
	}
	for i := range max(len(lack), len(more)) {
		var w, g bson.Raw
		if i < len(lack) {
			w = lack[i]
		}
		if i < len(more) {
			g = more[i]
		}
		list = append(list, fmt.Sprintf("%s: %s", what, unlikeAt(w, g)))
	}
	return list
}

// unlikeAt shows two documents from a little before where they part.
func unlikeAt(want, got bson.Raw) string {
	w, g := want.String(), got.String()
	at := 0
	for at < min(len(w), len(g)) && w[at] == g[at] {
		at++
	}
	from := max(0, at-60)
	cut := func(s string) string { return s[min(from, len(s)):min(from+300, len(s))] }
	return fmt.Sprintf("from byte %d on\n      want …%s\n      got  …%s", from, cmp.Or(cut(w), "no such document"), cmp.Or(cut(g), "no such document"))
}

// What a run may draw makes no difference, and all else does.
func TestCanon(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	kept := bson.NewObjectID()
	made := func(bucket string, change func(dataset, sample bson.M)) mongotest.Dump {
		id, view, run, file, config := bson.NewObjectID(), bson.NewObjectID(), bson.NewObjectID(), bson.NewObjectID(), bson.NewObjectID()
		dataset := bson.M{"_id": id, "name": "a", "sample_collection_name": "samples." + id.Hex(), "saved_views": bson.A{view}, "runs": bson.M{"r": run}}
		sample := bson.M{"_id": kept, "_dataset_id": id, "filepath": "s3://" + bucket + "/x", "last_modified_at": now.Add(time.Second), "created_at": now.Add(-time.Hour)}
		if change != nil {
			change(dataset, sample)
		}
		d := mongotest.Dump{}
		for name, doc := range map[string]bson.M{
			"datasets": dataset, "samples." + id.Hex(): sample, "views": {"_id": view, "_dataset_id": id},
			"runs": {"_id": run, "results": file}, "fs.files": {"_id": file, "length": 1}, "fs.chunks": {"_id": bson.NewObjectID(), "files_id": file, "n": 0},
			"config": {"_id": config, "version": "1.22.1"},
		} {
			d[name] = &mongotest.Collection{Docs: []bson.Raw{raw(t, doc)}}
		}
		return d
	}
	compare := func(other mongotest.Dump) []string {
		c := func(bucket string) *canon {
			return &canon{known: map[string]bool{string(kept[:]): true}, bucket: bucket, began: now, now: now.Add(time.Minute)}
		}
		return differences("x", c("chaos-000001").of(made("chaos-000001", nil)), c("chaos-000002").of(other))
	}
	if list := compare(made("chaos-000002", nil)); len(list) > 0 {
		t.Errorf("there are differences: %s", strings.Join(list, "\n"))
	}
	for what, change := range map[string]func(dataset, sample bson.M){
		"a time of before":     func(_, sample bson.M) { sample["created_at"] = now },
		"a time that is not":   func(_, sample bson.M) { sample["last_modified_at"] = now.Add(-time.Second) },
		"another path":         func(_, sample bson.M) { sample["filepath"] = "s3://chaos-000003/x" },
		"another id":           func(_, sample bson.M) { sample["_id"] = bson.NewObjectID() },
		"another dataset's":    func(_, sample bson.M) { sample["_dataset_id"] = bson.NewObjectID() },
		"a field":              func(dataset, _ bson.M) { dataset["more"] = 1 },
		"a view that is not":   func(dataset, _ bson.M) { dataset["saved_views"] = bson.A{bson.NewObjectID()} },
		"a run of another key": func(dataset, _ bson.M) { dataset["runs"] = bson.M{"s": dataset["runs"].(bson.M)["r"]} },
	} {
		if list := compare(made("chaos-000002", change)); len(list) == 0 {
			t.Errorf("%s makes no difference", what)
		}
	}
	moved := made("chaos-000002", nil)
	moved["config"] = &mongotest.Collection{Docs: []bson.Raw{raw(t, bson.M{"_id": bson.NewObjectID(), "version": "1.0.0"})}}
	if list := compare(moved); len(list) != 1 {
		t.Errorf("a database of another version: %q", list)
	}
	record := made("chaos-000002", nil)
	record["medialift.imports"] = &mongotest.Collection{Docs: []bson.Raw{raw(t, bson.M{"_id": 1})}}
	if list := compare(record); len(list) != 1 {
		t.Errorf("a record that is left: %q", list)
	}
}

// raw marshals with the keys in order.
func raw(t testing.TB, doc bson.M) bson.Raw {
	t.Helper()
	var d bson.D
	for _, key := range sortedKeys(doc) {
		d = append(d, bson.E{Key: key, Value: doc[key]})
	}
	out, err := bson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
