// Package threeway puts back what was taken out of a document, where nothing newer stands:
// it knows what the document was, what was left of it, and what it is now.
package threeway

import (
	"bytes"
	"fmt"
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

// isSet reports whether a list of scalars is one in which each stands for itself: of ids, or
// of what people list. Others, like the stages of a view, mean something as a whole.
func isSet(path string, list bson.A) bool {
	key := path[strings.LastIndex(path, ".")+1:]
	return slices.Contains([]string{"tags", "paths", "media_fields"}, key) ||
		len(list) > 0 && !slices.ContainsFunc(list, func(item any) bool { _, isID := item.(bson.ObjectID); return !isID })
}

// keyOf chooses what tells the items of lists apart: a key of documents, or "" for scalars.
func keyOf(lists ...bson.A) (key string, ok bool) {
	for _, key := range []string{"name", "_id", "path", "key", ""} {
		if !slices.ContainsFunc(lists, func(list bson.A) bool { return !distinct(list, key) }) {
			return key, true
		}
	}
	return "", false
}

func distinct(list bson.A, key string) bool {
	seen := map[string]bool{}
	for _, item := range list {
		id := identity(item, key)
		if id == "" || seen[id] {
			return false
		}
		seen[id] = true
	}
	return true
}

// identity is what an item has alone in its list; "" where it has nothing of the kind.
func identity(item any, key string) string {
	if doc, isDoc := item.(bson.D); isDoc == (key == "") {
		return ""
	} else if isDoc {
		item = get(doc, key)
	}
	switch item.(type) {
	case string, bson.ObjectID, int32, int64:
		return fmt.Sprintf("%T %v", item, item)
	}
	return ""
}

func name(item any, key string) string {
	if doc, isDoc := item.(bson.D); isDoc {
		item = get(doc, key)
	}
	if id, isID := item.(bson.ObjectID); isID {
		return id.Hex()
	}
	return fmt.Sprint(item)
}

// settled is a state before with what is generated in it as it is now: it was made again.
func settled(was, now any) any {
	switch w := was.(type) {
	case Generated:
		if isAbsent(now) {
			return w.Fresh
		}
		return now
	case bson.D:
		n, _ := now.(bson.D)
		out := make(bson.D, 0, len(w))
		for _, e := range w {
			out = append(out, bson.E{Key: e.Key, Value: settled(e.Value, get(n, e.Key))})
		}
		return out
	case bson.A:
		n, _ := now.(bson.A)
		out := make(bson.A, 0, len(w))
		for i, item := range w {
			var at any = Absent{}
			if i < len(n) && len(n) == len(w) {
				at = n[i]
			}
			out = append(out, settled(item, at))
		}
		return out
	}
	return was
}

func (m *Merge) back(path string) { m.PutBack = append(m.PutBack, path) }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func get(doc bson.D, key string) any {
	for _, e := range doc {
		if e.Key == key {
			return e.Value
		}
	}
	return Absent{}
}

func isAbsent(value any) bool { _, absent := value.(Absent); return absent }

// saysNothing reports whether a value is the one that stands for none.
func saysNothing(value any) bool {
	switch v := value.(type) {
	case nil, Absent, bson.Null:
		return true
	case string:
		return v == ""
	case bson.D:
		return len(v) == 0
	case bson.A:
		return len(v) == 0
	}
	return false
}

// equal compares values with their types and the order of their keys.
func equal(a, b any) bool {
	if isAbsent(a) || isAbsent(b) {
		return isAbsent(a) && isAbsent(b)
	}
	return bytes.Equal(encode(a), encode(b))
}

func encode(value any) []byte {
	kind, data, err := bson.MarshalValue(value)
	if err != nil {
		return []byte(fmt.Sprintf("%T %v", value, value))
	}
	return append([]byte{byte(kind)}, data...)
}

// Same reports whether a value is what was left, in whatever order keys stand, and whatever
// stands for what is generated.
func Same(now, left any) bool {
	switch l := left.(type) {
	case Generated:
		switch now.(type) {
		case bson.ObjectID, bson.DateTime:
			return true
		}
		return false
	case bson.D:
		n, isDoc := now.(bson.D)
		if !isDoc || len(n) != len(l) {
			return false
		}
		for _, e := range l {
			if value := get(n, e.Key); isAbsent(value) || !Same(value, e.Value) {
				return false
			}
		}
		return true
	case bson.A:
		n, isList := now.(bson.A)
		return isList && slices.EqualFunc(n, l, Same)
	}
	return equal(now, left)
}
