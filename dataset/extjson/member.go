package extjson

// A member is a key of an object, unescaped, and the text of its value.
type member struct {
	key, value []byte
	at         int // where value begins
}

// members takes an object of at most two members apart, without judging its
// values.
func members(text []byte, i int) (list [2]member, n, end int, ok bool) {
	i = skipSpace(text, i+1)
	for {
		if n == len(list) || i >= len(text) || text[i] != '"' {
			return list, 0, 0, false
		}
		from := i
		if i, ok = skipString(text, i); !ok {
			return list, 0, 0, false
		}
		m := member{}
		if m.key, ok = content(text[from:i]); !ok {
			return list, 0, 0, false
		}
		if i = skipSpace(text, i); i >= len(text) || text[i] != ':' {
			return list, 0, 0, false
		}
		from = skipSpace(text, i+1)
		if i, ok = skipValue(text, from); !ok {
			return list, 0, 0, false
		}
		m.value, m.at = text[from:i], from
		list[n] = m
		n++
		if i = skipSpace(text, i); i >= len(text) {
			return list, 0, 0, false
		}
		if text[i] == '}' {
			return list, n, i + 1, true
		}
		if text[i] != ',' {
			return list, 0, 0, false
		}
		i = skipSpace(text, i+1)
	}
}

// content is the value of token if that is a valid string.
func content(token []byte) (value []byte, ok bool) {
	if len(token) < 2 || token[0] != '"' {
		return nil, false
	}
	inner := token[1 : len(token)-1]
	plain := true
	for _, c := range inner {
		plain = plain && c >= ' ' && c < 0x7F && c != '\\'
	}
	if plain {
		return inner, true
	}
	out, end, err := appendUnquoted(nil, token, 0)
	return out, err == nil && end == len(token)
}
