// Package edit changes BSON documents in place as migrations need it: a key that
// is there keeps its position, a new one goes to the end, and what is not named
// stays as it is. A value of another type than the function is for is left alone:
// null for a list is no list to walk.
package edit

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Has reports whether the document has the key, be it with null.
func Has(doc bson.D, key string) bool { return index(doc, key) >= 0 }

// Get returns the value of the key, nil where it is absent or null.
func Get(doc bson.D, key string) any {
	if i := index(doc, key); i >= 0 {
		return doc[i].Value
	}
	return nil
}

// String returns the string of the key, "" where there is none.
func String(doc bson.D, key string) string {
	text, _ := Get(doc, key).(string)
	return text
}

// Doc returns the document of the key, nil where there is none. The elements are
// shared; use In to change it.
func Doc(doc bson.D, key string) bson.D {
	inner, _ := Get(doc, key).(bson.D)
	return inner
}

// Docs returns the documents in the list of the key. The elements are shared; use
// Each to change them.
func Docs(doc bson.D, key string) []bson.D {
	list, _ := Get(doc, key).(bson.A)
	var docs []bson.D
	for _, item := range list {
		if inner, isDoc := item.(bson.D); isDoc {
			docs = append(docs, inner)
		}
	}
	return docs
}

// Len is the length of the list of the key, 0 where there is none.
func Len(doc bson.D, key string) int {
	list, _ := Get(doc, key).(bson.A)
	return len(list)
}

// Set sets the key.
func Set(doc *bson.D, key string, value any) {
	if i := index(*doc, key); i >= 0 {
		(*doc)[i].Value = value
		return
	}
	*doc = append(*doc, bson.E{Key: key, Value: value})
}

// Ensure sets the key where it is absent. Null counts as present.
func Ensure(doc *bson.D, key string, value any) {
	if !Has(*doc, key) {
		*doc = append(*doc, bson.E{Key: key, Value: value})
	}
}

// Drop removes keys and reports whether one was there.
func Drop(doc *bson.D, keys ...string) bool {
	before := len(*doc)
	*doc = slices.DeleteFunc(*doc, func(e bson.E) bool { return slices.Contains(keys, e.Key) })
	return len(*doc) < before
}

// Pop removes a key and returns its value and whether it was there.
func Pop(doc *bson.D, key string) (any, bool) {
	i := index(*doc, key)
	if i < 0 {
		return nil, false
	}
	value := (*doc)[i].Value
	Drop(doc, key)
	return value, true
}

// Move takes the key from one document and puts its value at the end of another,
// which may be the same, under a new name; a key that is there already keeps its
// place. It reports whether there was something to move.
func Move(from *bson.D, key string, to *bson.D, name string) bool {
	value, found := Pop(from, key)
	if found {
		Set(to, name, value)
	}
	return found
}

// In changes the document of the key and reports whether there is one.
func In(doc *bson.D, key string, change func(inner *bson.D)) bool {
	i := index(*doc, key)
	if i < 0 {
		return false
	}
	inner, isDoc := (*doc)[i].Value.(bson.D)
	if !isDoc {
		return false
	}
	change(&inner)
	(*doc)[i].Value = inner
	return true
}

// Each changes the documents in the list of the key, one after the other.
func Each(doc *bson.D, key string, change func(item *bson.D)) {
	list, _ := Get(*doc, key).(bson.A)
	for i := range list {
		if inner, isDoc := list[i].(bson.D); isDoc {
			change(&inner)
			list[i] = inner
		}
	}
}

// EachValue changes the documents that are values of the document of the key: the
// runs of a map from keys to runs.
func EachValue(doc *bson.D, key string, change func(name string, value *bson.D)) {
	In(doc, key, func(inner *bson.D) {
		for i := range *inner {
			if value, isDoc := (*inner)[i].Value.(bson.D); isDoc {
				change((*inner)[i].Key, &value)
				(*inner)[i].Value = value
			}
		}
	})
}

// Append adds items to the list of the key, at the end. A key that is absent or
// holds no list becomes one.
func Append(doc *bson.D, key string, items ...any) {
	list, _ := Get(*doc, key).(bson.A)
	Set(doc, key, append(list, items...))
}

// Insert adds an item to the list of the key before the position, which is cut to
// the length of the list.
func Insert(doc *bson.D, key string, position int, item any) {
	list, _ := Get(*doc, key).(bson.A)
	Set(doc, key, slices.Insert(list, min(position, len(list)), item))
}

// DeleteItems removes the documents that match from the list of the key and
// returns how many there were.
func DeleteItems(doc *bson.D, key string, match func(item bson.D) bool) int {
	list, isList := Get(*doc, key).(bson.A)
	if !isList {
		return 0
	}
	kept := slices.DeleteFunc(slices.Clone(list), func(item any) bool {
		inner, isDoc := item.(bson.D)
		return isDoc && match(inner)
	})
	Set(doc, key, kept)
	return len(list) - len(kept)
}

func index(doc bson.D, key string) int {
	return slices.IndexFunc(doc, func(e bson.E) bool { return e.Key == key })
}
