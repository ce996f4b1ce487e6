package datasettest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

func testUndo(t *testing.T, open Open) {
	c := contents(t, texts(100, sample), texts(10, frame))
	s := open(t, c)
	var changes, undo []dataset.Change
	for _, part := range dataset.MediaParts() {
		list := rows(t, s, part)
		there := changesOf(list, func(path string) string { return clouded(path) + "/é\"😀" })
		spelling := map[string]string{}
		for _, r := range list {
			spelling[r.ID.String()+string(r.At)] = r.Spelling
		}
		for _, c := range there {
			back := c
			back.Sets = slices.Clone(c.Sets)
			for i, set := range c.Sets {
				back.Sets[i] = dataset.Set{At: set.At, Old: set.New, New: set.Old, Spelling: spelling[c.ID.String()+string(set.At)]}
			}
			undo = append(undo, back)
		}
		changes = append(changes, there...)
	}
	for _, step := range [][]dataset.Change{changes, undo} {
		for key, o := range update(t, s, step...) {
			if o.Status != dataset.Changed {
				t.Errorf("%s: %v", key, o.Status)
			}
		}
	}
	check(t, s, dataset.Samples, c.Samples)
	check(t, s, dataset.Frames, c.Frames)
}

// oldOrNew fails unless each document of samples is wholly as it was or wholly
// changed.
func oldOrNew(t *testing.T, s Store, total int) {
	t.Helper()
	state := map[string]bool{}
	list := rows(t, s, dataset.Samples)
	if len(list) != total {
		t.Errorf("got %d rows, want %d", len(list), total)
	}
	for _, r := range list {
		isNew := r.Value[0] != '/'
		if was, ok := state[r.ID.String()]; ok && was != isNew {
			t.Errorf("document %s is half changed", r.ID)
		}
		state[r.ID.String()] = isNew
	}
}

func testCancel(t *testing.T, open Open) {
	s := open(t, contents(t, texts(100, sample), nil))
	changes := changesOf(rows(t, s, dataset.Samples), clouded)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ended := false
	for o, err := range s.Update(ctx, sequence(changes)) {
		if err == nil {
			t.Errorf("outcome %+v after cancelling", o)
		}
		ended = ended || errors.Is(err, context.Canceled)
	}
	if !ended {
		t.Error("a cancelled update ends without an error")
	}
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	ended = false
	for _, err := range s.Update(ctx, sequence(changes)) {
		cancel()
		ended = ended || err != nil
	}
	// A store that needs a single call for everything may have come through.
	oldOrNew(t, s, 300)
	for _, err := range s.Documents(ctx, dataset.Samples) {
		if ended = errors.Is(err, context.Canceled); ended {
			break
		}
	}
	if !ended {
		t.Error("reading does not heed cancelling")
	}
}

func testLeave(t *testing.T, open Open) {
	s := open(t, contents(t, texts(100, sample), nil))
	changes := changesOf(rows(t, s, dataset.Samples), clouded)
	for range s.Update(context.Background(), sequence(changes)) {
		break
	}
	oldOrNew(t, s, 300)
	for range s.Documents(context.Background(), dataset.Samples) {
		break
	}
	m, err := s.Manifest(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	f, err := dataset.NewFinder(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range s.Rows(context.Background(), dataset.Samples, f) {
		break
	}
}

func testEmpty(t *testing.T, open Open) {
	s := open(t, contents(t, nil, nil))
	if outcomes := update(t, s); len(outcomes) != 0 {
		t.Errorf("no changes, but %v", outcomes)
	}
	check(t, s, dataset.Samples, nil)
	stranger := dataset.Change{Part: dataset.Frames, ID: decode(t, `{"x": {"$oid": "`+id(999)+`"}}`).Lookup("x"),
		Sets: []dataset.Set{{At: "/a", Old: "b", New: "c"}}}
	for _, o := range update(t, s, stranger) {
		if o.Status != dataset.NotFound {
			t.Errorf("got %+v", o)
		}
	}
}

// testGone: documents that went since they were listed, and ones that moved,
// do not keep the others from being changed.
func testGone(t *testing.T, open Open) {
	small := func(n int) string {
		return fmt.Sprintf(`{"_id": {"$oid": "%s"}, "filepath": "/data/%d.jpg"}`, id(n), n)
	}
	all := texts(1000, small)
	changes := changesOf(rows(t, open(t, contents(t, all, nil)), dataset.Samples), clouded)
	left := slices.Concat(all[990:], all[300:980], all[100:200])
	s := open(t, contents(t, left, nil))
	outcomes := update(t, s, changes...)
	var want []bson.Raw
	for _, text := range left {
		want = append(want, decode(t, text))
	}
	gone := len(all)
	for i := range want {
		o := outcomes["samples "+want[i].Lookup("_id").String()]
		if o.Status != dataset.Changed {
			t.Fatalf("%s: %v", want[i], o.Status)
		}
		gone--
	}
	for _, o := range outcomes {
		if o.Status == dataset.NotFound {
			gone--
		}
	}
	if gone != 0 {
		t.Errorf("%d changes too few are NotFound", gone)
	}
	oldOrNew(t, s, len(left))
}
