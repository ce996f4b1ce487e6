package mongotest

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset/extjson"
)

// A Dump is a whole database, a collection by name.
//
// As files it is a directory (or a .tar.gz of one) with a file NAME.jsonl for
// each collection, one document a line in canonical extended JSON, in the order
// of _id, and _collections.json, which says what collections there are, with
// their options and indexes. Bytes of a name that are not letters, digits or one
// of " ._-" are percent-encoded in the file's name.
type Dump map[string]*Collection

// A Collection is what one collection holds.
type Collection struct {
	// Options are as listCollections answers them.
	Options bson.Raw
	// Indexes are as listIndexes answers them, by name.
	Indexes []bson.Raw
	// Docs are in the order of _id where they were read, inserted as they stand.
	Docs []bson.Raw
}

// manifestName is the file that lists the collections.
const manifestName = "_collections.json"

// Read reads a dump: a directory, or an archive that holds one. In the text of
// its documents, each second string takes the place of the one before it, as with
// strings.NewReplacer.
func Read(t testing.TB, name string, oldnew ...string) Dump {
	t.Helper()
	files, err := readFiles(name)
	if err == nil {
		replacer := strings.NewReplacer(oldnew...)
		for file, text := range files {
			files[file] = []byte(replacer.Replace(string(text)))
		}
		var d Dump
		if d, err = parse(files); err == nil {
			return d
		}
	}
	t.Fatalf("reading the dump %q: %v", name, err)
	return nil
}

// FiftyOne reads the dump of testdata/databases that FiftyOne 1.22.1 wrote; see
// Read.
func FiftyOne(t testing.TB, oldnew ...string) Dump {
	t.Helper()
	dir := "."
	for range 8 { // tests run in the directory of their package
		name := filepath.Join(dir, "testdata", "databases", "fiftyone-1.22.1.tar.gz")
		if _, err := os.Stat(name); err == nil {
			return Read(t, name, oldnew...)
		}
		dir = filepath.Join(dir, "..")
	}
	t.Fatal("there is no testdata/databases above this package")
	return nil
}

// readFiles answers the content of a directory's or archive's files by base name.
func readFiles(name string) (map[string][]byte, error) {
	files := map[string][]byte{}
	if !strings.HasSuffix(name, ".tar.gz") {
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if files[e.Name()], err = os.ReadFile(filepath.Join(name, e.Name())); err != nil {
				return nil, err
			}
		}
		return files, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	zipped, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(zipped); ; {
		header, err := r.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeReg {
			if files[path.Base(header.Name)], err = io.ReadAll(r); err != nil {
				return nil, err
			}
		}
	}
}

func parse(files map[string][]byte) (Dump, error) {
	// The manifest is an array, which extended JSON has at no top.
	wrapped := slices.Concat([]byte(`{"all":`), files[manifestName], []byte(`}`))
	all, err := extjson.Decode(nil, wrapped)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, err)
	}
	entries, err := all.Lookup("all").Array().Values()
	if err != nil {
		return nil, err
	}
	d := Dump{}
	for _, entry := range entries {
		doc := entry.Document()
		name := doc.Lookup("name").StringValue()
		indexes, err := documents(doc.Lookup("indexes"))
		if err != nil {
			return nil, err
		}
		c := &Collection{Options: doc.Lookup("options").Document(), Indexes: indexes, Docs: []bson.Raw{}}
		text, ok := files[fileName(name)]
		if !ok {
			return nil, fmt.Errorf("%s is missing", fileName(name))
		}
		for line := range bytes.Lines(text) {
			doc, err := extjson.Decode(nil, line)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", fileName(name), err)
			}
			c.Docs = append(c.Docs, doc)
		}
		d[name] = c
	}
	return d, nil
}

func documents(list bson.RawValue) ([]bson.Raw, error) {
	values, err := list.Array().Values()
	docs := make([]bson.Raw, len(values))
	for i, v := range values {
		docs[i] = v.Document()
	}
	return docs, err
}

func fileName(collection string) string {
	var b strings.Builder
	for _, c := range []byte(collection) {
		if strings.IndexByte(" ._-~", c) >= 0 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String() + ".jsonl"
}

// Restore puts d in the place of all that db holds.
func (d Dump) Restore(t testing.TB, db *mongo.Database) {
	t.Helper()
	if err := d.restore(context.Background(), db); err != nil {
		t.Fatalf("restoring into %s: %v", db.Name(), err)
	}
}

func (d Dump) restore(ctx context.Context, db *mongo.Database) error {
	if err := db.Drop(ctx); err != nil {
		return err
	}
	for name, c := range d {
		create := bson.D{{Key: "create", Value: name}}
		elements, err := c.Options.Elements()
		if err != nil {
			return err
		}
		for _, e := range elements {
			create = append(create, bson.E{Key: e.Key(), Value: e.Value()})
		}
		if err := db.RunCommand(ctx, create).Err(); err != nil {
			return err
		}
		if len(c.Docs) > 0 {
			if _, err := db.Collection(name).InsertMany(ctx, c.Docs); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		var indexes bson.A
		for _, index := range c.Indexes {
			if index.Lookup("name").StringValue() != "_id_" {
				indexes = append(indexes, index)
			}
		}
		if len(indexes) > 0 {
			if err := db.RunCommand(ctx, bson.D{{Key: "createIndexes", Value: name}, {Key: "indexes", Value: indexes}}).Err(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// Take reads all of db.
func Take(t testing.TB, db *mongo.Database) Dump {
	t.Helper()
	d, err := take(context.Background(), db)
	if err != nil {
		t.Fatalf("reading %s: %v", db.Name(), err)
	}
	return d
}

func take(ctx context.Context, db *mongo.Database) (Dump, error) {
	cursor, err := db.ListCollections(ctx, bson.D{{Key: "type", Value: "collection"}})
	if err != nil {
		return nil, err
	}
	var infos []bson.Raw
	if err := cursor.All(ctx, &infos); err != nil {
		return nil, err
	}
	d := Dump{}
	for _, info := range infos {
		name := info.Lookup("name").StringValue()
		if strings.HasPrefix(name, "system.") {
			continue
		}
		c := &Collection{Docs: []bson.Raw{}}
		c.Options, _ = info.Lookup("options").DocumentOK()
		docs, err := db.Collection(name).Find(ctx, bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetAllowDiskUse(true))
		if err != nil {
			return nil, err
		}
		indexes, listErr := db.Collection(name).Indexes().List(ctx)
		if listErr != nil {
			return nil, listErr
		}
		if err := errors.Join(docs.All(ctx, &c.Docs), indexes.All(ctx, &c.Indexes)); err != nil {
			return nil, err
		}
		slices.SortFunc(c.Indexes, func(a, b bson.Raw) int {
			return strings.Compare(a.Lookup("name").StringValue(), b.Lookup("name").StringValue())
		})
		d[name] = c
	}
	return d, nil
}
