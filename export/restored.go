package export

import (
	"context"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
)

// A place says how the path of a media field stands in its document.
type place int

const (
	inText     place = iota // the field is the path
	inDocument              // the field is a document, and the path an attribute of it
	inList                  // the field is a list of such documents
	elsewhere               // in a list of paths, or below a list
	renamed                 // under a key that is not the field's name
	inFrame
)

// why says what keeps FiftyOne's importer from making a relative path at a place
// absolute again.
func (p place) why() string {
	switch p {
	case elsewhere:
		return "it lies in a list of paths or below a list"
	case renamed:
		return "the field is stored under another name than its own"
	case inFrame:
		return "it belongs to a frame"
	}
	return "its label is of a class without a media attribute, or others of the field are of another class"
}

// placeOf compares where a value was found with the name of its field.
func placeOf(f dataset.Found) (p place, leaf string) {
	steps := slices.Collect(f.At.Steps())
	names := strings.Split(f.Field, ".")
	switch {
	case slices.Equal(steps, names):
		p = inText
	case len(steps) == len(names)+1:
		p, leaf = inDocument, steps[len(names)]
	case len(steps) == len(names)+2:
		p, leaf = inList, steps[len(names)+1]
	default:
		return elsewhere, ""
	}
	switch at := steps[:len(names)]; {
	case !slices.Equal(at, names) && slices.ContainsFunc(at, isIndex):
		return elsewhere, ""
	case !slices.Equal(at, names):
		return renamed, ""
	case slices.ContainsFunc(names, isSpecial):
		return elsewhere, ""
	}
	if leaf != "" && isIndex(leaf) {
		return elsewhere, ""
	}
	return p, leaf
}

func isIndex(step string) bool { return step != "" && strings.Trim(step, "0123456789") == "" }

// isSpecial reports whether pydash, with which FiftyOne looks fields up, takes an
// element of a field's name for something else than a key.
func isSpecial(name string) bool { return isIndex(name) || strings.ContainsAny(name, `[]\`) }

// A restorer knows which paths of samples FiftyOne's importer makes absolute again
// if they are relative (fiftyone.utils.data.importers, _parse_media_fields): the
// filepath, and of a field that has a directory in fields/ the path that it is, or
// the media attribute of the document or the list of documents that it is. That
// attribute is the one of the class of the first document it meets, for all
// samples; here all documents of the field have to be of classes with the same one.
type restorer struct {
	known  map[string]bool   // the fields
	leaf   map[string]string // the attribute by field; empty where there is none for all
	counts map[counted]int64
}

type counted struct {
	field string
	place place
	leaf  string
}

// newRestorer reads all samples of src. Fields that the schema does not declare are
// found on the way, and are looked at in a second pass.
func newRestorer(ctx context.Context, src dataset.Source, finder *dataset.Finder, opts Options, total int64) (*restorer, error) {
	r := &restorer{known: map[string]bool{}, leaf: map[string]string{}, counts: map[counted]int64{}}
	fields := finder.Names()
	for pass := 1; len(fields) > 0; pass++ {
		var found []string
		for _, f := range fields {
			r.known[f] = true
		}
		done := int64(0)
		for doc, err := range src.Documents(ctx, dataset.Samples) {
			if err != nil {
				return nil, err
			}
			for _, field := range fields {
				r.observe(doc, field)
			}
			if pass > 1 {
				continue
			}
			values, err := finder.Find(dataset.Samples, doc)
			if err != nil {
				return nil, err
			}
			for _, f := range values {
				if !r.known[f.Field] {
					r.known[f.Field] = true
					found = append(found, f.Field)
				}
				r.count(f, opts.RelDir)
			}
			if done++; done%1000 == 0 {
				opts.Progress(Progress{Phase: "checking", Done: done, Total: total})
			}
		}
		fields = found
	}
	return r, nil
}

// count notes a path that is to become relative if it can.
func (r *restorer) count(f dataset.Found, relDir string) {
	if f.Missing || f.Value == "" || localfile.IsRemote(f.Value) {
		return
	}
	if _, inside := below(relDir, f.Value); relDir != "" && !inside {
		return
	}
	at, leaf := placeOf(f)
	r.counts[counted{f.Field, at, leaf}]++
}

// observe notes of which classes the documents at a field are. What it changes in
// what is known already is reported.
func (r *restorer) observe(doc bson.Raw, field string) (changed bool) {
	var v bson.RawValue
	at := doc
	for rest, more := field, true; more; {
		var step string
		step, rest, more = strings.Cut(rest, ".")
		v = at.Lookup(step)
		if at = nil; v.Type == bson.TypeEmbeddedDocument {
			at = v.Value
		} else if more {
			return false
		}
	}
	note := func(v bson.RawValue) {
		leaf := ""
		if d, ok := v.DocumentOK(); ok {
			class, _ := d.Lookup("_cls").StringValueOK()
			leaf, _ = dataset.MediaAttribute(class)
		}
		before, known := r.leaf[field]
		if known && before != leaf {
			leaf = ""
		}
		changed = changed || !known || before != leaf
		r.leaf[field] = leaf
	}
	switch v.Type {
	case bson.TypeEmbeddedDocument:
		note(v)
	case bson.TypeArray:
		values, _ := bson.RawArray(v.Value).Values()
		for _, e := range values {
			note(e)
		}
	}
	return changed
}

// same reports whether a sample fits what all samples were when they were planned.
func (r *restorer) same(doc bson.Raw) (field string, ok bool) {
	for field := range r.known {
		if r.observe(doc, field) {
			return field, false
		}
	}
	return "", true
}

// restores reports whether a relative path in the place of f becomes absolute again.
func (r *restorer) restores(f dataset.Found) bool {
	at, leaf := placeOf(f)
	return r.can(counted{f.Field, at, leaf})
}

func (r *restorer) can(c counted) bool {
	switch c.place {
	case inText:
		return true
	case inDocument, inList:
		return c.leaf != "" && r.leaf[c.field] == c.leaf
	}
	return false
}

// fields sums up what becomes of each field, as far as the samples tell.
func (r *restorer) fields() []Field {
	by := map[string]*Field{}
	for c, n := range r.counts {
		f := by[c.field]
		if f == nil {
			f = &Field{Name: c.field}
			by[c.field] = f
		}
		if r.can(c) {
			f.Relative += n
		} else {
			f.Absolute += n
			f.Why = max(f.Why, c.place.why())
		}
	}
	return sortedFields(by)
}

func sortedFields(by map[string]*Field) []Field {
	list := make([]Field, 0, len(by))
	for _, f := range by {
		list = append(list, *f)
	}
	slices.SortFunc(list, func(a, b Field) int {
		if first := rank(a) - rank(b); first != 0 {
			return first
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

// rank puts filepath first and frames last.
func rank(f Field) int {
	switch {
	case f.Name == dataset.FilepathField:
		return 0
	case strings.HasPrefix(f.Name, framesPrefix):
		return 2
	}
	return 1
}
