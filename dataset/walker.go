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
	key   string
	index int // of an array element, where key is not used
	array bool
	node  *node
}

func (w *walker) document(doc bson.Raw, n *node, class string, up *step) error {
	elems, err := doc.Elements()
	if err != nil {
		return fmt.Errorf("reading %q: %w", up.pointer(), err)
	}
	if up != nil {
		if cls, ok := doc.Lookup("_cls").StringValueOK(); ok {
			class = cls
		}
	}
	for i := range elems {
		s := step{up: up, key: elems[i].Key(), node: n.child(elems[i].Key())}
		if err := w.value(elems[i].Value(), &s, class); err != nil {
			return err
		}
	}
	return nil
}

// value looks at one value; class is the class of the document around it.
func (w *walker) value(v bson.RawValue, s *step, class string) error {
	switch v.Type {
	case bson.TypeString:
		if field, leaf, ok := w.media(s, class); ok {
			if s.up == nil && field == FilepathField {
				w.filepath = true
			}
			if w.finder.selects(field, leaf) {
				w.found = append(w.found, Found{Field: field, At: s.pointer(), Value: v.StringValue()})
			}
		}
	case bson.TypeEmbeddedDocument:
		inner := ""
		if s.node != nil {
			inner = s.node.class
		}
		return w.document(v.Document(), s.node, inner, s)
	case bson.TypeArray:
		values, err := v.Array().Values()
		if err != nil {
			return fmt.Errorf("reading %q: %w", s.pointer(), err)
		}
		for i := range values {
			element := step{up: s, index: i, array: true, node: s.node}
			if err := w.value(values[i], &element, class); err != nil {
				return err
			}
		}
	}
	return nil
}

// media tells whether the string at s is a media path, and of which field.
func (w *walker) media(s *step, class string) (field, leaf string, ok bool) {
	if s.node != nil {
		if s.node.media {
			return s.node.name, "", true
		}
	} else if w.finder.leaves[s.lastKey()] {
		if name := s.name(w.frame); w.finder.exact[name] {
			return name, "", true
		}
	}
	if s.array || s.up == nil {
		return "", "", false
	}
	if s.key != "mask_path" && s.key != "map_path" {
		if own, ok := mediaLeaf[class]; !ok || own != s.key {
			return "", "", false
		}
	}
	return s.up.name(w.frame), s.key, true
}

// lastKey is the key that s or the array around it stands under.
func (s *step) lastKey() string {
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
		return "frames." + s.key
	case s.up == nil:
		return s.key
	}
	return s.up.name(frame) + "." + s.key
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
			b.WriteString(string(Pointer("").Key(steps[i].key)))
		}
	}
	return Pointer(b.String())
}
