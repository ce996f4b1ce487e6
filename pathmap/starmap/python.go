package starmap

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/medialift/medialift/pathmap"
)

const useExec = `if it is Python, let Python run it: exec:python3 -u FILE.py, with a loop over sys.stdin`

// A Python program has words that Starlark lacks. Those that change nothing
// are taken out, byte by byte so that lines and columns stay; of the others it
// is said which one it was.

// code is Python text with what stands in quotes and comments blanked, so that
// it can be searched; positions are those of the text.
func code(text []byte) []byte {
	out := bytes.Clone(text)
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case '#':
			for i < len(text) && text[i] != '\n' {
				out[i] = ' '
				i++
			}
		case '"', '\'':
			end := quoted(text, i)
			for k := i + 1; k < end-1; k++ {
				if text[k] != '\n' {
					out[k] = ' '
				}
			}
			i = end
		default:
			i++
		}
	}
	return out
}

// quoted is the end of the string literal whose quotes begin at i.
func quoted(text []byte, i int) int {
	mark := text[i : i+1]
	if i+3 <= len(text) && text[i+1] == text[i] && text[i+2] == text[i] {
		mark = text[i : i+3]
	}
	for k := i + len(mark); k < len(text); k++ {
		switch {
		case text[k] == '\\':
			k++
		case len(mark) == 1 && text[k] == '\n':
			return k // unfinished, as Starlark is going to say
		case bytes.HasPrefix(text[k:], mark):
			return k + len(mark)
		}
	}
	return len(text)
}

var (
	header  = regexp.MustCompile(`(?m)^[ \t]*def[ \t]+\w+[ \t]*\(`)
	isNot   = regexp.MustCompile(`\bis[ \t]+not[ \t]+None\b`)
	isNone  = regexp.MustCompile(`\bis[ \t]+None\b`)
	foreign = regexp.MustCompile(`(?m)\b(import|from|try|except|finally|raise|class|with|yield|global|nonlocal|del|assert|async|await)\b`)
	fString = regexp.MustCompile(`\b([fF][rR]?|[rR][fF])["']`)
	missing = regexp.MustCompile(`undefined: (\w+)`)
)

// accommodate takes out annotations of functions and writes "is None" as a
// comparison.
func accommodate(text []byte) []byte {
	out := bytes.Clone(text)
	bare := code(text)
	blank := func(from, to int) {
		for i := from; i < to; i++ {
			if out[i] != '\n' {
				out[i] = ' '
			}
		}
	}
	for _, at := range header.FindAllIndex(bare, -1) {
		annotations(bare, at[1], blank)
	}
	for _, at := range isNot.FindAllIndex(bare, -1) {
		blank(at[0], at[1])
		copy(out[at[0]:], "!= None")
	}
	for _, at := range isNone.FindAllIndex(bare, -1) {
		blank(at[0], at[1])
		copy(out[at[0]:], "==")
		copy(out[at[1]-4:], "None")
	}
	return out
}

// annotations calls drop for each annotation of the function whose parameters
// begin at i.
func annotations(bare []byte, i int, drop func(from, to int)) {
	depth, from := 1, -1
	for ; i < len(bare) && depth > 0; i++ {
		c := bare[i]
		ends := depth == 1 && (c == ',' || c == '=' || c == ')')
		if ends && from >= 0 {
			drop(from, i)
			from = -1
		}
		switch {
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case c == ':' && depth == 1 && from < 0 && !inLambda(bare[:i]):
			from = i
		}
	}
	rest := bytes.TrimLeft(bare[i:], " \t")
	if !bytes.HasPrefix(rest, []byte("->")) {
		return
	}
	from = len(bare) - len(rest)
	for k := from; k < len(bare) && bare[k] != '\n'; k++ {
		switch bare[k] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ':':
			if depth == 0 {
				drop(from, k)
				return
			}
		}
	}
}

// inLambda tells whether text ends in the head of a lambda, whose colon is no
// annotation.
func inLambda(text []byte) bool {
	at := bytes.LastIndex(text, []byte("lambda"))
	return at >= 0 && !bytes.ContainsAny(text[at:], ":,)")
}

// refused says what in the program Starlark does not take, with the way out.
func refused(text []byte, err error) error {
	bare := code(text)
	what := ""
	if m := foreign.FindSubmatch(bare); m != nil {
		what = fmt.Sprintf("%q is not for Starlark", m[1])
	} else if fString.Match(bare) {
		what = "f-strings are not for Starlark, write \"...\" % x or \"...\".format(x)"
	} else if m := missing.FindStringSubmatch(err.Error()); m != nil {
		what = fmt.Sprintf("Starlark has no %s", m[1])
	}
	if what != "" {
		what = ": " + what
	}
	return fmt.Errorf("%w: %s%s; %s", pathmap.ErrSpec, strings.TrimSpace(err.Error()), what, useExec)
}
