package main

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/medialift/medialift/report"
)

// A seen is a text that somebody else wrote: a name, a path, the words of a server.
// It is printed with all that it holds visible, so that no terminal obeys it.
type seen string

// Format implements fmt.Formatter.
func (s seen) Format(f fmt.State, verb rune) {
	text := string(s)
	if verb != 'q' {
		text = report.Visible(text)
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), text)
}

// shown makes the arguments of a format fit for a terminal, without what hide knows.
func shown(hide func(string) string, args []any) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		out[i] = arg
		switch v := arg.(type) {
		case string:
			out[i] = seen(hide(v))
		case error:
			out[i] = errorText(hide, v)
		case fmt.Stringer:
			if value := reflect.ValueOf(arg); !value.CanInt() && !value.CanUint() && !(value.Kind() == reflect.Pointer && value.IsNil()) {
				out[i] = seen(hide(v.String()))
			}
		default:
			if value := reflect.ValueOf(arg); value.Kind() == reflect.String {
				out[i] = seen(hide(value.String()))
			}
		}
	}
	return out
}

// errorText is what an error says. Errors that were joined keep their lines.
func errorText(hide func(string) string, err error) any {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // the outermost alone has these lines
		var lines []string
		for _, one := range joined.Unwrap() {
			lines = append(lines, one.Error())
		}
		if strings.Join(lines, "\n") == err.Error() {
			for i := range lines {
				lines[i] = report.Visible(hide(lines[i]))
			}
			return printable(strings.Join(lines, "\n"))
		}
	}
	return seen(hide(err.Error()))
}

// A printable is a text that is visible already.
type printable string

// visibleJSON spells what no terminal should be given as JSON does, which changes no
// value: all of it stands within strings.
func visibleJSON(text []byte) []byte {
	var b strings.Builder
	for _, c := range string(text) {
		switch {
		case c < 0x7f || report.Visible(string(c)) == string(c):
			b.WriteRune(c)
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	return []byte(b.String())
}

// inJSON is a text as it stands within a string of JSON.
func inJSON(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(text) != nil {
		return text
	}
	out := strings.TrimSuffix(b.String(), "\n")
	return string(visibleJSON([]byte(out[1 : len(out)-1])))
}

// quoted is a text as %q has it, without the quotes.
func quoted(text string) string {
	q := strconv.Quote(text)
	return q[1 : len(q)-1]
}

// A visibleWriter passes on what another program says on its standard error, lines as
// lines.
type visibleWriter struct{ to io.Writer }

// Write implements io.Writer.
func (w visibleWriter) Write(p []byte) (int, error) {
	lines := strings.Split(string(p), "\n")
	for i := range lines {
		cells := strings.Split(strings.TrimSuffix(lines[i], "\r"), "\t")
		for j := range cells {
			cells[j] = report.Visible(cells[j])
		}
		lines[i] = strings.Join(cells, "\t")
	}
	if _, err := io.WriteString(w.to, strings.Join(lines, "\n")); err != nil {
		return 0, err
	}
	return len(p), nil
}
