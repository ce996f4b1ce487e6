package pathmap

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// regexpMap replaces the first match of a pattern.
type regexpMap struct {
	pattern     *regexp.Regexp
	replacement string
}

// Regexp makes a Mapper that replaces the first match of pattern, in the syntax
// of package regexp, and keeps the path on both sides of it. In replacement $1,
// $name and ${name} stand for groups and $$ for a dollar.
//
// A path without a match, or of which nothing would be left, gets
// [ErrNoAnswer]. A pattern that does not compile and a replacement that names a
// group the pattern has not are errors that wrap [ErrSpec]. Package regexp
// reads names as far as they go, so "$1x" asks for a group "1x"; "${1}x" does
// not.
func Regexp(pattern, replacement string) (Mapper, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("%w: pattern %q: %w", ErrSpec, pattern, err)
	}
	if err := checkReplacement(re, replacement); err != nil {
		return nil, err
	}
	return regexpMap{pattern: re, replacement: replacement}, nil
}

// Map replaces the first match in p.Path.
func (m regexpMap) Map(_ context.Context, p Path) (string, error) {
	at := m.pattern.FindStringSubmatchIndex(p.Path)
	if at == nil {
		return "", ErrNoAnswer
	}
	to := append([]byte(nil), p.Path[:at[0]]...)
	to = m.pattern.ExpandString(to, m.replacement, p.Path, at)
	to = append(to, p.Path[at[1]:]...)
	if len(to) == 0 {
		return "", ErrNoAnswer
	}
	return string(to), nil
}

// checkReplacement finds the names in replacement as ExpandString does and
// refuses those for which ExpandString would silently put nothing.
func checkReplacement(re *regexp.Regexp, replacement string) error {
	for text := replacement; ; {
		_, after, found := strings.Cut(text, "$")
		if !found {
			return nil
		}
		if rest, ok := strings.CutPrefix(after, "$"); ok {
			text = rest
			continue
		}
		name, rest, braced := cutName(after)
		if name == "" {
			return fmt.Errorf("%w: replacement %q: a \"$\" without a group's name behind it; write \"$$\" for the character itself, \"$1\" or \"${name}\" for a group", ErrSpec, replacement)
		}
		if !hasGroup(re, name) {
			return fmt.Errorf("%w: replacement %q: pattern %q has no group %q%s", ErrSpec, replacement, re, name, groupHint(re, name, braced))
		}
		text = rest
	}
}

// cutName takes the name off what follows a dollar; it is empty where package
// regexp would see none.
func cutName(text string) (name, rest string, braced bool) {
	text, braced = strings.CutPrefix(text, "{")
	n := strings.IndexFunc(text, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if n < 0 {
		n = len(text)
	}
	name, rest = text[:n], text[n:]
	if braced {
		var closed bool
		if rest, closed = strings.CutPrefix(rest, "}"); !closed {
			return "", text, true
		}
	}
	return name, rest, braced
}

// hasGroup follows package regexp, to which "01" is a name and not a number.
func hasGroup(re *regexp.Regexp, name string) bool {
	if n, err := strconv.Atoi(name); err == nil && strconv.Itoa(n) == name {
		return n <= re.NumSubexp()
	}
	return slices.Contains(re.SubexpNames(), name)
}

// groupHint says how to write the longest head of name that is a group, or else
// which groups there are.
func groupHint(re *regexp.Regexp, name string, braced bool) string {
	for n := len(name) - 1; n > 0 && !braced; n-- {
		if hasGroup(re, name[:n]) {
			return fmt.Sprintf("; write \"${%s}%s\" for group %q and the text %q", name[:n], name[n:], name[:n], name[n:])
		}
	}
	known := []string{`"$0"`}
	for n, group := range re.SubexpNames() {
		switch {
		case n == 0:
		case group == "":
			known = append(known, fmt.Sprintf("\"$%d\"", n))
		default:
			known = append(known, fmt.Sprintf("\"${%s}\"", group))
		}
	}
	return "; it may name " + strings.Join(known, ", ")
}
