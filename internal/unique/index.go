package unique

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/text/unicode/norm"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// An index is a unique one of a dataset.
type index struct {
	dataset.Index
	name   string
	keys   [][]string // the steps to each of its values
	sparse bool
	folds  bool // letter case means nothing to it
	filter bson.Raw
}

// parse reads an index; false if it is not unique, or not of values that are compared.
func parse(spec dataset.Index) (index, bool) {
	x := index{Index: spec}
	if unique, _ := spec.Spec.Lookup("unique").BooleanOK(); !unique {
		return x, false
	}
	x.name, _ = spec.Spec.Lookup("name").StringValueOK()
	x.sparse, _ = spec.Spec.Lookup("sparse").BooleanOK()
	x.filter, _ = spec.Spec.Lookup("partialFilterExpression").DocumentOK()
	if strength, ok := spec.Spec.Lookup("collation", "strength").AsInt64OK(); ok {
		x.folds = strength < 3
	}
	key, ok := spec.Spec.Lookup("key").DocumentOK()
	if !ok {
		return x, false
	}
	elements, err := key.Elements()
	if err != nil {
		return x, false
	}
	for _, e := range elements {
		if _, ok := e.Value().AsInt64OK(); !ok { // text, hashed, 2d
			return x, false
		}
		x.keys = append(x.keys, strings.Split(e.Key(), "."))
	}
	return x, len(x.keys) > 0
}

// shown names its values for people.
func (x index) shown() string {
	var names []string
	for _, key := range x.keys {
		names = append(names, strings.Join(key, "."))
	}
	return strings.Join(names, " and ")
}

// drops is what FiftyOne's drop_index calls it: an index of one field by that.
func (x index) drops() string {
	if len(x.keys) == 1 && x.name == strings.Join(x.keys[0], ".")+"_1" {
		return strings.Join(x.keys[0], ".")
	}
	return x.name
}

// has reports whether the value at a pointer is one of those that the index holds.
func (x index) has(p dataset.Pointer) bool {
	at := dotted(p)
	return slices.ContainsFunc(x.keys, func(key []string) bool { return strings.Join(key, ".") == at })
}

// tuples are the keys under which the index would hold a document after the turns.
func (x index) tuples(doc bson.Raw, turns []ledger.Turn) [][]byte {
	becomes := map[dataset.Pointer]string{}
	for _, t := range turns {
		becomes[t.At] = t.New
	}
	missing := 0
	all := [][]byte{nil}
	for _, key := range x.keys {
		r := reader{becomes: becomes, folds: x.folds}
		r.read(bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: doc}, "", key)
		if len(r.values) == 0 {
			missing++
			r.values = append(r.values, []byte{byte(bson.TypeNull)})
		}
		next := make([][]byte, 0, len(all)*len(r.values))
		for _, head := range all {
			for _, value := range r.values {
				next = append(next, fmt.Appendf(bytes.Clone(head), "%d:%s", len(value), value))
			}
		}
		all = next
	}
	if x.sparse && missing == len(x.keys) {
		return nil
	}
	return all
}

// A reader collects the values that a key leads to, through lists.
type reader struct {
	becomes map[dataset.Pointer]string
	folds   bool
	values  [][]byte
}

func (r *reader) read(v bson.RawValue, at dataset.Pointer, key []string) {
	if v.Type == bson.TypeArray {
		values, err := v.Array().Values()
		if err != nil {
			return
		}
		for i, one := range values {
			if one.Type != bson.TypeArray { // of a list in a list, the index holds the whole
				r.read(one, at.Index(i), key)
			} else if len(key) == 0 {
				r.add(one, at.Index(i))
			}
		}
		if len(key) > 0 {
			if i, err := strconv.Atoi(key[0]); err == nil && i >= 0 && i < len(values) {
				r.read(values[i], at.Index(i), key[1:])
			}
		}
		return
	}
	if len(key) == 0 {
		r.add(v, at)
		return
	}
	doc, ok := v.DocumentOK()
	if !ok {
		return
	}
	if inner, err := doc.LookupErr(key[0]); err == nil {
		r.read(inner, at.Key(key[0]), key[1:])
	}
}

// add notes a value: of numbers, type means nothing.
func (r *reader) add(v bson.RawValue, at dataset.Pointer) {
	if text, ok := v.StringValueOK(); ok {
		if to, turned := r.becomes[at]; turned {
			text = to
		}
		if r.folds {
			text = norm.NFC.String(strings.ToLower(norm.NFC.String(text)))
		}
		r.values = append(r.values, append([]byte{byte(bson.TypeString)}, text...))
		return
	}
	if n, ok := v.AsFloat64OK(); ok && v.Type != bson.TypeDecimal128 {
		r.values = append(r.values, append([]byte{byte(bson.TypeDouble)}, strconv.FormatFloat(n, 'g', -1, 64)...))
		return
	}
	r.values = append(r.values, append([]byte{byte(v.Type)}, v.Value...))
}

// holds reports whether the index holds a document, as far as its filter is one that is
// known here: of what is not, nothing is said, and the database has the last word.
func (x index) holds(doc bson.Raw) bool {
	if x.filter == nil {
		return true
	}
	conditions, err := x.filter.Elements()
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(conditions, func(e bson.RawElement) bool {
		value, _ := doc.LookupErr(strings.Split(e.Key(), ".")...)
		operators, ok := e.Value().DocumentOK()
		if !ok {
			return !e.Value().Equal(value)
		}
		all, err := operators.Elements()
		return err != nil || slices.ContainsFunc(all, func(o bson.RawElement) bool { return !meets(value, o) })
	})
}

// meets reports whether a value is as an operator of a filter wants it.
func meets(value bson.RawValue, operator bson.RawElement) bool {
	want := operator.Value()
	switch operator.Key() {
	case "$exists":
		exists, _ := want.BooleanOK()
		return exists == (value.Type != 0)
	case "$eq":
		return want.Equal(value)
	case "$type":
		name, _ := want.StringValueOK()
		return name == "string" && value.Type == bson.TypeString
	case "$gt", "$gte":
		text, ok := want.StringValueOK()
		own, isText := value.StringValueOK()
		return ok && isText && (own > text || own == text && operator.Key() == "$gte")
	}
	return false
}
