package chaos

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/bucket/s3store"
	"github.com/medialift/medialift/internal/mongotest"
)

// A reference is the end of a journey that nothing disturbed.
type reference struct {
	a, b    mongotest.Dump // with names in place of what was drawn
	objects map[string]object
	order   map[string][]string
	steps   []measure
	along   []mongotest.Dump // A after each step, the last one's too
}

// An object is what the bucket holds under a key.
type object struct{ sum, checksum, kind string }

func (tr *trial) takeA() mongotest.Dump { return mongotest.Take(tr.t, tr.dbA) }
func (tr *trial) takeB() mongotest.Dump { return mongotest.Take(tr.t, tr.dbB) }

func (tr *trial) canon() *canon {
	return &canon{known: tr.known, bucket: tr.bucket, began: tr.began, now: time.Now()}
}

// files lists the bytes of what is in the bucket, by key.
func (tr *trial) files() map[string]object {
	root := filepath.Join(tr.s3.Dir, tr.bucket)
	all := map[string]object{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if e.Name() == ".sgwtmp" { // the server's own
				return fs.SkipDir
			}
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		_, err = io.Copy(h, f)
		rel, _ := filepath.Rel(root, path)
		all[filepath.ToSlash(rel)] = object{sum: hex.EncodeToString(h.Sum(nil))}
		return err
	})
	if err != nil {
		tr.t.Fatal(err)
	}
	return all
}

// described adds what the server says of the objects.
func (tr *trial) described() map[string]object {
	all := tr.files()
	store, err := s3store.New(context.Background(), tr.bucket, s3store.Options{Endpoint: tr.s3.Endpoint, Credentials: credentials.NewStaticCredentialsProvider(tr.s3.AccessKey, tr.s3.SecretKey, "")})
	if err != nil {
		tr.t.Fatal(err)
	}
	for key, o := range all {
		said, err := store.Stat(context.Background(), key)
		if err != nil {
			tr.find("the server does not describe %q: %v", key, err)
		}
		o.checksum, o.kind = fmt.Sprint(said.Checksums), said.ContentType
		all[key] = o
	}
	return all
}

// order is the order in which samples and frames come without being sorted, as
// FiftyOne reads them.
func (tr *trial) order(c *canon, d mongotest.Dump) map[string][]string {
	all := map[string][]string{}
	for name := range d {
		if !strings.HasPrefix(name, "samples.") && !strings.HasPrefix(name, "frames.") {
			continue
		}
		cursor, err := tr.dbB.Collection(name).Find(context.Background(), bson.D{})
		if err != nil {
			tr.t.Fatal(err)
		}
		var docs []bson.Raw
		if err := cursor.All(context.Background(), &docs); err != nil {
			tr.t.Fatal(err)
		}
		var ids []string
		for _, doc := range docs {
			ids = append(ids, doc.Lookup("_id").String())
		}
		all[c.text(name)] = ids
	}
	return all
}

// end is the end of this trial.
func (tr *trial) end() *reference {
	ca, cb := tr.canon(), tr.canon()
	b := tr.takeB()
	return &reference{a: ca.of(tr.takeA()), b: cb.of(b), objects: tr.described(), order: tr.order(cb, b), steps: tr.steps, along: tr.along}
}

// arrived compares the end with the undisturbed one.
func (tr *trial) arrived() {
	got := tr.end()
	tr.leftovers()
	tr.readable()
	tr.tidy()
	if !tr.journey.changesA {
		tr.findings = append(tr.findings, differences("A", (&canon{}).of(tr.source), (&canon{}).of(tr.takeA()))...)
	}
	want := tr.expected
	if want == nil {
		tr.expected = got
		return
	}
	tr.findings = append(tr.findings, differences("A", want.a, got.a)...)
	tr.findings = append(tr.findings, differences("B", want.b, got.b)...)
	for _, key := range sortedKeys(want.objects) {
		if got.objects[key] != want.objects[key] {
			tr.find("object %q is %+v, want %+v", key, got.objects[key], want.objects[key])
		}
	}
	for _, key := range sortedKeys(got.objects) {
		if _, ok := want.objects[key]; !ok {
			tr.find("object %q is too many", key)
		}
	}
	for _, name := range sortedKeys(want.order) {
		if !slices.Equal(want.order[name], got.order[name]) {
			tr.find("the documents of %s come in another order", name)
		}
	}
}

// leftovers finds uploads in parts that nobody goes on with. One that was begun in the
// moment of a kill, or whose answer was lost, is known to nobody: it may stay, but
// then it has no parts.
func (tr *trial) leftovers() {
	list, err := filepath.Glob(filepath.Join(tr.s3.Dir, tr.bucket, ".sgwtmp", "multipart", "*", "*"))
	if err != nil {
		tr.t.Fatal(err)
	}
	for _, dir := range list {
		parts, err := filepath.Glob(filepath.Join(dir, "[0-9]*"))
		if err != nil {
			tr.t.Fatal(err)
		}
		if len(parts) > 0 {
			tr.find("an upload with %d parts is left: %q", len(parts), dir)
		} else if tr.expected == nil {
			tr.find("an upload is left: %q", dir)
		} else {
			tr.vain++
		}
	}
}

// tidy finds temporary files: nothing but a kill may leave some.
func (tr *trial) tidy() {
	list, err := os.ReadDir(tr.temp())
	if err != nil {
		tr.t.Fatal(err)
	}
	for _, e := range list {
		if tr.injected[string(kill)] == 0 {
			tr.find("temporary files are left, such as %q", e.Name())
			return
		}
		tr.temporary++
		if err := os.RemoveAll(filepath.Join(tr.temp(), e.Name())); err != nil {
			tr.t.Fatal(err)
		}
	}
}

// readable reads the ledgers as a user does.
func (tr *trial) readable() {
	o := tr.run([]string{"runs"}, disturbance{})
	tr.findings = append(tr.findings, o.findings...)
	if o.code != 0 || len(o.doc.Runs) == 0 {
		tr.find("medialift runs: exit code %d, %d runs: %s", o.code, len(o.doc.Runs), o.stderr)
	}
	for _, run := range o.doc.Runs {
		if o := tr.run([]string{"runs", run.Run, "--objects"}, disturbance{}); o.code != 0 {
			tr.find("medialift runs %s: exit code %d: %s", run.Run, o.code, o.stderr)
		}
	}
}

// between checks what must hold whenever the command is not at work.
func (tr *trial) between() {
	want, c := tr.expected, tr.canon()
	files := tr.files()
	for _, key := range sortedKeys(files) {
		if o, ok := want.objects[key]; !ok || o.sum != files[key].sum {
			tr.find("between runs: object %q has bytes that nobody wants", key)
		}
	}
	a, b := tr.takeA(), tr.takeB()
	for what, d := range map[string]mongotest.Dump{"A": a, "B": b} {
		for _, name := range names(d) {
			tr.named(what+": "+name, d[name].Docs, files)
		}
	}
	if tr.journey.changesA {
		tr.whole(c.of(a))
	} else {
		tr.findings = append(tr.findings, differences("A between runs", foreign(tr.source), foreign(a))...)
	}
	tr.counted(c, b)
}

// named checks that every URL names an object that is there.
func (tr *trial) named(what string, docs []bson.Raw, files map[string]object) {
	if strings.HasPrefix(what[3:], "medialift") {
		return
	}
	url := regexp.MustCompile(regexp.QuoteMeta("s3://"+tr.bucket+"/") + "[^\x00]*")
	for _, doc := range docs {
		for _, found := range url.FindAll(doc, -1) {
			if _, ok := files[string(found[len("s3://"+tr.bucket+"/"):])]; !ok {
				tr.find("between runs: %s names %q, which is not there", what, found)
			}
		}
	}
}

// whole checks that every document of A is wholly as some step leaves it.
func (tr *trial) whole(a mongotest.Dump) {
	all := append([]mongotest.Dump{(&canon{}).of(tr.source)}, tr.expected.along...)
	for _, name := range names(foreign(a)) {
		for _, doc := range a[name].Docs {
			is := func(d mongotest.Dump) bool {
				return d[name] != nil && slices.ContainsFunc(d[name].Docs, func(other bson.Raw) bool { return bytes.Equal(doc, other) })
			}
			if !slices.ContainsFunc(all, is) {
				tr.find("between runs: A: %s holds a document that is neither old nor new: %.2000s", name, doc)
			}
		}
	}
}

// foreign leaves away what the binary notes for itself.
func foreign(d mongotest.Dump) mongotest.Dump {
	out := mongotest.Dump{}
	for name, c := range d {
		if !strings.HasPrefix(name, "medialift") {
			out[name] = c
		}
	}
	return out
}

// counted checks that each dataset that B lists is all there: its documents by
// number, and all that it refers to.
func (tr *trial) counted(c *canon, b mongotest.Dump) {
	has := map[string]map[bson.ObjectID]bool{}
	for _, name := range []string{"views", "workspaces", "runs", "fs.files"} {
		has[name] = map[bson.ObjectID]bool{}
		for _, doc := range docs(b, name) {
			has[name][doc.Lookup("_id").ObjectID()] = true
		}
	}
	c.of(b) // which names the ids
	for _, doc := range docs(b, "datasets") {
		dataset := doc.Lookup("name").StringValue()
		for _, key := range []string{"sample_collection_name", "frame_collection_name"} {
			name, _ := doc.Lookup(key).StringValueOK()
			want := tr.expected.b[c.text(name)]
			if name == "" || want == nil {
				continue // not one of the journey's
			}
			if b[name] == nil || len(b[name].Docs) != len(want.Docs) {
				tr.find("between runs: B lists %q without all of %s", dataset, key)
			}
		}
		for key, collection := range map[string]string{"saved_views": "views", "workspaces": "workspaces", "evaluations": "runs", "brain_methods": "runs", "runs": "runs"} {
			inner, _ := bson.Raw(doc.Lookup(key).Value).Elements()
			for _, e := range inner {
				if id, ok := e.Value().ObjectIDOK(); ok && !has[collection][id] {
					tr.find("between runs: B lists %q without %s %s", dataset, key, e.Key())
				}
			}
		}
	}
	for _, doc := range docs(b, "runs") {
		if id, ok := doc.Lookup("results").ObjectIDOK(); ok && isListed(b, doc) && !has["fs.files"][id] {
			tr.find("between runs: B has a run without its results: %s", doc)
		}
	}
}

// isListed tells whether a document belongs to a dataset that is there.
func isListed(b mongotest.Dump, doc bson.Raw) bool {
	return slices.ContainsFunc(docs(b, "datasets"), func(d bson.Raw) bool { return d.Lookup("_id").Equal(doc.Lookup("_dataset_id")) })
}
