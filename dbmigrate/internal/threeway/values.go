package threeway

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

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
