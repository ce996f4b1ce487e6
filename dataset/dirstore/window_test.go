package dirstore

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
)

// runWindow updates the documents of ids with changes of all ids below n, and a
// window of the given size.
func runWindow(t *testing.T, size, n int, ids []int) (changed, lost int) {
	t.Helper()
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(many(n), `{"samples": [`), "]}"), ",{")
	var kept []string
	for _, id := range ids {
		kept = append(kept, "{"+strings.TrimPrefix(parts[id], "{"))
	}
	text := `{"samples": [` + strings.Join(kept, ",") + `]}`
	dir := write(t, map[string]string{"metadata.json": metadata, "samples.json": text})
	all := open(t, write(t, map[string]string{"metadata.json": metadata, "samples.json": many(n)}))
	there, _ := changes(datasettest.Rows(t, all), clouded)
	i := 0
	u := &update{ctx: context.Background(), store: open(t, dir), part: dataset.Samples, id: make([]byte, 0, 64)}
	u.yield = func(o dataset.Outcome, err error) bool {
		switch o.Status {
		case dataset.Changed:
			changed++
		case dataset.NotFound:
			lost++
		default:
			t.Errorf("got %+v, %v", o, err)
		}
		if held := len(u.window.entries); held > 2*size {
			t.Errorf("window holds %d", held)
		}
		return true
	}
	u.window = newWindow(size, func() (dataset.Change, bool) {
		if i == len(there) {
			return dataset.Change{}, false
		}
		i++
		return there[i-1], true
	})
	if err := u.run(); err != nil {
		t.Fatal(err)
	}
	files := read(t, dir)
	if got := strings.Count(files["samples.json"], "s3://"); got != changed || len(files) != 2 {
		t.Errorf("%d values changed in %d files, %d reported", got, len(files), changed)
	}
	if changed+lost != n {
		t.Errorf("%d changed and %d lost of %d", changed, lost, n)
	}
	return changed, lost
}

func seq(from, to int) (list []int) {
	for i := from; i < to; i++ {
		list = append(list, i)
	}
	return list
}

func TestWindow(t *testing.T) {
	local := seq(0, 200)
	for i := 0; i+4 <= len(local); i += 4 {
		rand.Shuffle(4, func(a, b int) { local[i+a], local[i+b] = local[i+b], local[i+a] })
	}
	tests := []struct {
		name string
		ids  []int
	}{
		{"all", seq(0, 200)},
		{"none", nil},
		{"the first are gone", seq(55, 200)},
		{"the last are gone", seq(0, 100)},
		{"the middle is gone", slices.Concat(seq(0, 50), seq(150, 200))},
		{"one in five is gone", slices.DeleteFunc(seq(0, 200), func(i int) bool { return i%5 == 2 })},
		{"one moved to the front", slices.Concat([]int{9}, seq(0, 9), seq(10, 200))},
		{"moved within reach", slices.Concat(seq(5, 10), seq(0, 5), seq(10, 200))},
		{"shuffled locally", local},
		{"one was moved and some are gone", slices.Concat([]int{7}, seq(2, 7), seq(12, 60), seq(100, 200))},
	}
	for _, tt := range tests {
		if changed, _ := runWindow(t, 10, 200, tt.ids); changed != len(tt.ids) {
			t.Errorf("%s: %d changed, want %d", tt.name, changed, len(tt.ids))
		}
	}
	// Far out of order some may be lost, but all have their outcome.
	rand.Shuffle(len(local), func(a, b int) { local[a], local[b] = local[b], local[a] })
	runWindow(t, 10, 200, local)
}

func TestWindowEqualIDs(t *testing.T) {
	id := bson.RawValue{Type: bson.TypeInt32, Value: []byte{1, 0, 0, 0}}
	n := 0
	w := newWindow(10, func() (dataset.Change, bool) {
		n++
		return dataset.Change{ID: id, Sets: make([]dataset.Set, n)}, n <= 5
	})
	if lost := w.fill(); len(lost) != 0 {
		t.Errorf("lost %v", lost)
	}
	for i := 1; i <= 5; i++ {
		if c, ok := w.take(appendKey(nil, id)); !ok || len(c.Sets) != i {
			t.Errorf("take %d: %v, %t", i, c, ok)
		}
	}
	if c, ok := w.take(appendKey(nil, id)); ok {
		t.Errorf("one more: %v", c)
	}
}
