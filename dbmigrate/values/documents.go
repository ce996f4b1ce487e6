package values

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// documents looks at all samples or frames for classes that the target does not know.
func (j *judge) documents(ctx context.Context, reader dbmigrate.Reader, p part) error {
	collection := edit.String(j.state.Doc, p.collection)
	if collection == "" || len(j.fates) == 0 {
		return nil
	}
	found := search{classes: j.fates, places: map[place]int64{}}
	for raw, err := range dbmigrate.RawDocuments(ctx, reader, collection, plain(j.state.Doc, p.schema)) {
		if err != nil {
			return err
		}
		if err := found.document(raw, "", false); err != nil {
			return fmt.Errorf("reading %s: %w", collection, err)
		}
	}
	j.say(p, &found)
	if op, needed := found.takeOut(collection); needed {
		j.state.Add(op)
	}
	return nil
}

// say names what was found, a line for each class.
func (j *judge) say(p part, found *search) {
	counts, paths := map[string]int64{}, map[string][]string{}
	for at, n := range found.places {
		counts[at.class] += n
		paths[at.class] = append(paths[at.class], at.path)
	}
	for _, class := range slices.Sorted(maps.Keys(counts)) {
		f := j.fates[class]
		where := listed(paths[class])
		what := fmt.Sprintf("%d %s of %s (%s)", counts[class], class, p.what, where)
		switch {
		case f.kept:
			j.state.CannotOpen("%s: FiftyOne %s brought that class", what, f.since)
		case f.confidences:
			j.state.Lose("the confidences of the points of %s: FiftyOne %s knows one for each keypoint", what, j.state.To)
		case f.becomes != "":
			j.state.Lose("%s become %s: FiftyOne %s brought that class", what, f.becomes, f.since)
		default:
			j.state.Lose("%s: FiftyOne %s brought that class", what, f.since)
		}
	}
}

// listed is the first few of some paths.
func listed(paths []string) string {
	const most = 5
	slices.Sort(paths)
	paths = slices.Compact(paths)
	text := strings.Join(paths[:min(most, len(paths))], ", ")
	if len(paths) > most {
		text += fmt.Sprintf(" and %d more", len(paths)-most)
	}
	return text
}

// plain lists the dotted paths of fields that the schema declares to be lists or arrays
// that hold no documents: what makes samples large.
func plain(doc bson.D, schema string) []string {
	paths := map[string]bool{}
	var walk func(fields []bson.D, prefix string)
	walk = func(fields []bson.D, prefix string) {
		for _, field := range fields {
			name := edit.String(field, "db_field")
			if name == "" {
				name = edit.String(field, "name")
			}
			if name == "" || strings.HasPrefix(name, "$") || strings.Contains(name, ".") {
				continue
			}
			switch kind, of := short(edit.String(field, "ftype")), short(edit.String(field, "subfield")); {
			case kind == "EmbeddedDocumentField", kind == "ListField" && of == "EmbeddedDocumentField":
				walk(edit.Docs(field, "fields"), prefix+name+".")
			case kind == "VectorField", kind == "ArrayField", kind == "PolylinePointsField", kind == "KeypointsField",
				kind == "ListField" && (of == "FloatField" || of == "IntField" || of == "StringField" || of == "BooleanField" || of == "ObjectIdField"):
				paths[prefix+name] = true
			}
		}
	}
	walk(edit.Docs(doc, schema), "")
	// The server takes no path beside one above it.
	return slices.DeleteFunc(slices.Sorted(maps.Keys(paths)), func(path string) bool {
		for i, c := range path {
			if c == '.' && paths[path[:i]] {
				return true
			}
		}
		return false
	})
}

// A place is where documents of a class stand: their path, without the indexes of lists.
type place struct{ path, class string }

// A search goes over documents.
type search struct {
	classes map[string]fate
	places  map[place]int64
	// beyond says that a query by paths does not find all places.
	beyond bool
}

// mostPlaces is how many are told apart; dictionaries may have any keys.
const mostPlaces = 200

// document looks at a document and all in it. inList tells whether it stands in a list that
// is directly in another list, where no query by paths gets.
func (s *search) document(doc bson.Raw, path string, inList bool) error {
	elements, err := doc.Elements()
	if err != nil {
		return err
	}
	for _, e := range elements {
		key := e.Key()
		value := e.Value()
		if key == "_cls" {
			if class, ok := value.StringValueOK(); ok && path != "" && (class != keypointClass || hasConfidences(doc)) {
				s.add(path, class, inList)
			}
			continue
		}
		inner := key
		if path != "" {
			inner = path + "." + key
		}
		if strings.ContainsAny(key, ".$") || key == "" {
			s.beyond = s.beyond || value.Type == bson.TypeEmbeddedDocument || value.Type == bson.TypeArray
		}
		if err := s.value(value, inner, inList); err != nil {
			return err
		}
	}
	return nil
}

func (s *search) value(value bson.RawValue, path string, inList bool) error {
	switch value.Type {
	case bson.TypeEmbeddedDocument:
		return s.document(value.Document(), path, inList)
	case bson.TypeArray:
		items, err := bson.Raw(value.Array()).Elements()
		if err != nil {
			return err
		}
		for _, item := range items {
			v := item.Value()
			if v.Type != bson.TypeEmbeddedDocument && v.Type != bson.TypeArray {
				continue
			}
			if err := s.value(v, path, inList || v.Type == bson.TypeArray); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *search) add(path, class string, inList bool) {
	f, isNews := s.classes[class]
	if !isNews {
		return
	}
	at := place{path, class}
	if _, known := s.places[at]; !known && len(s.places) >= mostPlaces {
		at.path = "other fields"
		s.beyond = s.beyond || !f.kept
	}
	s.beyond = s.beyond || inList && !f.kept
	s.places[at]++
}

// takeOut is the operation that takes out what was found, or gives it another class; false
// where there is nothing.
func (s *search) takeOut(collection string) (dbmigrate.Op, bool) {
	classes, fields := bson.D{}, []string{}
	var places bson.A
	for _, at := range slices.SortedFunc(maps.Keys(s.places), func(a, b place) int { return strings.Compare(a.path+" "+a.class, b.path+" "+b.class) }) {
		f := s.classes[at.class]
		if f.kept {
			continue
		}
		if edit.Get(classes, at.class) == nil {
			classes = append(classes, bson.E{Key: at.class, Value: f.becomes})
		}
		top, _, _ := strings.Cut(at.path, ".")
		fields = append(fields, top)
		places = append(places, bson.D{{Key: at.path + "._cls", Value: at.class}})
	}
	if len(classes) == 0 {
		return nil, false
	}
	op := dbmigrate.Convert{Collection: collection, Conversion: conversion, Args: bson.D{{Key: "classes", Value: classes}}}
	if !s.beyond {
		slices.Sort(fields)
		op.Fields, op.Filter = slices.Compact(fields), bson.D{{Key: "$or", Value: places}}
	}
	return op, true
}
