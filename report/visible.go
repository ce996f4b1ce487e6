package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible writes out what of a text would not be seen, or would change how the rest
// is seen: control characters, line ends and tabs too, escape sequences, characters
// that turn the direction of a line or have no width, and bytes that are no text.
// Joiners stay where letters and emoji are made with them, as do the tags of flags.
// The text may be shown on a page or on a terminal; what is visible stays as it is.
func Visible(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	var before rune
	flag := false // the tags of one follow
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		after, _ := utf8.DecodeRuneInString(s[i+n:])
		isTag := c >= 0xe0020 && c <= 0xe007f
		flag = c == blackFlag || flag && isTag
		switch {
		case c == utf8.RuneError && n == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
		case c == zeroWidthNonJoiner || c == zeroWidthJoiner:
			if joins(before) && joins(after) {
				b.WriteRune(c)
			} else {
				b.WriteString(escaped(c))
			}
		case isTag && flag, !hidden(c):
			b.WriteRune(c)
		default:
			b.WriteString(escaped(c))
		}
		before = c
		i += n
	}
	return b.String()
}

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
	blackFlag          = '\U0001f3f4'
)

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// joins tells what joiners stand between: letters and marks of scripts that have
// need of them, and emoji.
func joins(c rune) bool {
	return c >= 0x300 && c != utf8.RuneError && (unicode.In(c, unicode.L, unicode.M, unicode.So, unicode.Sk) || c == '\ufe0f')
}

// hidden tells the characters that are not seen: of the categories of control,
// format, surrogate, line and paragraph separator, and the letters that are blank.
func hidden(c rune) bool {
	switch c {
	case '\u034f', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u3164', '\uffa0':
		return true
	}
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Zl, unicode.Zp)
}

// escaped spells a character as Go does, and JSON where it can.
func escaped(c rune) string {
	q := strconv.QuoteRuneToASCII(c)
	return q[1 : len(q)-1]
}
