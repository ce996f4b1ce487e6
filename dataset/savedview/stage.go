package savedview

import (
	"maps"
	"slices"
	"strings"
)

// kwargs are the arguments of a stage, {"_cls": …, "kwargs": [[name, value], …]}.
func kwargs(stage *node) (class string, args map[string]*node) {
	if cls := stage.get("_cls"); cls.isText() {
		class = cls.text[strings.LastIndexByte(cls.text, '.')+1:]
	}
	args = map[string]*node{}
	list := stage.get("kwargs")
	if list == nil {
		return class, args
	}
	for _, pair := range list.kids {
		if pair.isList() && len(pair.kids) == 2 && pair.kids[0].isText() {
			args[pair.kids[0].text] = pair.kids[1]
		}
	}
	return class, args
}

// stages visits the stages of a view, or of one that a stage holds.
func (v *visitor) stages(list []*node) {
	for i, stage := range list {
		v.counted = false
		for _, later := range list[i+1:] {
			class, _ := kwargs(later)
			v.counted = v.counted || class == "Limit" || class == "Skip"
		}
		v.stage(stage)
	}
}

// stage visits one stage.
func (v *visitor) stage(stage *node) {
	class, args := kwargs(stage)
	v.class = class
	switch class {
	case "":
		v.loosely(stage)
	case "Match":
		v.query(args["filter"], "")
	case "MatchFrames":
		v.expression(args["filter"], scope{"this": {"frames"}})
	case "FilterLabels", "FilterField", "FilterKeypoints":
		var fields []string
		if f := args["field"]; f.isText() {
			fields = []string{f.text}
		}
		v.expression(args["filter"], scope{"this": fields, "FIELD": fields})
	case "MatchLabels":
		v.expression(args["filter"], scope{"FIELD": labelFields(args["fields"])})
	case "SelectBy", "ExcludeBy":
		if f := args["field"]; f.isText() {
			values, _ := args["values"].texts()
			v.compare(flat(f.text), values...)
		}
	case "MatchTags", "Select", "Exclude", "SelectFields", "ExcludeFields", "SelectGroupSlices", "Limit", "Skip",
		"SelectGroups", "ExcludeGroups", "SelectFrames", "ExcludeFrames", "Exists", "Shuffle", "Take", "SelectLabels", "ExcludeLabels":
		// They choose by tags, ids, names of fields and slices, or by number.
	case "SortBy":
		v.sort(args["field_or_expr"])
	case "MapValues":
		if f := args["field"]; f.isText() {
			v.add(condition{kind: computes, field: flat(f.text), does: "maps its values"})
		}
	case "Mongo":
		v.pipeline(args["pipeline"])
	case "Concat":
		if inner := args["samples"].get("stages"); inner != nil {
			v.stages(inner.kids)
		}
	case "ToPatches", "ToEvaluationPatches", "ToClips", "ToTrajectories", "ToFrames":
		v.generated(args)
	case "GroupBy":
		for _, name := range []string{"field_or_expr", "match_expr", "sort_expr"} {
			if a := args[name]; a != nil && !a.isText() {
				v.expression(a, nil)
			}
		}
	default:
		for _, name := range slices.Sorted(maps.Keys(args)) {
			if name == "expr" || name == "filter" {
				v.expression(args[name], nil)
			} else if name != "field" {
				v.loosely(args[name])
			}
		}
	}
}

// labelFields are the fields of MatchLabels; nil where it is about all.
func labelFields(n *node) []string {
	list, _ := n.texts()
	var fields []string
	for _, f := range list {
		fields = append(fields, f.text)
	}
	if len(fields) == 0 {
		return []string{anyField}
	}
	return fields
}

// anyField stands for every field that holds labels.
const anyField = "*"

// sort visits what samples are sorted by: only where they are counted does it choose.
func (v *visitor) sort(by *node) {
	if !v.counted || by == nil {
		return
	}
	keys := []*node{by}
	if by.isList() {
		keys = nil
		for _, pair := range by.kids {
			if len(pair.kids) > 0 {
				keys = append(keys, pair.kids[0])
			}
		}
	}
	for _, key := range keys {
		if key.isText() {
			v.add(condition{kind: computes, field: flat(strings.TrimPrefix(key.text, "$")), does: "counts samples in its order", order: true})
		} else {
			v.expression(key, nil)
		}
	}
}

// pipeline visits the stages of MongoDB's that Mongo holds.
func (v *visitor) pipeline(list *node) {
	if list == nil {
		return
	}
	for _, stage := range list.kids {
		for i, op := range stage.keys {
			switch op {
			case "$match":
				v.query(stage.kids[i], "")
			default:
				v.expression(stage.kids[i], nil)
			}
		}
	}
}

// generated visits a stage that FiftyOne generates a dataset for. Its _state holds the
// stages before it once more.
func (v *visitor) generated(args map[string]*node) {
	class := v.class
	for _, name := range slices.Sorted(maps.Keys(args)) {
		a := args[name]
		switch {
		case name == "_state":
			if inner := a.get("stages"); inner != nil {
				v.stages(inner.kids)
				v.class = class
			}
			if by := a.get("field_or_expr"); by != nil && by.kind == '{' {
				v.expression(by, scope{"this": {"frames"}})
			}
		case name == "field_or_expr" && a.kind == '{':
			v.expression(a, scope{"this": {"frames"}})
		case name == "field" || name == "eval_key" || name == "field_or_expr":
		default:
			v.loosely(a)
		}
	}
}
