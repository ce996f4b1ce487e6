package dbmigrate

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// Memory is a database in memory, collections by name: a Reader for plans of what
// is on no server. Ids are compared as text.
type Memory map[string][]bson.D

// Find implements Reader.
func (m Memory) Find(_ context.Context, collection string, query Query) iter.Seq2[bson.D, error] {
	docs := slices.Clone(m[collection])
	slices.SortStableFunc(docs, func(a, b bson.D) int {
		return cmp.Compare(IDKey(edit.Get(a, "_id")), IDKey(edit.Get(b, "_id")))
	})
	if query.Reverse {
		slices.Reverse(docs)
	}
	return func(yield func(bson.D, error) bool) {
		var n int64
		for _, doc := range docs {
			matched, err := matches(doc, query.Filter)
			if err != nil {
				yield(nil, err)
				return
			}
			if !matched {
				continue
			}
			if n++; !yield(pick(doc, query.Fields), nil) || n == query.Limit {
				return
			}
		}
	}
}

// Count implements Reader.
func (m Memory) Count(_ context.Context, collection string) (int64, error) {
	return int64(len(m[collection])), nil
}

// Collections implements Reader.
func (m Memory) Collections(context.Context) ([]string, error) {
	return slices.Sorted(maps.Keys(m)), nil
}

// matches knows the filters that Query allows.
func matches(doc, filter bson.D) (bool, error) {
	for _, condition := range filter {
		at := slices.IndexFunc(doc, func(e bson.E) bool { return e.Key == condition.Key })
		value := edit.Get(doc, condition.Key)
		operator, isOperator := condition.Value.(bson.D)
		if !isOperator || len(operator) != 1 {
			operator = bson.D{{Key: "$eq", Value: condition.Value}}
		}
		var matched bool
		switch operand := operator[0].Value; operator[0].Key {
		case "$eq":
			matched = sameValue(value, operand)
		case "$ne":
			matched = !sameValue(value, operand)
		case "$in":
			list, _ := operand.(bson.A)
			matched = slices.ContainsFunc(list, func(item any) bool { return sameValue(value, item) })
		case "$exists":
			matched = (at >= 0) == sameValue(operand, true)
		default:
			return false, fmt.Errorf("no filter for a step: %v", condition)
		}
		if !matched {
			return false, nil
		}
	}
	return true, nil
}

// sameValue compares BSON values of one type.
func sameValue(a, b any) bool { return IDKey(a) == IDKey(b) }

func pick(doc bson.D, fields []string) bson.D {
	if len(fields) == 0 {
		return slices.Clone(doc)
	}
	var picked bson.D
	for _, e := range doc {
		if e.Key == "_id" || slices.Contains(fields, e.Key) {
			picked = append(picked, e)
		}
	}
	return picked
}
