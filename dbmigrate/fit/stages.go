package fit

import (
	"bytes"
	"encoding/json"
	"fmt"
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
		if cls, _ := v.get("_cls").(string); strings.HasPrefix(cls, "fiftyone.core.stages.") {
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
	name := strings.TrimPrefix(cls, "fiftyone.core.stages.")
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
		switch without := idle[name+"."+argument]; {
		case pair[1] == nil, without == "*", without != "" && encodeJSON(pair[1]) == without:
			changed = true
		default:
			return false, fmt.Sprintf("the argument %s of the stage %s%s", argument, name, f.since(f.client.KeySince(cls, argument)))
		}
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

// An object is a JSON object that keeps the order of its keys.
type object []member

type member struct {
	key   string
	value any
}

func (o *object) get(key string) any {
	for _, m := range *o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

func (o *object) set(key string, value any) {
	for i := range *o {
		if (*o)[i].key == key {
			(*o)[i].value = value
		}
	}
}

// decodeJSON reads JSON into objects, []any and scalars, of which numbers keep their
// spelling.
func decodeJSON(text json.RawMessage) (any, error) {
	text = bytes.TrimSpace(text)
	switch {
	case bytes.HasPrefix(text, []byte("{")):
		d := json.NewDecoder(bytes.NewReader(text))
		if _, err := d.Token(); err != nil {
			return nil, err
		}
		o := &object{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			var inner json.RawMessage
			if err := d.Decode(&inner); err != nil {
				return nil, err
			}
			value, err := decodeJSON(inner)
			if err != nil {
				return nil, err
			}
			name, _ := key.(string)
			*o = append(*o, member{name, value})
		}
		_, err := d.Token()
		return o, err
	case bytes.HasPrefix(text, []byte("[")):
		var items []json.RawMessage
		if err := json.Unmarshal(text, &items); err != nil {
			return nil, err
		}
		list := make([]any, len(items))
		for i, item := range items {
			var err error
			if list[i], err = decodeJSON(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case bytes.HasPrefix(text, []byte(`"`)):
		var s string
		err := json.Unmarshal(text, &s)
		return s, err
	case string(text) == "null":
		return nil, nil //nolint:nilnil // null is nil
	}
	return text, nil
}

// encodeJSON spells JSON as Python does.
func encodeJSON(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case json.RawMessage:
		return string(v)
	case string:
		return quoted(v)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = encodeJSON(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case *object:
		items := make([]string, len(*v))
		for i, m := range *v {
			items[i] = quoted(m.key) + ": " + encodeJSON(m.value)
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	return "null"
}

func quoted(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always has a spelling
	return strings.TrimSuffix(b.String(), "\n")
}
