package dataset

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A MediaField is a place of the schema that can hold media paths.
type MediaField struct {
	// Name as FiftyOne's exporter names it; frame fields start with "frames.".
	Name string
	// Leaf is the attribute that holds the path where Name is an embedded
	// document ("mask_path", "map_path", "filepath"), else empty.
	Leaf string
}

// mediaLeaf maps the short names of FiftyOne's document classes that hold a
// media path to the attribute that holds it.
var mediaLeaf = map[string]string{
	"Detection":                      "mask_path",
	"Segmentation":                   "mask_path",
	"Heatmap":                        "map_path",
	"OrthographicProjectionMetadata": "filepath",
	"RrdFile":                        "filepath",
}

// MediaAttribute names the attribute that holds a media path in documents of a class
// of FiftyOne's, given by its short name, such as "Detection"; false where the class
// has none (_MEDIA_FIELD of classes that are fiftyone.core.labels._HasMedia).
func MediaAttribute(class string) (string, bool) {
	leaf, ok := mediaLeaf[class]
	return leaf, ok
}

// A node is one entry of a schema. Its children are keyed by db_field, the key
// that documents use.
type node struct {
	name  string // full dotted name, by the names users know
	class string // short class name of its documents
	// ftype and subfield are the short names of the classes of the field and, where it
	// is a list, of what is in the list.
	ftype, subfield string
	media           bool // its strings are media paths
	text            bool // it holds strings, or lists of such
	open            bool // holds documents, so that undeclared attributes may occur
	kids            map[string]*node
	order           []*node
}

func (n *node) byName(step string) *node {
	for _, kid := range n.order {
		if kid.name[strings.LastIndexByte(kid.name, '.')+1:] == step {
			return kid
		}
	}
	return nil
}

// mediaFields appends the media fields at and below n.
func (n *node) mediaFields(out []MediaField) []MediaField {
	leaf, isLabel := mediaLeaf[n.class]
	switch {
	case n.media:
		out = append(out, MediaField{Name: n.name})
	case isLabel:
		out = append(out, MediaField{Name: n.name, Leaf: leaf})
	case n.class == "Detections" && len(n.kids) == 0: // schemas of before 0.16 stop here
		out = append(out, MediaField{Name: n.name + ".detections", Leaf: mediaLeaf["Detection"]})
	}
	for _, kid := range n.order {
		out = kid.mediaFields(out)
	}
	return out
}

// sortFields puts filepath first and samples before frames, and keeps the
// order of the schema otherwise.
func sortFields(fields []MediaField) {
	rank := func(f MediaField) int {
		switch {
		case f.Name == FilepathField:
			return 0
		case strings.HasPrefix(f.Name, "frames."):
			return 2
		}
		return 1
	}
	slices.SortStableFunc(fields, func(a, b MediaField) int { return rank(a) - rank(b) })
}

// mediaFieldNames is app_config.media_fields and filepath, as a set.
func mediaFieldNames(m Manifest) map[string]bool {
	names := map[string]bool{FilepathField: true, "frames." + FilepathField: true}
	list, ok := m.Doc.Lookup("app_config", "media_fields").ArrayOK()
	if !ok {
		return names
	}
	values, err := list.Values()
	if err != nil {
		return names
	}
	for _, v := range values {
		if s, ok := v.StringValueOK(); ok {
			names[s] = true
		}
	}
	return names
}

// parseSchema reads a list of SampleField documents.
func parseSchema(fields bson.RawValue, prefix string, media map[string]bool) *node {
	root := &node{open: true, kids: map[string]*node{}}
	list, ok := fields.ArrayOK()
	if !ok {
		return root
	}
	values, err := list.Values()
	if err != nil {
		return root
	}
	for _, v := range values {
		field, ok := v.DocumentOK()
		if !ok {
			continue
		}
		name, _ := field.Lookup("name").StringValueOK()
		key, _ := field.Lookup("db_field").StringValueOK()
		if key == "" {
			key = name
		}
		n := parseSchema(field.Lookup("fields"), prefix+name+".", media)
		n.name = prefix + name
		n.media = media[n.name]
		n.text = holdsStrings(field)
		n.class = shortName(field.Lookup("embedded_doc_type"))
		n.ftype, n.subfield = shortName(field.Lookup("ftype")), shortName(field.Lookup("subfield"))
		n.open = n.class != "" || holdsDocuments(field)
		root.kids[key] = n
		root.order = append(root.order, n)
	}
	return root
}

// holdsDocuments tells whether a field without a document class may still
// hold documents: a DictField, or a list of anything.
func holdsDocuments(field bson.Raw) bool {
	for _, key := range []string{"ftype", "subfield"} {
		switch shortName(field.Lookup(key)) {
		case "DictField", "EmbeddedDocumentField":
			return true
		case "ListField":
			if shortName(field.Lookup("subfield")) == "" {
				return true
			}
		}
	}
	return false
}

func shortName(class bson.RawValue) string {
	s, _ := class.StringValueOK()
	return s[strings.LastIndexByte(s, '.')+1:]
}
