package fit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// idle are the arguments of stages that came later, each with the value by which the stage
// does what it did without: "*" where any value only hints at how to do it.
var idle = map[string]string{
	"SelectGroupSlices.flat":         "true",
	"SelectGroupSlices._allow_mixed": "false",
	"SelectGroupSlices._force_mixed": "false",
	"GroupBy.flat":                   "false",
	"GroupBy.create_index":           "*",
	"MatchTags.all":                  "false",
	"SetField._allow_limit":          "false",
	"FilterLabels._validate":         "*",
	"FilterKeypoints._validate":      "*",
	"SortBy.create_index":            "*",
	"GeoNear.create_index":           "*",
	"GeoWithin.create_index":         "*",
}

// stagesPrefix is what the classes of stages stand in.
const stagesPrefix = "fiftyone.core.stages."

// stages fits the stages of a view, which are JSON texts. It returns nil where all may stay
// as they are; why says what the target can't load.
func (f *fitting) stages(list any) (fitted bson.A, why string) {
	texts, _ := list.(bson.A)
	for i, item := range texts {
		text, isText := item.(string)
		if !isText {
			continue
		}
		stage, err := decodeJSON(json.RawMessage(text))
		if err != nil {
			continue // no version reads it
		}
		changed, why := f.stage(stage)
		if why != "" {
			return nil, why
		}
		if !changed {
			continue
		}
		if fitted == nil {
			fitted = append(bson.A{}, texts...)
		}
		fitted[i] = encodeJSON(stage)
	}
	return fitted, ""
}

// stage fits a stage and those among its arguments.
func (f *fitting) stage(value any) (changed bool, why string) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			also, why := f.stage(item)
			if why != "" {
				return false, why
			}
			changed = changed || also
		}
	case *object:
		if cls, _ := v.get("_cls").(string); strings.HasPrefix(cls, stagesPrefix) {
			if changed, why = f.arguments(v, cls); why != "" {
				return false, why
			}
		}
		for _, e := range *v {
			also, why := f.stage(e.value)
			if why != "" {
				return false, why
			}
			changed = changed || also
		}
	}
	return changed, ""
}

// arguments takes out the arguments of a stage that the target's class refuses, as long as
// it does the same without.
func (f *fitting) arguments(stage *object, cls string) (changed bool, why string) {
	name := strings.TrimPrefix(cls, stagesPrefix)
	known, ok := f.client.Stage(cls)
	if !ok {
		return false, "the stage " + name + f.since(f.client.Since(cls))
	}
	pairs, _ := stage.get("kwargs").([]any)
	kept := []any{}
	for _, item := range pairs {
		pair, _ := item.([]any)
		if len(pair) != 2 {
			kept = append(kept, item)
			continue
		}
		argument, _ := pair[0].(string)
		if known.Knows(argument) {
			kept = append(kept, item)
			continue
		}
		if !isIdle(name, argument, pair[1]) {
			return false, fmt.Sprintf("the argument %s of the stage %s%s", argument, name, f.since(f.client.KeySince(cls, argument)))
		}
		changed = true
	}
	if changed {
		stage.set("kwargs", kept)
	}
	return changed, ""
}

// since says which version brought something.
func (f *fitting) since(version fmt.Stringer, ok bool) string {
	if !ok {
		return " is not known"
	}
	return " came with FiftyOne " + version.String()
}

// isIdle reports whether a stage does the same without an argument.
func isIdle(stage, argument string, value any) bool {
	without := idle[stage+"."+argument]
	return value == nil || without == "*" || without != "" && encodeJSON(value) == without
}

// SameStages reports whether the stages of two views do the same: where they differ, then by
// arguments without which a stage does the same. Values that are no lists of stages do not.
func SameStages(a, b any) bool {
	x, isList := a.(bson.A)
	y, areLists := b.(bson.A)
	return isList && areLists && slices.EqualFunc(x, y, func(a, b any) bool {
		x, isText := a.(string)
		y, areTexts := b.(string)
		return isText && areTexts && (x == y || bare(x) == bare(y))
	})
}

// bare is the text of a stage without what it does the same without.
func bare(text string) string {
	value, err := decodeJSON(json.RawMessage(text))
	stage, isStage := value.(*object)
	if err != nil || !isStage {
		return text
	}
	cls, _ := stage.get("_cls").(string)
	pairs, _ := stage.get("kwargs").([]any)
	kept := []any{}
	for _, item := range pairs {
		if pair, _ := item.([]any); len(pair) == 2 {
			if argument, _ := pair[0].(string); isIdle(strings.TrimPrefix(cls, stagesPrefix), argument, pair[1]) {
				continue
			}
		}
		kept = append(kept, item)
	}
	stage.set("kwargs", kept)
	return encodeJSON(stage)
}
