package dbmigrate

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Op is one change to the database beside the dataset's own document: data, that
// a plan shows, a journal keeps and a backup reads. Applying an Op again changes
// nothing more, so that a run which was killed may repeat its last one.
type Op interface {
	// Kind names the type in BSON: "put", "delete", ….
	Kind() string
	// Target is the collection that it changes.
	Target() string
	// Last reports whether it has to wait until the dataset's document is written: it
	// destroys something that the document may still name, or was put off.
	Last() bool
}

// Put writes a whole document. A generated _id is part of the Op: repeating it makes
// no second document.
type Put struct {
	Collection string `bson:"collection"`
	Doc        bson.D `bson:"doc"`
	// Was is the document that Doc replaces, and nothing else; nil where Doc is new.
	Was bson.D `bson:"was,omitempty"`
}

// Delete removes the documents with these ids.
type Delete struct {
	Collection string `bson:"collection"`
	IDs        bson.A `bson:"ids"`
}

// UpdateAll updates every document that the filter matches, in ranges of _id.
type UpdateAll struct {
	Collection string `bson:"collection"`
	Filter     bson.D `bson:"filter"` // empty for all documents
	// Update is what MongoDB's update takes: a bson.D of operators or a bson.A, a
	// pipeline. Pipelines without a filter that follow one another on a collection
	// are joined, so that its documents are written once.
	Update any `bson:"update"`
	// After puts it off until the dataset's document is written: for what no document
	// of it depends on, so that a migration which never gets there changes nothing.
	After bool `bson:"after,omitempty"`
}

// Convert passes the documents of a collection, in the order of _id, through a
// Conversion of the Registry: for what the server's language can't say.
type Convert struct {
	Collection string `bson:"collection"`
	Conversion string `bson:"conversion"`
	Args       bson.D `bson:"args"`
	// Filter selects the documents; empty for all. One that is converted need not match
	// any more.
	Filter bson.D `bson:"filter,omitempty"`
	// Fields are the top-level fields that the conversion changes, without changing the
	// order of keys; nil where it may change any.
	Fields []string `bson:"fields,omitempty"`
}

// Merge has the server compute parts of documents of one collection from those of
// another: what the pipeline gives is merged into the document that has its _id, key
// by key, and dropped where there is none. What it reads a later Op may remove, so a
// run that went past it never begins before it again.
type Merge struct {
	From     string   `bson:"from"`
	Pipeline bson.A   `bson:"pipeline"`
	Into     string   `bson:"into"`
	Fields   []string `bson:"fields"` // the top-level fields that the pipeline gives beside _id
}

// CopyResult copies a file of run results in GridFS (the bucket "fs", JSON text)
// to a new id, with the string values of top-level keys replaced and every other
// byte kept. A key that is not there is added at the end; a file that holds no JSON
// object is copied as it is.
type CopyResult struct {
	From any           `bson:"from"`
	To   bson.ObjectID `bson:"to"`
	Set  bson.D        `bson:"set"`
	// Unpack are the top-level keys whose arrays become lists, where they are packed as
	// numpy writes them.
	Unpack []string      `bson:"unpack,omitempty"`
	Date   bson.DateTime `bson:"date"` // the new file's date
}

// DeleteResult removes files from GridFS.
type DeleteResult struct {
	IDs bson.A `bson:"ids"`
}

// DropIndex removes an index, if there is one: that of these keys, or where there are
// none that of this name.
type DropIndex struct {
	Collection string `bson:"collection"`
	Keys       bson.D `bson:"keys,omitempty"`
	Name       string `bson:"name,omitempty"`
}

// Drop removes a whole collection with its indexes.
type Drop struct {
	Collection string `bson:"collection"`
}

// Kind implements Op.
func (Put) Kind() string { return "put" }

// Kind implements Op.
func (Delete) Kind() string { return "delete" }

// Kind implements Op.
func (UpdateAll) Kind() string { return "update" }

// Kind implements Op.
func (Convert) Kind() string { return "convert" }

// Kind implements Op.
func (Merge) Kind() string { return "merge" }

// Kind implements Op.
func (CopyResult) Kind() string { return "copy-result" }

// Kind implements Op.
func (DeleteResult) Kind() string { return "delete-result" }

// Kind implements Op.
func (DropIndex) Kind() string { return "drop-index" }

// Kind implements Op.
func (Drop) Kind() string { return "drop" }

// Target implements Op.
func (o Put) Target() string { return o.Collection }

// Target implements Op.
func (o Delete) Target() string { return o.Collection }

// Target implements Op.
func (o UpdateAll) Target() string { return o.Collection }

// Target implements Op.
func (o Convert) Target() string { return o.Collection }

// Target implements Op.
func (o Merge) Target() string { return o.Into }

// Target implements Op.
func (CopyResult) Target() string { return "fs.files" }

// Target implements Op.
func (DeleteResult) Target() string { return "fs.files" }

// Target implements Op.
func (o DropIndex) Target() string { return o.Collection }

// Target implements Op.
func (o Drop) Target() string { return o.Collection }

// Last implements Op.
func (Put) Last() bool { return false }

// Last implements Op.
func (Delete) Last() bool { return true }

// Last implements Op.
func (o UpdateAll) Last() bool { return o.After }

// Last implements Op.
func (Convert) Last() bool { return false }

// Last implements Op.
func (Merge) Last() bool { return false }

// Last implements Op.
func (CopyResult) Last() bool { return false }

// Last implements Op.
func (DeleteResult) Last() bool { return true }

// Last implements Op.
func (DropIndex) Last() bool { return false }

// Last implements Op.
func (Drop) Last() bool { return true }

// MarshalOp is the BSON of an Op: its fields after the key "op", its kind.
func MarshalOp(op Op) (bson.D, error) {
	raw, err := bson.Marshal(op)
	if err != nil {
		return nil, fmt.Errorf("encoding the operation %s on %s: %w", op.Kind(), op.Target(), err)
	}
	var fields bson.D
	if err := bson.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("encoding the operation %s on %s: %w", op.Kind(), op.Target(), err)
	}
	return append(bson.D{{Key: "op", Value: op.Kind()}}, fields...), nil
}

// UnmarshalOp is the reverse of MarshalOp.
func UnmarshalOp(raw bson.Raw) (Op, error) {
	kind, _ := raw.Lookup("op").StringValueOK()
	switch kind {
	case "put":
		return decode[Put](raw)
	case "delete":
		return decode[Delete](raw)
	case "update":
		return decode[UpdateAll](raw)
	case "convert":
		return decode[Convert](raw)
	case "merge":
		return decode[Merge](raw)
	case "copy-result":
		return decode[CopyResult](raw)
	case "delete-result":
		return decode[DeleteResult](raw)
	case "drop-index":
		return decode[DropIndex](raw)
	case "drop":
		return decode[Drop](raw)
	}
	return nil, fmt.Errorf("unknown operation %q", kind)
}

func decode[T Op](raw bson.Raw) (Op, error) {
	var op T
	if err := bson.Unmarshal(raw, &op); err != nil {
		return nil, fmt.Errorf("decoding the operation %s: %w", op.Kind(), err)
	}
	return op, nil
}
