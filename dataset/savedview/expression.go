package savedview

import (
	"slices"
	"strings"
)

// scope says which field each variable of an expression stands for; a name that is not
// known is an empty list.
type scope map[string][]string

// with is the scope with one more variable.
func (s scope) with(name string, fields []string) scope {
	more := scope{name: fields}
	for k, f := range s {
		if k != name {
			more[k] = f
		}
	}
	return more
}

// fields are those that a reference such as "$gt.label" or "$$this.label" may be; false
// where n is none. A nil list stands for one that nobody can tell.
func (s scope) fields(n *node) (list []string, isReference bool) {
	if key, value := n.only(); key == "$ifNull" && value.isList() && len(value.kids) == 2 {
		n = value.kids[0] // with another value where there is none
	}
	if !n.isText() || !strings.HasPrefix(n.text, "$") {
		return nil, false
	}
	name, isVariable := strings.CutPrefix(n.text, "$$")
	if !isVariable {
		return []string{n.text[1:]}, true
	}
	variable, rest, _ := strings.Cut(name, ".")
	if variable == "ROOT" || variable == "CURRENT" {
		return []string{rest}, true
	}
	if variable == "frame" && s[variable] == nil {
		return []string{"frames." + rest}, true
	}
	for _, base := range s[variable] {
		list = append(list, strings.TrimSuffix(base+"."+rest, "."))
	}
	return list, true
}

// expression visits an expression of MongoDB's.
func (v *visitor) expression(n *node, s scope) {
	switch {
	case n == nil || n.kind == 0:
	case n.isText():
		if !strings.HasPrefix(n.text, "$") {
			v.loosely(n)
		}
	case n.isList():
		for _, kid := range n.kids {
			v.expression(kid, s)
		}
	default:
		for i, key := range n.keys {
			v.operator(key, n.kids[i], s)
		}
	}
}

// operator visits one operator with its arguments, or a key of a document.
func (v *visitor) operator(op string, args *node, s scope) {
	switch {
	case op == "$literal":
		v.loosely(args)
	case op == "$filter" || op == "$map" || op == "$reduce":
		v.loop(args, s)
	case op == "$let":
		v.let(args, s)
	case op == "$eq" || op == "$ne" || op == "$in":
		if !v.comparison(args, s) {
			v.expression(args, s)
		}
	case op == "$regexMatch":
		fields, ok := s.fields(args.get("input"))
		if p := args.get("regex"); ok && p.isText() && fields != nil {
			for _, field := range fields {
				v.match(flat(field), p, optionsOf(args.get("options")))
			}
			return
		}
		if p := args.get("regex"); p.isText() { // of what is not known
			for _, l := range literals(p.text) {
				v.loosely(&node{kind: '"', text: l.text})
			}
		}
		v.expression(args, s)
	case texting[op] || ordering[op]:
		v.text(op, args, s)
	default:
		v.expression(args, s)
	}
}

// loop visits $filter, $map or $reduce, which name the items of a list.
func (v *visitor) loop(args *node, s scope) {
	input := args.get("input")
	v.expression(input, s)
	name := "this"
	if as := args.get("as"); as.isText() {
		name = as.text
	}
	inner := s.with(name, s.listed(input))
	for _, key := range []string{"cond", "in"} {
		v.expression(args.get(key), inner)
	}
}

// listed are the fields whose items an expression lists.
func (s scope) listed(n *node) []string {
	if fields, ok := s.fields(n); ok {
		return fields
	}
	key, args := n.only()
	switch key {
	case "$filter", "$ifNull", "$slice", "$sortArray", "$reverseArray":
		if input := args.get("input"); input != nil {
			return s.listed(input)
		}
		if args.isList() && len(args.kids) > 0 {
			return s.listed(args.kids[0])
		}
	}
	return nil
}

// let visits $let.
func (v *visitor) let(args *node, s scope) {
	inner := s
	if vars := args.get("vars"); vars != nil && vars.kind == '{' {
		for i, name := range vars.keys {
			v.expression(vars.kids[i], s)
			inner = inner.with(name, s.listed(vars.kids[i]))
		}
	}
	v.expression(args.get("in"), inner)
}

// comparison visits $eq, $ne or $in of a field and strings; it reports whether it is
// one.
func (v *visitor) comparison(args *node, s scope) bool {
	if !args.isList() || len(args.kids) != 2 {
		return false
	}
	for i, kid := range args.kids {
		fields, ok := s.fields(kid)
		values, plain := args.kids[1-i].texts()
		if !ok || !plain || fields == nil || slices.ContainsFunc(values, isExpression) {
			continue
		}
		for _, field := range fields {
			v.compare(flat(field), values...)
		}
		return true
	}
	a, isA := s.fields(args.kids[0])
	b, isB := s.fields(args.kids[1])
	if isA && isB {
		for _, field := range slices.Concat(a, b) {
			v.add(condition{kind: computes, field: flat(field), does: "compares it with another field"})
		}
	}
	return false
}

func isExpression(n *node) bool { return strings.HasPrefix(n.text, "$") }

// text visits an operator that works with texts, or compares by order.
func (v *visitor) text(op string, args *node, s scope) {
	list := []*node{args}
	if args != nil && args.kind != '"' && len(args.kids) > 0 {
		list = args.kids
	}
	var values []*node
	for _, kid := range list {
		if kid.isText() && !isExpression(kid) {
			values = append(values, kid)
		}
	}
	for _, kid := range list {
		fields, ok := s.fields(kid)
		if !ok || ordering[op] && len(values) == 0 {
			continue
		}
		for _, field := range fields {
			v.add(condition{kind: computes, field: flat(field), values: values, does: "works with its text (" + op + ")"})
		}
	}
	v.expression(args, s)
}
