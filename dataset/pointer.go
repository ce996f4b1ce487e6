package dataset

import (
	"iter"
	"strconv"
	"strings"
)

// A Pointer says where in a document a value stands, as an RFC 6901 JSON
// pointer: "/ground_truth/detections/3/mask_path". Keys may hold dots, slashes
// or nothing at all; an element of an array is named by its index.
type Pointer string

var (
	pointerEscape   = strings.NewReplacer("~", "~0", "/", "~1")
	pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// Key returns p extended by a document key.
func (p Pointer) Key(key string) Pointer {
	if strings.ContainsAny(key, "~/") {
		key = pointerEscape.Replace(key)
	}
	return p + "/" + Pointer(key)
}

// Index returns p extended by an array index.
func (p Pointer) Index(i int) Pointer { return p + "/" + Pointer(strconv.Itoa(i)) }

// Steps iterates over p's keys and indexes, unescaped, outermost first.
func (p Pointer) Steps() iter.Seq[string] {
	return func(yield func(string) bool) {
		rest, ok := strings.CutPrefix(string(p), "/")
		for ok {
			var step string
			step, rest, ok = strings.Cut(rest, "/")
			if strings.Contains(step, "~") {
				step = pointerUnescape.Replace(step)
			}
			if !yield(step) {
				return
			}
		}
	}
}
