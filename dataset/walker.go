package dataset

import (
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A walker visits every value of one document and keeps the media values.
type walker struct {
	finder   *Finder
	frame    bool
	filepath bool // a sample's own filepath was met
	found    []Found
}

// A step is one key or index on the way down, linked to the one above; names
// and pointers are only spelled out for what is found.
type step struct {
	up    *step
	key   []byte
	index int // of an array element, where key is not used
	array bool
	node  *node
}

// document walks a document whose schema entry is n, below up.
func (w *walker) document(doc []byte, n *node, up *step) error {
	class := ""
	if up != nil {
		if n != nil {
			class = n.class
		}
		class = w.class(doc, class)
	}
	r := readElements(doc)
	s := step{up: up}
	for r.next() {
		s.key, s.node = r.key, nil
		if n != nil {
			s.node = n.kids[string(r.key)]
		}
		if err := w.value(&r, &s, class); err != nil {
			return err
		}
	}
	return w.corrupt(r.err, up)
}

// class is the class that a document says it has, or else the schema's.
func (w *walker) class(doc []byte, declared string) string {
	r := readElements(doc)
	for r.next() {
		if r.kind == bson.TypeString && string(r.key) == "_cls" {
			if own := r.text(); string(own) != declared {
				return string(own)
			}
			return declared
		}
	}
	return declared
}

// value looks at one value; class is the class of the document around it.
func (w *walker) value(r *elementReader, s *step, class string) error {
	switch r.kind {
	case bson.TypeString:
		field, leaf, ok := w.media(s, class)
		if !ok {
			if w.finder.watch != nil && looksLikePath(r.text()) {
				w.finder.watch.offer(s.name(w.frame), string(r.text()))
			}
			return nil
		}
		if s.up == nil && field == FilepathField {
			w.filepath = true
		}
		if w.finder.selects(field, leaf) {
			w.found = append(w.found, Found{Field: field, At: s.pointer(), Value: string(r.text())})
		} else if w.finder.watch != nil && looksLikePath(r.text()) {
			w.finder.watch.offer(field, string(r.text()))
		}
	case bson.TypeEmbeddedDocument:
		return w.document(r.value, s.node, s)
	case bson.TypeArray:
		elements := readElements(r.value)
		element := step{up: s, array: true, node: s.node}
		for elements.next() {
			if err := w.value(&elements, &element, class); err != nil {
				return err
			}
			element.index++
		}
		return w.corrupt(elements.err, s)
	}
	return nil
}

func (w *walker) corrupt(err error, at *step) error {
	if err != nil {
		return fmt.Errorf("%w: %w at %q", ErrMalformed, err, at.pointer())
	}
	return nil
}

// media tells whether the string at s is a media path, and of which field.
func (w *walker) media(s *step, class string) (field, leaf string, ok bool) {
	if s.node != nil {
		if s.node.media {
			return s.node.name, "", true
		}
	} else if w.finder.leaves[string(s.lastKey())] {
		if name := s.name(w.frame); w.finder.exact[name] {
			return name, "", true
		}
	}
	if s.array || s.up == nil {
		return "", "", false
	}
	key := string(s.key)
	if key != "mask_path" && key != "map_path" {
		if own, ok := mediaLeaf[class]; !ok || own != key {
			return "", "", false
		}
	}
	return s.up.name(w.frame), key, true
}

// lastKey is the key that s or the array around it stands under.
func (s *step) lastKey() []byte {
	for s.array {
		s = s.up
	}
	return s.key
}

// name spells the dotted field name of s, array indexes left out.
func (s *step) name(frame bool) string {
	for s != nil && s.array {
		s = s.up
	}
	switch {
	case s == nil:
		return ""
	case s.node != nil:
		return s.node.name
	case s.up == nil && frame:
		return "frames." + string(s.key)
	case s.up == nil:
		return string(s.key)
	}
	return s.up.name(frame) + "." + string(s.key)
}

func (s *step) pointer() Pointer {
	if s == nil {
		return ""
	}
	var steps []*step
	for ; s != nil; s = s.up {
		steps = append(steps, s)
	}
	var b strings.Builder
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].array {
			b.WriteString(string(Pointer("").Index(steps[i].index)))
		} else {
			b.WriteString(string(Pointer("").Key(string(steps[i].key))))
		}
	}
	return Pointer(b.String())
}
