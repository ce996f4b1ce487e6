package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A Found is one media value of a document.
type Found struct {
	// Field is the media field it belongs to, by the name that FiftyOne's
	// exporter gives it: "filepath", "thumb_path", "ground_truth.detections",
	// "frames.seg". See MediaField.
	Field string
	At    Pointer
	// Value is the path or URL as stored. It is empty, with Missing set, where
	// a sample lacks the filepath that its schema requires.
	Value   string
	Missing bool
}

// FilepathField is the media field that every sample has.
const FilepathField = "filepath"

// A Finder finds media values in documents. Media are, as FiftyOne finds them
// (fiftyone.core.collections, _get_media_fields): filepath, the fields that
// app_config.media_fields lists, and the path attributes of Detection,
// Segmentation, Heatmap, OrthographicProjectionMetadata and RrdFile documents
// at any depth; beyond FiftyOne, also in frames, in lists, under attributes that
// the schema does not declare, and a frame's own filepath. A Finder is safe for
// concurrent use.
type Finder struct {
	schema map[Part]*node
	fields []MediaField
	chosen []string        // as given to NewFinder; none means all
	exact  map[string]bool // names of plain fields whose strings are paths
	leaves map[string]bool // the last elements of those names
	named  map[string]bool // those that are media by being named alone
	watch  *Strays
}

// NewFinder makes the Finder of a dataset. Where names are given, only the
// media fields they select are found. A name selects a field by its name, by
// its name and attribute ("seg.mask_path"), or by what it stands below ("gt"
// for "gt.detections"). It may also be that of any other field whose values are
// strings or lists of such: named, it is a media field. A name that can select
// nothing is ErrUnknownField.
func NewFinder(m Manifest, names []string) (*Finder, error) {
	declared := mediaFieldNames(m)
	f := &Finder{
		schema: map[Part]*node{
			Samples: parseSchema(m.Doc.Lookup("sample_fields"), "", declared),
			Frames:  parseSchema(m.Doc.Lookup("frame_fields"), "frames.", declared),
		},
		exact:  declared,
		leaves: map[string]bool{},
		named:  map[string]bool{},
	}
	for name := range declared {
		f.leaves[name[strings.LastIndexByte(name, '.')+1:]] = true
	}
	f.list()
	for _, name := range names {
		if !f.declares(name) {
			f.nameField(name)
		}
		if !f.known(name) {
			return nil, &UnknownFieldError{Field: name, Known: f.Names(), Strings: f.Strings()}
		}
	}
	f.list()
	f.chosen = slices.Clone(names)
	return f, nil
}

// list lists the media fields that the schema declares.
func (f *Finder) list() {
	f.fields = f.schema[Samples].mediaFields(nil)
	f.fields = f.schema[Frames].mediaFields(f.fields)
	sortFields(f.fields)
}

// An UnknownFieldError names a media field that the dataset does not have, and
// those it has. It is ErrUnknownField.
type UnknownFieldError struct {
	Field string
	Known []string
	// Strings are the fields that can be named besides.
	Strings []string
}

// shownStrings is how many of them the error repeats.
const shownStrings = 20

func (e *UnknownFieldError) Error() string {
	text := fmt.Sprintf("unknown media field %q; this dataset has: %s", e.Field, strings.Join(e.Known, ", "))
	if len(e.Strings) == 0 {
		return text
	}
	text += "; and as fields of strings: " + strings.Join(e.Strings[:min(len(e.Strings), shownStrings)], ", ")
	if more := len(e.Strings) - shownStrings; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Unwrap makes e an ErrUnknownField.
func (e *UnknownFieldError) Unwrap() error { return ErrUnknownField }

// Fields lists the media fields that the schema declares and that f selects,
// filepath first.
func (f *Finder) Fields() []MediaField {
	var out []MediaField
	for _, field := range f.fields {
		if f.selects(field.Name, field.Leaf) {
			out = append(out, field)
		}
	}
	return out
}

// Names lists the names of all declared media fields, selected or not.
func (f *Finder) Names() []string {
	names := make([]string, len(f.fields))
	for i, field := range f.fields {
		names[i] = field.Name
	}
	return names
}

// PlainNames lists the names of fields whose own strings are paths, whether the schema
// declares them or not.
func (f *Finder) PlainNames() []string { return slices.Sorted(maps.Keys(f.exact)) }

// Find returns the selected media values of one document in document order.
func (f *Finder) Find(part Part, doc bson.Raw) ([]Found, error) {
	w := walker{finder: f, frame: part == Frames}
	root := f.schema[part]
	if err := w.document(doc, root, nil); err != nil {
		return nil, err
	}
	if part == Samples && !w.filepath && f.selects(FilepathField, "") {
		missing := Found{Field: FilepathField, At: Pointer("").Key(FilepathField), Missing: true}
		w.found = append(w.found, missing)
	}
	return w.found, nil
}

// Selects tells whether values of field are found.
func (f *Finder) Selects(field MediaField) bool { return f.selects(field.Name, field.Leaf) }

// selects tells whether a value of the named field, standing in the attribute
// leaf of it (empty for a plain field), is wanted.
func (f *Finder) selects(field, leaf string) bool {
	if len(f.chosen) == 0 {
		return true
	}
	for _, name := range f.chosen {
		switch {
		case name == field:
			return true
		case f.exact[name] && !f.named[name]:
			continue
		case leaf != "" && name == field+"."+leaf, strings.HasPrefix(field, name+"."):
			return true
		}
	}
	return false
}

// known tells whether name can select anything: a declared media field, or a
// field whose documents may hold paths that the schema does not declare.
func (f *Finder) known(name string) bool {
	if f.named[name] || f.declares(name) {
		return true
	}
	n := f.schema[Samples]
	rest := name
	if cut, ok := strings.CutPrefix(name, "frames."); ok {
		n, rest = f.schema[Frames], cut
	}
	for step := range strings.SplitSeq(rest, ".") {
		next := n.byName(step)
		if next == nil {
			return n.open && n != f.schema[Samples] && n != f.schema[Frames]
		}
		n = next
	}
	return n.open
}

// declares tells whether name selects a declared media field.
func (f *Finder) declares(name string) bool {
	one := &Finder{chosen: []string{name}, exact: f.exact, named: f.named}
	return slices.ContainsFunc(f.fields, func(field MediaField) bool { return one.selects(field.Name, field.Leaf) })
}
