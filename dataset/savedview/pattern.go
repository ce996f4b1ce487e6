package savedview

import (
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"
)

// compile makes of a regular expression of MongoDB's one that can be tried here; nil
// where only MongoDB can.
func compile(pattern, options string) *regexp.Regexp {
	flags := ""
	for _, o := range options {
		switch o {
		case 'i', 's', 'm':
			flags += string(o)
		case 'u':
		default:
			return nil
		}
	}
	if flags != "" {
		pattern = "(?" + flags + ")" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	return re
}

// A literal is a stretch of a pattern that matches itself alone.
type literal struct {
	start, end int // in the pattern
	text       string
}

// literals finds the stretches of a pattern that match themselves alone. A character
// that is repeated is not part of one.
func literals(pattern string) []literal {
	var list []literal
	var now literal
	last := 0 // where the last character of now begins in the pattern
	flush := func() {
		if now.text != "" {
			list = append(list, now)
		}
		now = literal{}
	}
	for i := 0; i < len(pattern); {
		c, size := pattern[i], 1
		text := ""
		switch {
		case c == '\\' && i+1 < len(pattern):
			_, n := utf8.DecodeRuneInString(pattern[i+1:])
			size = 1 + n
			if next := pattern[i+1]; next >= utf8.RuneSelf || !isWord(next) {
				text = pattern[i+1 : i+size]
			}
		case c == '[':
			size = classLength(pattern[i:])
		case strings.IndexByte("*+?", c) >= 0, c == '{' && isCount(pattern[i:]):
			if now.text != "" {
				_, n := utf8.DecodeLastRuneInString(now.text)
				now.text, now.end = now.text[:len(now.text)-n], last
			}
		case strings.IndexByte("()|^$.", c) >= 0:
		default:
			_, size = utf8.DecodeRuneInString(pattern[i:])
			text = pattern[i : i+size]
		}
		if text == "" {
			flush()
		} else {
			if now.text == "" {
				now.start = i
			}
			last = i
			now.text, now.end = now.text+text, i+size
		}
		i += size
	}
	flush()
	return list
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

var count = regexp.MustCompile(`^\{\d*,?\d*\}`)

func isCount(s string) bool { return count.MatchString(s) }

// classLength is how long the character class at the beginning of s is.
func classLength(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == ']' && i > 1 && s[:i] != "[^":
			return i + 1
		}
	}
	return len(s)
}

// escape makes a pattern of a text, as FiftyOne does (fiftyone.core.expressions,
// _escape_regex_chars).
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune(`[]{}()*+-?.,\^$|#`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// bases are directories that move, or whole paths, and where to.
type bases map[string]string

// mostBases is how many are kept of one condition.
const mostBases = 256

// moving is what moves where a path becomes another: all but the end that both share.
// The first is empty where something is put before the path.
func moving(before, after string) (from, to string) {
	n := 0 // of the bytes at the end that are the same, up to an element's beginning
	for i := 1; i <= min(len(before), len(after)) && before[len(before)-i] == after[len(after)-i]; i++ {
		if before[len(before)-i] == '/' {
			n = i
		}
	}
	return before[:len(before)-n], after[:len(after)-n]
}

// add notes what moves where a path becomes another.
func (b bases) add(before, after string) {
	from, to := moving(before, after)
	if other, ok := b[from]; ok && other != to {
		to = "" // it does not move as a whole
	}
	if len(b) < mostBases || b[from] != "" {
		b[from] = to
	}
}

// moved is what a pattern becomes where the directories in it move; false where it
// holds none of them.
func (b bases) moved(pattern string) (string, bool) {
	var from []string
	for dir := range b {
		from = append(from, dir)
	}
	sort.Slice(from, func(i, j int) bool { return len(from[i]) > len(from[j]) })
	out, end, found := "", 0, false
	for _, l := range literals(pattern) {
		for _, dir := range from {
			rest, ok := strings.CutPrefix(l.text, dir)
			if !ok || b[dir] == "" || rest != "" && rest[0] != '/' && !strings.HasSuffix(dir, "/") {
				continue
			}
			out += pattern[end:l.start] + escape(b[dir]+rest)
			end, found = l.end, true
			break
		}
	}
	return out + pattern[end:], found
}
