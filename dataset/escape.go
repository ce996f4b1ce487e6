package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutElement is where a name is cut that is too long for an element: what comes behind
// it, longCut and a digest, has to fit.
const (
	cutElement = 160
	longCut    = "~~"
)

// EscapeElement spells the name of a dataset as one element of a path or key: as it is
// where ElementFault has nothing against it, so that most names stay what they are. A
// byte that cannot stand there becomes ~ and two hexadecimal digits: "org/name" is
// "org~2Fname", ".." is ".~2E", "CON" is "~43ON". So do ?, { and }, which mean
// something else in a URL, and what is in more. A ~ is escaped only where it could be
// taken for such a mark, so that no two names become one. Only a name that is too long
// is cut, and ends with ~~ and a digest of the whole.
func EscapeElement(name, more string) string {
	var b strings.Builder
	first, _, _ := strings.Cut(strings.ToUpper(strings.TrimRight(name, " .")), ".")
	device := isDevice(strings.TrimRight(first, " "))
	escapes := func(at int, r rune, size int) bool {
		last := at+size == len(name)
		return strings.ContainsRune(`/\:?{}`+more, r) || unicode.IsControl(r) || r == utf8.RuneError && size == 1 ||
			last && (r == '.' || r == ' ') || at == 0 && device
	}
	for at := 0; at < len(name); {
		r, size := utf8.DecodeRuneInString(name[at:])
		escaped := escapes(at, r, size)
		if r == '~' {
			next, n := utf8.DecodeRuneInString(name[at+1:])
			escaped = n > 0 && (next == '~' || escapes(at+1, next, n)) || isMark(name[at:])
		}
		if !escaped {
			b.WriteString(name[at : at+size])
		} else {
			for _, c := range []byte(name[at : at+size]) {
				fmt.Fprintf(&b, "~%02X", c)
			}
		}
		at += size
	}
	escaped := b.String()
	if escaped != "" && len(escaped) <= maxElement {
		return escaped
	}
	sum := sha256.Sum256([]byte(name))
	return head(escaped) + longCut + hex.EncodeToString(sum[:8])
}

// isMark tells whether text begins with an escaped byte.
func isMark(text string) bool {
	return len(text) > 2 && text[0] == '~' && isDigit(text[1]) && isDigit(text[2])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' }

// head is the first part of a text, which ends with a whole character.
func head(text string) string {
	if len(text) <= cutElement {
		return text
	}
	n := cutElement
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	if at := strings.LastIndexByte(text[:n], '~'); at >= n-2 {
		n = at
	}
	return strings.TrimRight(text[:n], " .~")
}
