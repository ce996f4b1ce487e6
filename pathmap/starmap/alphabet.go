package starmap

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.starlark.net/syntax"

	"github.com/medialift/medialift/pathmap"
)

// An alphabet spells texts with one byte a character: those beyond ASCII get
// the bytes from 0x80 on in the order in which they are met. It is copied by
// assignment.
type alphabet struct {
	letters [128]rune
	used    int
}

func (a *alphabet) len() int { return a.used }

func (a *alphabet) encode(s string) (string, error) {
	if ascii(s) {
		return s, nil
	}
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%w: %q is not UTF-8", ErrFunction, s)
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
			continue
		}
		i := 0
		for i < a.used && a.letters[i] != r {
			i++
		}
		if i == len(a.letters) {
			return "", fmt.Errorf("%w: more than %d different characters that are not ASCII; %s", ErrFunction, len(a.letters), useExec)
		}
		if i == a.used {
			a.letters[i] = r
			a.used++
		}
		out = append(out, byte(utf8.RuneSelf+i))
	}
	return string(out), nil
}

// decode is the inverse of encode; bytes that encode does not make become
// U+FFFD.
func (a *alphabet) decode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c < utf8.RuneSelf:
			b.WriteByte(c)
		case int(c-utf8.RuneSelf) < a.used:
			b.WriteRune(a.letters[c-utf8.RuneSelf])
		default:
			b.WriteRune(utf8.RuneError)
		}
	}
	return b.String()
}

// respell spells the texts of a program in the alphabet.
func (a *alphabet) respell(file *syntax.File) (err error) {
	syntax.Walk(file, func(n syntax.Node) bool {
		if lit, ok := n.(*syntax.Literal); ok && lit.Token == syntax.STRING && err == nil {
			text, _ := lit.Value.(string)
			lit.Value, err = a.encode(text)
		}
		return err == nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", pathmap.ErrSpec, err)
	}
	return nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
