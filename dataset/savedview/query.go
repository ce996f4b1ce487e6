package savedview

import "strings"

// query visits a filter as MongoDB's find takes it; base is the dotted name of the
// documents that it is about, with a dot at the end.
func (v *visitor) query(q *node, base string) {
	if q == nil || q.kind != '{' {
		if q != nil && q.kind != 0 {
			v.loosely(q)
		}
		return
	}
	for i, key := range q.keys {
		value := q.kids[i]
		switch {
		case key == "$expr":
			v.expression(value, nil)
		case key == "$and" || key == "$or" || key == "$nor":
			for _, kid := range value.kids {
				v.query(kid, base)
			}
		case strings.HasPrefix(key, "$"):
			v.loosely(value)
		default:
			v.asks(flat(base+key), base+key, value)
		}
	}
}

// asks visits what a filter asks of one field.
func (v *visitor) asks(field, full string, c *node) {
	if c.isText() {
		v.compare(field, c)
		return
	}
	if v.pattern(field, c) {
		return
	}
	if c.isList() {
		v.loosely(c) // the whole list is compared
		return
	}
	for i, key := range c.keys {
		value := c.kids[i]
		switch {
		case key == "$options":
		case key == "$not":
			v.asks(field, full, value)
		case key == "$eq" || key == "$ne":
			if value.isText() {
				v.compare(field, value)
			} else {
				v.loosely(value)
			}
		case key == "$in" || key == "$nin" || key == "$all":
			v.oneOf(field, value)
		case key == "$elemMatch":
			if k, _ := value.first(); strings.HasPrefix(k, "$") {
				v.asks(field, full, value)
			} else {
				v.query(value, full+".")
			}
		case ordering[key] && value.isText():
			v.add(condition{kind: computes, field: field, does: "compares by order", values: []*node{value}})
		case strings.HasPrefix(key, "$"):
			v.loosely(value)
		default:
			v.loosely(&node{kind: '{', keys: []string{key}, kids: []*node{value}})
		}
	}
}

// first is the first key and value of an object.
func (n *node) first() (string, *node) {
	if n == nil || n.kind != '{' || len(n.kids) == 0 {
		return "", nil
	}
	return n.keys[0], n.kids[0]
}

// oneOf visits a list of values, among which regular expressions may be.
func (v *visitor) oneOf(field string, list *node) {
	var values []*node
	for _, kid := range list.kids {
		switch {
		case kid.isText():
			values = append(values, kid)
		case kid.kind != 0 && !v.pattern(field, kid):
			v.loosely(kid)
		}
	}
	v.compare(field, values...)
}

// pattern visits a regular expression: {"$regex": …, "$options": …} or what extended
// JSON makes of one. It reports whether c is one.
func (v *visitor) pattern(field string, c *node) bool {
	if strict := c.get("$regularExpression"); strict != nil {
		c = strict
		if p := c.get("pattern"); p.isText() {
			v.match(field, p, optionsOf(c.get("options")))
			return true
		}
	}
	p := c.get("$regex")
	if p == nil {
		return false
	}
	if p.isText() {
		v.match(field, p, optionsOf(c.get("$options")))
		return true
	}
	return v.pattern(field, p)
}

func optionsOf(n *node) string {
	if n.isText() {
		return n.text
	}
	return ""
}
