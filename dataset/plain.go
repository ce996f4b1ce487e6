package dataset

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// NewFinderAlso makes the Finder of all media fields, and also of the plain fields of
// these names: any field whose values are strings, or lists of such, can be named as
// one that holds paths. A name that can be none is passed over.
func NewFinderAlso(m Manifest, also []string) (*Finder, error) {
	f, err := NewFinder(m, nil)
	if err != nil {
		return nil, err
	}
	for _, name := range also {
		f.nameField(name)
	}
	f.list()
	return f, nil
}

// nameField makes the strings of a plain field media, as if app_config.media_fields
// listed it: one that the schema declares, or one that it does not below a field whose
// documents may have any keys.
func (f *Finder) nameField(name string) {
	root, rest := f.schema[Samples], name
	if cut, ok := strings.CutPrefix(name, "frames."); ok {
		root, rest = f.schema[Frames], cut
	}
	n := root
	for step := range strings.SplitSeq(rest, ".") {
		next := n.byName(step)
		if next == nil {
			if n == root || !n.open {
				return
			}
			n = nil
			break
		}
		n = next
	}
	if n != nil && (!n.text || n.media) {
		return
	}
	if n != nil {
		n.media = true
	}
	f.exact[name], f.named[name] = true, true
	f.leaves[name[strings.LastIndexByte(name, '.')+1:]] = true
}

// Strings lists the names of the declared fields whose values are strings, or lists of
// such, and that are no media fields.
func (f *Finder) Strings() []string {
	names := f.schema[Samples].texts(nil)
	return f.schema[Frames].texts(names)
}

func (n *node) texts(out []string) []string {
	for _, kid := range n.order {
		if leaf := mediaLeaf[n.class]; kid.text && !kid.media && (leaf == "" || !strings.HasSuffix(kid.name, "."+leaf)) {
			out = append(out, kid.name)
		}
		out = kid.texts(out)
	}
	return out
}

// holdsStrings tells whether the values of a field are strings, or lists of such, or of
// what the schema does not say.
func holdsStrings(field bson.Raw) bool {
	isString := func(kind string) bool { return slices.Contains([]string{"", "StringField", "ColorField"}, kind) }
	switch kind := shortName(field.Lookup("ftype")); kind {
	case "ListField":
		inner := shortName(field.Lookup("subfield"))
		return isString(inner) || inner == "ListField"
	case "ClassesField":
		return true
	default:
		return isString(kind)
	}
}
