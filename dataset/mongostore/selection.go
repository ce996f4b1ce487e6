package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

var (
	// ErrNoView says that the dataset has no saved view of that name.
	ErrNoView = errors.New("no such saved view")
	// ErrView says that a saved view does what only FiftyOne can follow.
	ErrView = errors.New("saved view cannot be followed without FiftyOne")
)

// A Selection chooses some of a dataset's samples, and their frames.
type Selection struct {
	// View, if not empty, is the name of a saved view.
	View string
	// Tags, if any, are tags of which a sample must have one.
	Tags []string
}

// Select returns the dataset with only the samples that sel chooses. Of views, the
// stages that match or choose whole samples are followed; others are ErrView.
func (s *Store) Select(ctx context.Context, sel Selection) (*Store, error) {
	chosen := *s
	if sel.View != "" {
		doc, err := s.document(ctx)
		if err != nil {
			return nil, err
		}
		if doc, _, err = s.d.expand(ctx, doc); err != nil {
			return nil, err
		}
		if chosen.pipeline, err = viewPipeline(dataset.Manifest{Doc: doc}, sel.View); err != nil {
			return nil, err
		}
	}
	if len(sel.Tags) > 0 {
		tagged := bson.D{{Key: "tags", Value: bson.D{{Key: "$in", Value: sel.Tags}}}}
		chosen.pipeline = append(chosen.pipeline, match(tagged))
	}
	return &chosen, nil
}

// Partial reports whether s is a part of a dataset, as Select makes one.
func (s *Store) Partial() bool { return s.pipeline != nil }

func match(filter any) bson.D { return bson.D{{Key: "$match", Value: filter}} }

// chosen is the pipeline, over the samples, of the documents of a part.
func (s *Store) chosen(part dataset.Part) []bson.D {
	if part != dataset.Frames {
		return slices.Clone(s.pipeline)
	}
	return s.joined(s.frames)
}

// joined is the pipeline, over the samples, of what a collection has of those that
// are chosen; filter, if any, is over its documents.
func (s *Store) joined(collection string, filter ...bson.D) []bson.D {
	lookup := bson.D{
		{Key: "from", Value: collection}, {Key: "localField", Value: "_id"}, {Key: "foreignField", Value: "_sample_id"},
		{Key: "as", Value: "document"},
	}
	if len(filter) > 0 {
		lookup = append(lookup, bson.E{Key: "pipeline", Value: filter})
	}
	return append(slices.Clone(s.pipeline),
		bson.D{{Key: "$project", Value: bson.D{{Key: "_id", Value: 1}}}},
		bson.D{{Key: "$lookup", Value: lookup}},
		bson.D{{Key: "$unwind", Value: "$document"}},
		bson.D{{Key: "$replaceRoot", Value: bson.D{{Key: "newRoot", Value: "$document"}}}})
}

// viewPipeline makes the pipeline of a saved view.
func viewPipeline(m dataset.Manifest, name string) ([]bson.D, error) {
	var names []string
	for _, view := range m.Views() {
		own, _ := view.Lookup("name").StringValueOK()
		if own != name {
			names = append(names, own)
			continue
		}
		all, err := elements(view.Lookup("view_stages"))
		if err != nil {
			return nil, err
		}
		var stages []stage
		for _, e := range all {
			text, _ := e.Value().StringValueOK()
			s, err := parseStage(text)
			if err != nil {
				return nil, fmt.Errorf("%w: a stage of the view %q: %w", dataset.ErrMalformed, name, err)
			}
			stages = append(stages, s)
		}
		p, err := follow(m, stages)
		if err != nil {
			return nil, fmt.Errorf("%w: %q: %w", ErrView, name, err)
		}
		return p, nil
	}
	err := fmt.Errorf("%w: %q", ErrNoView, name)
	if likely := near(name, names); len(likely) > 0 {
		err = fmt.Errorf(`%w; there is "%s"`, err, strings.Join(likely, `", "`))
	}
	return nil, err
}

// A stage is one step of a saved view: the name of its class and its arguments.
type stage struct {
	class string
	args  map[string]bson.RawValue
}

func parseStage(text string) (stage, error) {
	doc, err := extjson.Decode(nil, []byte(text))
	if err != nil {
		return stage{}, err
	}
	class, _ := doc.Lookup("_cls").StringValueOK()
	s := stage{class: class[strings.LastIndexByte(class, '.')+1:], args: map[string]bson.RawValue{}}
	pairs, err := elements(doc.Lookup("kwargs"))
	if err != nil {
		return stage{}, err
	}
	for _, pair := range pairs {
		both, err := elements(pair.Value())
		if err != nil || len(both) != 2 {
			return stage{}, errors.New("its arguments are no pairs")
		}
		name, _ := both[0].Value().StringValueOK()
		s.args[name] = both[1].Value()
	}
	return s, nil
}

// flag is a boolean argument, and what it is where it is not given.
func (s stage) flag(name string, otherwise bool) bool {
	if v, ok := s.args[name].BooleanOK(); ok {
		return v
	}
	return otherwise
}

// list is an argument that is a list, or one value for a list of it.
func (s stage) list(name string) bson.A {
	v := s.args[name]
	if v.Type == 0 || v.Type == bson.TypeNull {
		return nil
	}
	if v.Type != bson.TypeArray {
		return bson.A{v}
	}
	all, err := elements(v)
	if err != nil {
		return nil
	}
	values := bson.A{}
	for _, e := range all {
		values = append(values, e.Value())
	}
	return values
}

// ids is list with ids as the database has them.
func (s stage) ids(name string) (bson.A, error) {
	values := s.list(name)
	for i, v := range values {
		text, ok := v.(bson.RawValue).StringValueOK()
		if !ok {
			continue
		}
		id, err := bson.ObjectIDFromHex(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no id", text)
		}
		values[i] = id
	}
	return values, nil
}
