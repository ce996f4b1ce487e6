package runner

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// An expectation knows, by collection, what a plan does, and what that makes of the
// documents of a backup. To read them in the database would not tell a migration's own
// writes from what somebody has changed since.
type expectation struct {
	datasets *dbmigrate.Registry
	ops      map[string][]dbmigrate.Op
}

func (r *Runner) expectationOf(plan *dbmigrate.Plan) *expectation {
	x := &expectation{datasets: r.datasets, ops: map[string][]dbmigrate.Op{}}
	for _, op := range slices.Concat(plan.Ops, plan.Last) {
		x.ops[op.Target()] = append(x.ops[op.Target()], op)
		if _, isResult := op.(dbmigrate.DeleteResult); isResult {
			x.ops["fs.chunks"] = append(x.ops["fs.chunks"], op)
		}
	}
	return x
}

// A making is a document on its way through operations: nil where there is none.
type making struct {
	doc     bson.D
	unknown bool // what becomes of it depends on more than itself
}

// fill says of views that are together what the plan left in their place. Where only the
// database can tell, that is what it holds now.
func (x *expectation) fill(ctx context.Context, batch []view) error {
	if len(batch) == 0 || batch[0].item.Index != nil {
		return nil
	}
	collection, fields := batch[0].item.Collection, batch[0].item.Fields
	docs := make([]making, len(batch))
	byID := map[string][]int{}
	for i, v := range batch {
		docs[i].unknown = !x.isOf(collection, fields)
		key := rawKey(v.item.Doc)
		byID[key] = append(byID[key], i)
		if v.item.Absent {
			continue
		}
		if err := bson.Unmarshal(v.item.Doc, &docs[i].doc); err != nil {
			return err
		}
	}
	for _, op := range x.ops[collection] {
		if err := x.apply(ctx, op, batch, docs, byID); err != nil {
			return err
		}
	}
	for i := range batch {
		batch[i].left = batch[i].now
		if docs[i].unknown {
			continue
		}
		expected, err := marshalled(docs[i].doc)
		if err != nil {
			return err
		}
		if !batch[i].alike(expected) {
			batch[i].left = expected
		}
	}
	return nil
}

// isOf reports whether an operation of the plan is what made a backup keep these fields
// of the documents of a collection. Backups of plans that were made again hold more.
func (x *expectation) isOf(collection string, fields []string) bool {
	return slices.ContainsFunc(x.ops[collection], func(op dbmigrate.Op) bool {
		switch op := op.(type) {
		case dbmigrate.UpdateAll:
			return fields != nil && slices.Equal(fields, updatedFields(op.Update))
		case dbmigrate.Merge:
			return slices.Equal(fields, op.Fields)
		case dbmigrate.Convert:
			return slices.Equal(fields, op.Fields)
		}
		return fields == nil
	})
}

// apply applies an operation to documents.
func (x *expectation) apply(ctx context.Context, op dbmigrate.Op, batch []view, docs []making, byID map[string][]int) error {
	fields := batch[0].item.Fields
	switch op := op.(type) {
	case dbmigrate.Put:
		return atID(lookup(op.Doc, "_id"), byID, func(i int) { docs[i].doc = op.Doc })
	case dbmigrate.Delete:
		return atIDs(op.IDs, byID, func(i int) { docs[i].doc = nil })
	case dbmigrate.DeleteResult:
		if batch[0].item.Collection != "fs.chunks" {
			return atIDs(op.IDs, byID, func(i int) { docs[i].doc = nil })
		}
		for i := range docs {
			docs[i].doc = nil
		}
	case dbmigrate.CopyResult:
		return atID(op.To, byID, func(i int) { docs[i].doc = fileOf(op, lengthOf(batch[i].now)) })
	case dbmigrate.Drop:
		for i := range docs {
			docs[i].doc = nil
		}
	case dbmigrate.UpdateAll:
		x.update(op, fields, docs)
	case dbmigrate.Merge:
		for i := range docs {
			docs[i].unknown = docs[i].unknown || fields == nil || meet(fields, op.Fields)
		}
	case dbmigrate.Convert:
		return x.convert(ctx, op, fields, docs)
	}
	return nil
}

// atID and atIDs visit the documents of a batch that have these ids.
func atID(id any, byID map[string][]int, visit func(i int)) error {
	return atIDs(bson.A{id}, byID, visit)
}

func atIDs(ids bson.A, byID map[string][]int, visit func(i int)) error {
	for _, id := range ids {
		raw, err := bson.Marshal(bson.D{{Key: "_id", Value: id}})
		if err != nil {
			return err
		}
		for _, i := range byID[rawKey(raw)] {
			visit(i)
		}
	}
	return nil
}

// convert has a conversion change documents. One that reads others has read them as they
// were then.
func (x *expectation) convert(ctx context.Context, op dbmigrate.Convert, fields []string, docs []making) error {
	if fields != nil && op.Fields != nil && !meet(fields, op.Fields) {
		return nil
	}
	conversion := x.datasets.Conversion(op.Conversion)
	for i := range docs {
		if docs[i].doc == nil || docs[i].unknown {
			continue
		}
		// Of some fields alone it can be told where these are all that it changes.
		if docs[i].unknown = fields != nil && !slices.Equal(fields, op.Fields) || conversion == nil; docs[i].unknown {
			continue
		}
		// What it was given must stay as it is where it gives up.
		doc, err := copied(docs[i].doc)
		if err == nil {
			_, err = conversion(ctx, noReader{}, &doc, op.Args)
		}
		if errors.Is(err, errReads) {
			docs[i].unknown = true
			continue
		}
		if err != nil {
			return err
		}
		docs[i].doc = doc
	}
	return nil
}

func copied(doc bson.D) (copied bson.D, err error) {
	raw, err := bson.Marshal(doc)
	if err == nil {
		err = bson.Unmarshal(raw, &copied)
	}
	return copied, err
}

func marshalled(doc bson.D) (bson.Raw, error) {
	if doc == nil {
		return nil, nil
	}
	return bson.Marshal(doc)
}

// alike reports whether a document is the one of the database, in whatever order its
// fields are there.
func (v view) alike(expected bson.Raw) bool {
	if v.now == nil || expected == nil || v.item.Fields != nil {
		return v.same(v.now, expected)
	}
	now, errNow := v.now.Elements()
	elements, err := expected.Elements()
	if err != nil || errNow != nil || len(now) != len(elements) {
		return false
	}
	byKey := func(a, b bson.RawElement) int { return strings.Compare(a.Key(), b.Key()) }
	slices.SortFunc(now, byKey)
	slices.SortFunc(elements, byKey)
	return slices.EqualFunc(now, elements, func(a, b bson.RawElement) bool { return bytes.Equal(a, b) })
}

func lengthOf(file bson.Raw) int64 {
	length, _ := file.Lookup("length").AsInt64OK()
	return length
}

// meet reports whether two lists have a field in common.
func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
}

// errReads says that a conversion looks at other documents.
var errReads = errors.New("the conversion reads other documents")

// noReader is for conversions that need none.
type noReader struct{}

func (noReader) Find(context.Context, string, dbmigrate.Query) iter.Seq2[bson.D, error] {
	return func(yield func(bson.D, error) bool) { yield(nil, errReads) }
}

func (noReader) Count(context.Context, string) (int64, error) { return 0, errReads }

func (noReader) Collections(context.Context) ([]string, error) { return nil, errReads }
