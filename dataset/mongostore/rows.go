package mongostore

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// Rows streams every media value that f finds in part. Seq counts the documents
// as they come. Documents are looked through by several goroutines while the next
// ones arrive.
func (s *Store) Rows(ctx context.Context, part dataset.Part, f *dataset.Finder) iter.Seq2[dataset.Row, error] {
	if part.IsDerived() {
		return s.derivedRows(ctx, part, f)
	}
	return func(yield func(dataset.Row, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		queue := make(chan *sheaf, min(runtime.GOMAXPROCS(0), sheaves))
		var work sync.WaitGroup
		work.Go(func() { s.gather(ctx, part, f, queue, &work) })
		defer work.Wait()
		defer cancel()
		for sh := range queue {
			<-sh.done
			for _, row := range sh.rows {
				if !yield(row, nil) {
					return
				}
			}
			if sh.err != nil {
				yield(dataset.Row{}, sh.err)
				return
			}
		}
		if err := ctx.Err(); err != nil { // a sheaf may not have been queued
			yield(dataset.Row{}, err)
		}
	}
}

// What bounds the memory: a sheaf takes no more documents once it has so many, or
// so many bytes (it may end with a document of the 16 MB that MongoDB allows), and
// so many wait for their turn. A mongod sends no faster than a few cores look.
const (
	sheafBytes     = 1 << 20
	sheafDocuments = 256
	sheaves        = 8
)

// A sheaf is some documents in a row, and what was found in them.
type sheaf struct {
	first  int64 // the Seq of the first
	copies bool  // they are of a generated dataset
	memory []byte
	ends   []int // of the documents in memory
	rows   []dataset.Row
	err    error // behind rows
	done   chan struct{}
}

// gather reads the documents of a part and has sheaves of them looked through; it
// queues them in order.
func (s *Store) gather(ctx context.Context, part dataset.Part, f *dataset.Finder, queue chan<- *sheaf, work *sync.WaitGroup) {
	defer close(queue)
	sh := &sheaf{copies: s.generated(), done: make(chan struct{})}
	send := func(next int64) bool {
		full := sh
		work.Go(func() { full.find(part, f) })
		select {
		case queue <- full:
		case <-ctx.Done():
			return false
		}
		sh = &sheaf{first: next, copies: s.generated(), done: make(chan struct{})}
		return true
	}
	seq := int64(0)
	for doc, err := range s.Documents(ctx, part) {
		if err != nil {
			sh.err = err
			break
		}
		if len(sh.ends) == sheafDocuments || len(sh.memory) > sheafBytes {
			if !send(seq) {
				return
			}
		}
		sh.memory = append(sh.memory, doc...)
		sh.ends = append(sh.ends, len(sh.memory))
		seq++
	}
	send(seq)
}

// find looks through the documents of a sheaf.
func (sh *sheaf) find(part dataset.Part, f *dataset.Finder) {
	defer close(sh.done)
	start := 0
	for i, end := range sh.ends {
		doc := bson.Raw(sh.memory[start:end])
		start = end
		found, err := f.Find(part, doc)
		if err != nil {
			sh.err = fmt.Errorf("%s of %s: %w", idText(doc), part, err)
			break
		}
		id := doc.Lookup("_id")
		id.Value = slices.Clone(id.Value)
		var of []bson.RawValue
		if sh.copies && len(found) > 0 {
			of = originals(doc)
		}
		for _, value := range found {
			sh.rows = append(sh.rows, dataset.Row{Part: part, Seq: sh.first + int64(i), ID: id, Of: of, Found: value})
		}
	}
	sh.memory = nil
}

// at finds the value that a pointer leads to.
func at(doc bson.Raw, p dataset.Pointer) (bson.RawValue, bool) {
	v := bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: doc}
	for step := range p.Steps() {
		inner, ok := v.DocumentOK()
		if !ok {
			list, isArray := v.ArrayOK()
			if !isArray {
				return bson.RawValue{}, false
			}
			inner = bson.Raw(list)
		}
		var err error
		if v, err = inner.LookupErr(step); err != nil {
			return bson.RawValue{}, false
		}
	}
	return v, true
}

// text is the string that a pointer leads to; false where there is none.
func text(doc bson.Raw, p dataset.Pointer) (string, bool) {
	v, ok := at(doc, p)
	if !ok {
		return "", false
	}
	return v.StringValueOK()
}
