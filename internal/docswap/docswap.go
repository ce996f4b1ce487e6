// Package docswap makes the one write that puts a document in the place of another, on
// condition that nobody has changed what it changes, whatever the size of the two: an
// update that names both as a whole has to fit into 16 MiB.
package docswap

import (
	"bytes"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// mostBytes is how much an update may hold, condition and change together, with some
// room for the command around it.
const mostBytes = 16<<20 - 4<<10

// ErrTooLarge says that what changes is too large for one write.
var ErrTooLarge = errors.New("what changes is too large for one write")

// Model is the write that replaces old by changed, which has its _id. It matches nothing
// where the document is no longer old. Of documents that are too large to be compared as
// a whole, it compares the keys and all that differs, and keeps the rest as it is then.
func Model(old, changed bson.Raw) (mongo.WriteModel, error) {
	id := old.Lookup("_id")
	if len(old)+len(changed) < mostBytes {
		return mongo.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: id}, {Key: "$expr", Value: equal("$$ROOT", document(old))}}).SetReplacement(changed), nil
	}
	difference, err := compare("$$ROOT", document(old), document(changed), 0)
	if err != nil {
		return nil, err
	}
	filter, err := bson.Marshal(bson.D{{Key: "_id", Value: id}, {Key: "$expr", Value: difference.same}})
	if err != nil {
		return nil, fmt.Errorf("encoding a condition: %w", err)
	}
	change, err := bson.Marshal(bson.D{{Key: "$replaceWith", Value: difference.value}})
	if err != nil {
		return nil, fmt.Errorf("encoding a change: %w", err)
	}
	if len(filter)+len(change) > mostBytes {
		return nil, fmt.Errorf("document %s: %w", id, ErrTooLarge)
	}
	return mongo.NewUpdateOneModel().SetFilter(bson.Raw(filter)).SetUpdate(bson.A{bson.Raw(change)}), nil
}

func document(raw bson.Raw) bson.RawValue {
	return bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: raw}
}

// A difference is made of expressions of the server: whether a value is as it was, as
// far as it changes, and what it becomes.
type difference struct{ same, value any }

// Values that are smaller are compared as a whole; so are those that are deeper, since
// the server reads expressions to a certain depth.
const (
	wholeBytes = 16 << 10
	wholeDepth = 5
)

// compare finds what turns a value, which an expression stands for, into another.
func compare(at any, old, changed bson.RawValue, depth int) (difference, error) {
	whole := difference{same: equal(at, old), value: literal(changed)}
	switch {
	case old.Equal(changed):
		return difference{same: true, value: at}, nil
	case len(old.Value)+len(changed.Value) < wholeBytes || !container(old) || !container(changed):
		return whole, nil
	}
	was, err := elements(old)
	if err != nil {
		return whole, err
	}
	becomes, err := elements(changed)
	if err != nil {
		return whole, err
	}
	switch {
	case changed.Type == bson.TypeArray && len(becomes) == 1 && becomes[0].Value().Equal(old): // wrapped
		return difference{same: equal(at, old), value: bson.A{at}}, nil
	case old.Type == bson.TypeArray && len(was) > 0 && was[0].Value().Equal(changed): // unwrapped
		return difference{same: equal(at, old), value: expr("$arrayElemAt", bson.A{at, 0})}, nil
	case depth == wholeDepth || old.Type != changed.Type:
		return whole, nil
	case old.Type == bson.TypeArray:
		return compareArrays(at, was, becomes, whole, depth)
	}
	if twice(was) || twice(becomes) {
		return whole, nil
	}
	return compareDocuments(at, was, becomes, depth)
}

// twice reports whether a document has a key more than once, which expressions can't.
func twice(elements []bson.RawElement) bool {
	seen := map[string]bool{}
	for _, e := range elements {
		if seen[e.Key()] {
			return true
		}
		seen[e.Key()] = true
	}
	return false
}

// compareArrays compares arrays of one length element by element.
func compareArrays(at any, was, becomes []bson.RawElement, whole difference, depth int) (difference, error) {
	if len(was) != len(becomes) {
		return whole, nil
	}
	name := fmt.Sprintf("a%d", depth)
	conditions := bson.A{expr("$eq", bson.A{expr("$size", "$$"+name), len(was)})}
	values := bson.A{}
	for i := range was {
		d, err := compare(expr("$arrayElemAt", bson.A{"$$" + name, i}), was[i].Value(), becomes[i].Value(), depth+1)
		if err != nil {
			return whole, err
		}
		if d.same != true {
			conditions = append(conditions, d.same)
		}
		values = append(values, d.value)
	}
	// Of what is no array any more nothing is asked: it would be an error.
	asArray := expr("$cond", bson.A{expr("$isArray", bson.A{at}), at, bson.A{}})
	return difference{same: let(name, asArray, expr("$and", conditions)), value: let(name, asArray, values)}, nil
}

// compareDocuments compares documents key by key. All keys have to be what they were,
// in their order, so that a value is found by its place.
func compareDocuments(at any, was, becomes []bson.RawElement, depth int) (difference, error) {
	name := fmt.Sprintf("d%d", depth)
	places, keys := map[string]int{}, bson.A{}
	for i, e := range was {
		places[e.Key()] = i
		keys = append(keys, e.Key())
	}
	here := func(i int) bson.D { return let("e", expr("$arrayElemAt", bson.A{"$$" + name, i}), "$$e.v") }
	hasKeys := expr("$eq", bson.A{
		expr("$map", bson.D{{Key: "input", Value: "$$" + name}, {Key: "as", Value: "e"}, {Key: "in", Value: "$$e.k"}}),
		expr("$literal", keys),
	})
	conditions, pairs, kept := bson.A{hasKeys}, bson.A{}, map[string]bool{}
	for _, e := range becomes {
		value := any(literal(e.Value()))
		if i, isOld := places[e.Key()]; isOld {
			kept[e.Key()] = true
			d, err := compare(here(i), was[i].Value(), e.Value(), depth+1)
			if err != nil {
				return difference{}, err
			}
			if value = d.value; d.same != true {
				conditions = append(conditions, d.same)
			}
		}
		pairs = append(pairs, bson.D{{Key: "k", Value: expr("$literal", e.Key())}, {Key: "v", Value: value}})
	}
	for i, e := range was { // what goes must not have been changed either
		if !kept[e.Key()] {
			conditions = append(conditions, equal(here(i), e.Value()))
		}
	}
	// Of what is no document any more nothing is asked: it would be an error.
	asPairs := expr("$cond", bson.A{expr("$eq", bson.A{expr("$type", at), "object"}), expr("$objectToArray", at), bson.A{}})
	return difference{same: let(name, asPairs, expr("$and", conditions)), value: let(name, asPairs, expr("$arrayToObject", bson.A{pairs}))}, nil
}

func container(v bson.RawValue) bool {
	return v.Type == bson.TypeArray || v.Type == bson.TypeEmbeddedDocument
}

func elements(v bson.RawValue) ([]bson.RawElement, error) {
	list, err := bson.Raw(v.Value).Elements()
	if err != nil {
		return nil, fmt.Errorf("reading a document: %w", err)
	}
	return list, nil
}

// equal is true of a value that is the same but for the types of its numbers.
func equal(at any, value bson.RawValue) bson.D { return expr("$eq", bson.A{at, literal(value)}) }

func literal(value bson.RawValue) bson.D {
	return expr("$literal", bson.RawValue{Type: value.Type, Value: bytes.Clone(value.Value)})
}

func expr(operator string, operand any) bson.D { return bson.D{{Key: operator, Value: operand}} }

func let(name string, value, in any) bson.D {
	return expr("$let", bson.D{{Key: "vars", Value: bson.D{{Key: name, Value: value}}}, {Key: "in", Value: in}})
}
