package savedview

import (
	"slices"
	"strings"
)

// A condition is what a view asks of the values of a media field, or what it asks of
// none that is known.
type condition struct {
	class string // of the stage
	kind  conditionKind
	// field is the name of what is asked, without lists of labels; see flat.
	field  string
	values []*node // what it is compared with
	// options are those of a regular expression.
	options string
	does    string // what only FiftyOne can follow
	order   bool   // that is the order of its values
}

type conditionKind int

const (
	isOneOf  conditionKind = iota // the value is one of values, or is none of them
	matches                       // it matches values[0], a regular expression
	computes                      // its text is worked with
	loose                         // it is not known what values are compared with
)

// labelLists are the keys of FiftyOne's lists of labels. In expressions they stand or
// not, as labels do one by one or in their list.
var labelLists = []string{"detections", "polylines", "keypoints", "classifications"}

// flat is a dotted name without what differs between a dataset and those generated of
// it: "frames." at its beginning, and lists of labels.
func flat(name string) string {
	name = strings.TrimPrefix(name, "frames.")
	keys := strings.Split(name, ".")
	first := true
	keys = slices.DeleteFunc(keys, func(key string) bool {
		keep := first || !slices.Contains(labelLists, key)
		first = false
		return !keep
	})
	return strings.Join(keys, ".")
}

// texting are operators whose result hangs on the text of what they are given.
var texting = map[string]bool{
	"$substr": true, "$substrBytes": true, "$substrCP": true, "$split": true, "$toLower": true, "$toUpper": true,
	"$concat": true, "$indexOfBytes": true, "$indexOfCP": true, "$strLenBytes": true, "$strLenCP": true,
	"$replaceOne": true, "$replaceAll": true, "$strcasecmp": true, "$trim": true, "$ltrim": true, "$rtrim": true,
	"$regexFind": true, "$regexFindAll": true, "$toHashedIndexKey": true,
}

// ordering are operators that compare by order.
var ordering = map[string]bool{"$lt": true, "$lte": true, "$gt": true, "$gte": true, "$cmp": true}

// A visitor collects the conditions of one stage.
type visitor struct {
	class string
	found []condition
	// counted tells that what comes later counts samples, so that their order matters.
	counted bool
}

func (v *visitor) add(c condition) {
	c.class = v.class
	v.found = append(v.found, c)
}

// loosely notes every string at and below n.
func (v *visitor) loosely(n *node) {
	var list []*node
	var walk func(n *node)
	walk = func(n *node) {
		if n == nil {
			return
		}
		if n.isText() && !strings.HasPrefix(n.text, "$") {
			list = append(list, n)
		}
		for i, kid := range n.kids {
			if n.kind == '{' && looksLikePath(n.keys[i]) {
				list = append(list, &node{kind: '"', text: n.keys[i], at: kid.at})
			}
			walk(kid)
		}
	}
	walk(n)
	if len(list) > 0 {
		v.add(condition{kind: loose, values: list})
	}
}

// looksLikePath reports whether a text may be a path or the beginning of one.
func looksLikePath(s string) bool { return len(s) > 1 && strings.ContainsAny(s, `/\`) }

// compare notes that a field is compared with values.
func (v *visitor) compare(field string, values ...*node) {
	if len(values) > 0 {
		v.add(condition{kind: isOneOf, field: field, values: values})
	}
}

// match notes that a field is matched with a regular expression.
func (v *visitor) match(field string, pattern *node, options string) {
	v.add(condition{kind: matches, field: field, values: []*node{pattern}, options: options})
}
