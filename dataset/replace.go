package dataset

import (
	"encoding/binary"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Replace returns doc with the strings that sets name replaced; all other bytes
// stay as they are but for lengths. A string that is neither a Set's Old nor its
// New is ErrChanged, and nothing is replaced then. Without sets, and where all
// of them hold already, it returns doc itself.
func Replace(doc bson.Raw, sets []Set) (bson.Raw, error) {
	var found []splice
	for _, set := range sets {
		s, err := locate(doc, set)
		if err != nil {
			return nil, err
		}
		if s.old != set.New {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		return doc, nil
	}
	slices.SortFunc(found, func(a, b splice) int { return a.at - b.at })
	size := len(doc)
	for _, s := range found {
		size += len(s.text) - len(s.old)
	}
	out := make([]byte, 0, size)
	from := 0
	grown := map[int]int{} // by how much, by the beginning of a container
	for i, s := range found {
		if i > 0 && s.at == found[i-1].at {
			return nil, fmt.Errorf("%w: two changes of %q", ErrMalformed, s.pointer)
		}
		out = append(out, doc[from:s.at]...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(s.text)+1))
		out = append(append(out, s.text...), 0)
		from = s.at + 4 + len(s.old) + 1
		for _, start := range s.containers {
			grown[start] += len(s.text) - len(s.old)
		}
	}
	out = append(out, doc[from:]...)
	for start, by := range grown {
		at := start
		for _, s := range found {
			if s.at < start {
				at += len(s.text) - len(s.old)
			}
		}
		binary.LittleEndian.PutUint32(out[at:], uint32(int(binary.LittleEndian.Uint32(doc[start:]))+by))
	}
	return out, nil
}

// A splice is a string of a document that is to be another.
type splice struct {
	at         int // of its length
	old, text  string
	containers []int // where the documents and arrays around it begin
	pointer    Pointer
}

// locate finds the string that set is about.
func locate(doc bson.Raw, set Set) (splice, error) {
	s := splice{text: set.New, containers: []int{0}, pointer: set.At}
	body := []byte(doc)
	at, kind := 0, bson.TypeEmbeddedDocument
	for step := range set.At.Steps() {
		if kind != bson.TypeEmbeddedDocument && kind != bson.TypeArray {
			return s, changedAt(set, "nothing")
		}
		r := readElements(body)
		next := -1
		for r.next() {
			if string(r.key) != step {
				continue
			}
			if next >= 0 {
				return s, fmt.Errorf("%w: the key %q occurs twice on the way to %q", ErrMalformed, step, set.At)
			}
			next = at + len(body) - 1 - len(r.rest) - len(r.value)
			kind = r.kind
		}
		if r.err != nil {
			return s, fmt.Errorf("%w: %w", ErrMalformed, r.err)
		}
		if next < 0 {
			return s, changedAt(set, "nothing")
		}
		at = next
		switch kind {
		case bson.TypeEmbeddedDocument, bson.TypeArray:
			body = doc[at : at+int(binary.LittleEndian.Uint32(doc[at:]))]
			s.containers = append(s.containers, at)
		case bson.TypeString:
			body = doc[at+4 : at+4+int(binary.LittleEndian.Uint32(doc[at:]))-1]
		}
	}
	if kind != bson.TypeString {
		return s, changedAt(set, "no string")
	}
	if s.at, s.old = at, string(body); s.old != set.Old && s.old != set.New {
		return s, changedAt(set, fmt.Sprintf("%q", s.old))
	}
	return s, nil
}

func changedAt(set Set, found string) error {
	return fmt.Errorf("%w: %q is %s, not %q", ErrChanged, set.At, found, set.Old)
}
