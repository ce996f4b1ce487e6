package dataset

import (
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A Checker finds what keeps FiftyOne from reading the documents of a dataset: keys at
// the top that the schema does not declare (FieldDoesNotExist of mongoengine's
// documents), and values that the classes of their fields raise on (the to_python and
// validate methods of fiftyone.core.fields). One such document makes FiftyOne fail on
// each loop over the samples. What a Checker does not know, it lets pass. It is safe
// for concurrent use.
type Checker struct {
	schema map[Part]*node
	known  map[Part]map[string]bool
	media  map[string]bool
}

// A Fault is something of a document that FiftyOne cannot read.
type Fault struct {
	// Field is the name of the field, such as "ground_truth.detections.label".
	Field string
	// Reason says what is wrong with its value.
	Reason string
	// Undeclared tells that the schema has no such field.
	Undeclared bool
	// Collapsed tells that the value is the one path which FiftyOne's exporter leaves
	// of a list of media paths that it makes relative.
	Collapsed bool
}

func (f Fault) String() string { return fmt.Sprintf("the field %q %s", f.Field, f.Reason) }

// implicit are the keys that FiftyOne declares itself where a schema does not: those of
// its classes DatasetSampleDocument and DatasetFrameDocument, and of older ones.
var implicit = map[Part][]string{
	Samples: {"_id", "_rand", "_media_type", "_dataset_id", "_sample_id", "frame_number", "created_at", "last_modified_at", "filepath", "media_reference", "tags", "metadata"},
	Frames:  {"_id", "_rand", "_media_type", "_dataset_id", "_sample_id", "frame_number", "created_at", "last_modified_at"},
}

// NewChecker makes the Checker of a dataset.
func NewChecker(m Manifest) *Checker {
	c := &Checker{schema: map[Part]*node{}, known: map[Part]map[string]bool{}, media: mediaFieldNames(m)}
	for part, key := range map[Part]string{Samples: "sample_fields", Frames: "frame_fields"} {
		prefix := ""
		if part == Frames {
			prefix = "frames."
		}
		root := parseSchema(m.Doc.Lookup(key), prefix, c.media)
		if len(root.kids) == 0 {
			continue // nothing is known
		}
		c.schema[part], c.known[part] = root, map[string]bool{}
		for _, key := range implicit[part] {
			c.known[part][key] = true
		}
		for key := range root.kids {
			c.known[part][key] = true
		}
	}
	return c
}

// HasListsOfMedia reports whether the schema has media fields that are lists of paths.
func (c *Checker) HasListsOfMedia() bool {
	for _, root := range c.schema {
		for _, f := range root.mediaFields(nil) {
			if n := root.find(strings.Split(strings.TrimPrefix(f.Name, "frames."), ".")); f.Leaf == "" && n != nil && n.ftype == "ListField" {
				return true
			}
		}
	}
	return false
}

// find follows names, not keys.
func (n *node) find(names []string) *node {
	for _, name := range names {
		if n = n.byName(name); n == nil {
			return nil
		}
	}
	return n
}

// Check returns the first fault of a document; ok tells that there is none.
func (c *Checker) Check(part Part, doc bson.Raw) (fault Fault, ok bool, err error) {
	root := c.schema[part]
	if root == nil {
		return Fault{}, true, nil
	}
	r := readElements(doc)
	for r.next() {
		if !c.known[part][string(r.key)] {
			name := string(r.key)
			if part == Frames {
				name = "frames." + name
			}
			return Fault{Field: name, Reason: "is not declared by the schema", Undeclared: true}, false, nil
		}
	}
	if r.err == nil {
		var f *Fault
		if f, err = c.document(root, doc, false); f != nil {
			return *f, false, nil
		}
	}
	if r.err != nil || err != nil {
		return Fault{}, false, fmt.Errorf("%w: %w", ErrMalformed, errCorrupt)
	}
	return Fault{}, true, nil
}

// document checks the declared attributes of a document.
func (c *Checker) document(n *node, doc []byte, inner bool) (*Fault, error) {
	r := readElements(doc)
	for r.next() {
		kid := n.kids[string(r.key)]
		if kid == nil {
			continue
		}
		if f, err := c.value(kid, kid.ftype, &r, inner, 0); f != nil || err != nil {
			return f, err
		}
	}
	return nil, r.err
}

// value checks a value against a field class; depth counts the lists around it.
func (c *Checker) value(n *node, ftype string, r *elementReader, inner bool, depth int) (*Fault, error) {
	if r.kind == bson.TypeNull || r.kind == bson.TypeUndefined {
		if depth == 0 || ftype == "" || ftype == "BooleanField" && !inner {
			return nil, nil //nolint:nilnil // there is no fault
		}
		return c.fault(n, ftype, r, depth), nil
	}
	if !fits(ftype, r, inner) {
		return c.fault(n, ftype, r, depth), nil
	}
	switch {
	case r.kind == bson.TypeEmbeddedDocument && isEmbedded(ftype):
		if class := classOf(r.value); class != "" && otherClass(n.class, class) {
			f := c.fault(n, ftype, r, depth)
			f.Reason = fmt.Sprintf("is a %s, and the schema declares %s", class, n.class)
			return f, nil
		}
		return c.document(n, r.value, true)
	case r.kind == bson.TypeArray && isList(ftype):
		elements := readElements(r.value)
		for elements.next() {
			if f, err := c.value(n, elementClass(n, ftype, depth), &elements, inner, depth+1); f != nil || err != nil {
				return f, err
			}
		}
		return nil, elements.err
	}
	return nil, nil //nolint:nilnil // there is no fault
}

func (c *Checker) fault(n *node, ftype string, r *elementReader, depth int) *Fault {
	f := &Fault{Field: n.name, Reason: fmt.Sprintf("holds %s, and the schema declares %s", kindName(r), strings.TrimSuffix(n.ftype, "Field"))}
	if depth > 0 {
		f.Reason = fmt.Sprintf("holds %s in a list, and the schema declares a list of %s", kindName(r), strings.TrimSuffix(ftype, "Field"))
	}
	if n.media && depth == 0 && r.kind == bson.TypeString && n.ftype == "ListField" {
		f.Collapsed = true
		f.Reason = "holds one path, and the schema declares a list: FiftyOne's exporter keeps the last path alone of each list of media that it makes relative"
	}
	return f
}

func isEmbedded(ftype string) bool { return ftype == "EmbeddedDocumentField" }

func isList(ftype string) bool {
	return ftype == "ListField" || ftype == "EmbeddedDocumentListField" || ftype == "ClassesField"
}

// elementClass is the class of the elements of a list; empty for any.
func elementClass(n *node, ftype string, depth int) string {
	switch {
	case depth > 0:
		return "" // lists in lists have no class in the schema
	case ftype == "EmbeddedDocumentListField":
		return "EmbeddedDocumentField"
	case ftype == "ClassesField":
		return "StringField"
	}
	return n.subfield
}

// labels are classes of FiftyOne's none of which is another's kind.
var labels = map[string]bool{
	"Regression": true, "Classification": true, "Classifications": true, "Detection": true, "Detections": true, "Polyline": true,
	"Polylines": true, "Keypoint": true, "Keypoints": true, "Segmentation": true, "Heatmap": true, "TemporalDetection": true,
	"TemporalDetections": true, "GeoLocation": true, "GeoLocations": true,
}

func otherClass(declared, class string) bool {
	return declared != class && labels[declared] && labels[class]
}

func classOf(doc []byte) string {
	r := readElements(doc)
	for r.next() {
		if r.kind == bson.TypeString && string(r.key) == "_cls" {
			return string(r.text())
		}
	}
	return ""
}
