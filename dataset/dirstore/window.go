package dirstore

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// windowSize is the number of changes that are held while their documents are
// looked for, and so how far documents may have moved since Rows.
const windowSize = 10_000

// A window holds the next changes of one part and finds them by _id. Changes
// come in the order of the documents; where some documents have gone, their
// changes are given up once windowSize/2 later ones were met.
type window struct {
	size int // at most
	pull func() (dataset.Change, bool)
	// entries are the changes from number base on, those that were taken
	// included.
	entries []waiting
	base    int64
	open    int              // entries not taken
	first   map[string]int64 // the first open entry of each _id
	dry     bool             // pull has no more
}

type waiting struct {
	change dataset.Change
	key    string
	next   int64 // the next entry of the same _id, or 0
	taken  bool
}

func newWindow(size int, pull func() (dataset.Change, bool)) *window {
	return &window{size: size, pull: pull, first: map[string]int64{}, base: 1}
}

// appendKey appends what an _id is found by.
func appendKey(dst []byte, id bson.RawValue) []byte {
	return append(append(dst, byte(id.Type)), id.Value...)
}

// fill pulls as many changes as fit and returns those that it gave up.
func (w *window) fill() (lost []dataset.Change) {
	for !w.dry {
		if w.open == w.size {
			// All between the oldest and the newest that are not open were met.
			if met := len(w.entries) - w.open; met <= w.size/2 {
				break
			}
			lost = append(lost, w.remove(w.base))
		}
		change, ok := w.pull()
		if !ok {
			w.dry = true
			break
		}
		w.add(change)
	}
	return lost
}

func (w *window) add(change dataset.Change) {
	n := w.base + int64(len(w.entries))
	key := string(appendKey(nil, change.ID))
	w.entries = append(w.entries, waiting{change: change, key: key})
	w.open++
	last, ok := w.first[key]
	if !ok {
		w.first[key] = n
		return
	}
	for w.at(last).next != 0 {
		last = w.at(last).next
	}
	w.at(last).next = n
}

func (w *window) at(n int64) *waiting { return &w.entries[n-w.base] }

// take returns the oldest change of the document that has this key.
func (w *window) take(key []byte) (dataset.Change, bool) {
	n, ok := w.first[string(key)]
	if !ok {
		return dataset.Change{}, false
	}
	return w.remove(n), true
}

// remove takes entry n, which is the first open one of its _id.
func (w *window) remove(n int64) dataset.Change {
	e := w.at(n)
	change := e.change
	if e.next != 0 {
		w.first[e.key] = e.next
	} else {
		delete(w.first, e.key)
	}
	*e = waiting{taken: true}
	w.open--
	for len(w.entries) > 0 && w.entries[0].taken {
		w.entries = w.entries[1:]
		w.base++
	}
	return change
}

// drain gives up every change that is held.
func (w *window) drain() (lost []dataset.Change) {
	for w.open > 0 {
		lost = append(lost, w.remove(w.base))
	}
	return lost
}
