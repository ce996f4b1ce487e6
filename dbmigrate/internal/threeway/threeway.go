// Package threeway puts back what was taken out of a document, where nothing newer stands:
// it knows what the document was, what was left of it, and what it is now.
package threeway

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Generated stands, in what was left, for a value that is different each time it is made:
// an id, a time. Whatever is there now is then no newer.
type Generated struct {
	// Fresh is one more such value, for where there is none now.
	Fresh any `bson:"-"`
}

// Absent stands for a key or an item that is not there.
type Absent struct{}

// Sides are three states of a document, or of a value in one.
type Sides struct {
	// Was is the state before, Left what a migration made of it, Now what there is.
	Was, Left, Now any
	// Known is Left as far as the client that wrote since knows its keys: one that it does
	// not know it may have dropped when it wrote the rest. Left itself where there is none.
	Known any
}

// A Merge is a run of this package: what it put back, and what it did not because something
// newer stands in its place. Both are paths, with dots between keys.
type Merge struct {
	// Mine are keys, at any depth, that keep what they are now without a word.
	Mine []string
	// Partial says that Was has some keys of the document alone, so that their place among
	// the others is not known: what is put back goes to the end.
	Partial bool
	// Alike, if not nil, reports whether two values of a key, before and now, mean the same:
	// then the longer of the two stands.
	Alike func(key string, was, now any) bool
	// PutBack and Kept are filled.
	PutBack, Kept []string
}

// Of returns what there is with what was taken out put back.
func (m *Merge) Of(s Sides) any { return m.value("", s) }

func (m *Merge) value(path string, s Sides) any {
	if _, isGenerated := s.Was.(Generated); isGenerated && !isAbsent(s.Now) {
		return s.Now
	}
	switch {
	case equal(s.Was, s.Left):
		if isAbsent(s.Now) && isAbsent(s.Known) && !isAbsent(s.Was) {
			m.back(path)
			return settled(s.Was, s.Now) // dropped by who did not know it
		}
		if !equal(s.Now, s.Left) {
			return m.inside(path, s) // what stands deeper may have been dropped
		}
		return s.Now
	case equal(s.Now, s.Was):
		return s.Now
	case Same(s.Now, s.Left):
		m.back(path)
		return settled(s.Was, s.Now)
	case saysNothing(s.Now) && saysNothing(s.Left) && !saysNothing(s.Was):
		m.back(path)
		return settled(s.Was, s.Now)
	}
	if m.Alike != nil && m.Alike(path[strings.LastIndex(path, ".")+1:], s.Was, s.Now) {
		if len(encode(s.Was)) <= len(encode(s.Now)) {
			return s.Now
		}
		m.back(path)
		return s.Was
	}
	return m.inside(path, s)
}

// inside merges the parts of a value that has changed since.
func (m *Merge) inside(path string, s Sides) any {
	now, isDoc := s.Now.(bson.D)
	was, wasDoc := s.Was.(bson.D)
	if isDoc && wasDoc {
		return m.document(path, was, now, s)
	}
	list, isList := s.Now.(bson.A)
	before, wasList := s.Was.(bson.A)
	if isList && wasList {
		left, _ := s.Left.(bson.A)
		if merged, ok := m.list(path, before, left, list, s); ok {
			return merged
		}
	}
	if !equal(s.Was, s.Left) && !isAbsent(s.Was) {
		m.Kept = append(m.Kept, path)
	}
	return s.Now
}

func (m *Merge) document(path string, was, now bson.D, s Sides) bson.D {
	left, _ := s.Left.(bson.D)
	known, hasKnown := s.Known.(bson.D)
	if !hasKnown {
		known = left
	}
	merged := make(bson.D, 0, len(now)+4)
	for _, e := range now {
		value := e.Value
		if !slices.Contains(m.Mine, e.Key) {
			value = m.value(join(path, e.Key), Sides{Was: get(was, e.Key), Left: get(left, e.Key), Now: e.Value, Known: get(known, e.Key)})
		}
		if !isAbsent(value) {
			merged = append(merged, bson.E{Key: e.Key, Value: value})
		}
	}
	for i, e := range was {
		if !isAbsent(get(now, e.Key)) || slices.Contains(m.Mine, e.Key) {
			continue
		}
		value := m.value(join(path, e.Key), Sides{Was: e.Value, Left: get(left, e.Key), Now: Absent{}, Known: get(known, e.Key)})
		if !isAbsent(value) {
			at := after(len(merged), i, func(k int) int {
				return slices.IndexFunc(merged, func(has bson.E) bool { return has.Key == was[k].Key })
			})
			if m.Partial && path == "" {
				at = len(merged)
			}
			merged = slices.Insert(merged, at, bson.E{Key: e.Key, Value: value})
		}
	}
	return merged
}

// list merges lists whose items can be told apart: documents by a key of theirs, texts and
// ids by themselves.
func (m *Merge) list(path string, was, left, now bson.A, s Sides) (merged bson.A, ok bool) {
	known, hasKnown := s.Known.(bson.A)
	if !hasKnown {
		known = left
	}
	key, ok := keyOf(was, left, now)
	if !ok || key == "" && !isSet(path, now) {
		return nil, false
	}
	find := func(list bson.A, id string) any {
		for _, item := range list {
			if identity(item, key) == id {
				return item
			}
		}
		return Absent{}
	}
	for _, item := range now {
		id := identity(item, key)
		value := m.value(join(path, name(item, key)), Sides{Was: find(was, id), Left: find(left, id), Now: item, Known: find(known, id)})
		if !isAbsent(value) {
			merged = append(merged, value)
		}
	}
	for i, item := range was {
		id := identity(item, key)
		if !isAbsent(find(now, id)) {
			continue
		}
		value := m.value(join(path, name(item, key)), Sides{Was: item, Left: find(left, id), Now: Absent{}, Known: find(known, id)})
		if !isAbsent(value) {
			at := after(len(merged), i, func(k int) int {
				return slices.IndexFunc(merged, func(has any) bool { return identity(has, key) == identity(was[k], key) })
			})
			merged = slices.Insert(merged, at, value)
		}
	}
	if merged == nil {
		merged = bson.A{}
	}
	return merged, true
}

// after is the place behind the nearest of those before i that is there; the end where none
// is, the beginning for the first.
func after(length, i int, place func(k int) int) int {
	if i == 0 {
		return 0
	}
	for k := i - 1; k >= 0; k-- {
		if at := place(k); at >= 0 {
			return at + 1
		}
	}
	return length
}

func (m *Merge) back(path string) { m.PutBack = append(m.PutBack, path) }
