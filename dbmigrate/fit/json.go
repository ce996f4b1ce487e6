package fit

import (
	"bytes"
	"encoding/json"
	"strings"
)

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
