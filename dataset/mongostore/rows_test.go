package mongostore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/mongotest"
)

// manyRows makes a dataset of more documents than are looked through at a time,
// of sizes that fill sheaves by their number and by their bytes.
func manyRows(t *testing.T) (*Store, *dataset.Finder, int) {
	t.Helper()
	const n = 6 * sheafDocuments
	ctx := context.Background()
	d, db := rich(t)
	s, err := d.Dataset(ctx, "image")
	if err != nil {
		t.Fatal(err)
	}
	samples := db.Collection(s.samples)
	if err := samples.Drop(ctx); err != nil {
		t.Fatal(err)
	}
	docs := make([]bson.D, n)
	for i := range docs {
		size := i % 50
		if i > n/2 {
			size = 1000 * (i % 37)
		}
		docs[i] = bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: path(i)}, {Key: "text", Value: strings.Repeat("x", size)}}
	}
	if _, err := samples.InsertMany(ctx, docs); err != nil {
		t.Fatal(err)
	}
	m, err := s.Manifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f, err := dataset.NewFinder(m, []string{dataset.FilepathField})
	if err != nil {
		t.Fatal(err)
	}
	return s, f, n
}

func path(i int) string { return fmt.Sprintf("/data/%06d.jpg", i) }

func TestRowsInOrder(t *testing.T) {
	s, f, n := manyRows(t)
	i := 0
	for row, err := range s.Rows(context.Background(), dataset.Samples, f) {
		if err != nil {
			t.Fatal(err)
		}
		if row.Seq != int64(i) || row.Value != path(i) {
			t.Fatalf("row %d is %d, %s", i, row.Seq, row.Value)
		}
		i++
	}
	if i != n {
		t.Errorf("%d rows, want %d", i, n)
	}
}

// What ends early must say so, if not at the caller's wish, and leave nothing
// that runs.
func TestRowsThatEndEarly(t *testing.T) {
	s, f, n := manyRows(t)
	for _, at := range []int{0, 1, sheafDocuments, n / 2, n - 1} {
		ctx, cancel := context.WithCancel(context.Background())
		got, last := 0, error(nil)
		for _, err := range s.Rows(ctx, dataset.Samples, f) {
			if last = err; err != nil {
				continue
			}
			if got == at {
				cancel()
			}
			got++
		}
		cancel()
		if !errors.Is(last, context.Canceled) || got < at {
			t.Errorf("cancelled at row %d: %d rows, and %v", at, got, last)
		}
		got = 0
		for _, err := range s.Rows(context.Background(), dataset.Samples, f) {
			if err != nil {
				t.Fatal(err)
			}
			if got++; got > at {
				break
			}
		}
	}
	for deadline := time.Now().Add(mongotest.Patience); ; time.Sleep(time.Millisecond) {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if !strings.Contains(string(stacks), "mongostore.(*Store).gather") && !strings.Contains(string(stacks), "mongostore.(*sheaf).find") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running:\n%s", stacks)
		}
	}
}

// A document that cannot be looked through comes after the rows of those before it.
func TestRowsBeforeAnError(t *testing.T) {
	sh := &sheaf{first: 40, done: make(chan struct{})}
	f, err := dataset.NewFinder(dataset.Manifest{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		doc, err := bson.Marshal(bson.D{{Key: "_id", Value: i}, {Key: "filepath", Value: path(i)}})
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			doc[len(doc)-2] = 1 // the end of a string
			doc = slices.Delete(doc, len(doc)-1, len(doc))
		}
		sh.memory = append(sh.memory, doc...)
		sh.ends = append(sh.ends, len(sh.memory))
	}
	sh.find(dataset.Samples, f)
	if len(sh.rows) != 1 || sh.rows[0].Seq != 40 || !errors.Is(sh.err, dataset.ErrMalformed) {
		t.Errorf("%v, %v", sh.rows, sh.err)
	}
}
