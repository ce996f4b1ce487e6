package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A diff is what two texts have in common before and after their middles.
type diff struct{ Before, Old, New, After string }

// diffOf compares two paths, by whole elements where that leaves something in
// common: "data/1.png" and "s3://b/1.png" end alike in "/1.png", not in "a/1.png".
func diffOf(old, new string) diff {
	if old == new {
		return diff{Before: old}
	}
	n := 0
	for n < min(len(old), len(new)) && old[n] == new[n] {
		n++
	}
	n = strings.LastIndexAny(old[:n], `/\`) + 1
	end := 0
	for end < min(len(old), len(new))-n && old[len(old)-1-end] == new[len(new)-1-end] {
		end++
	}
	end = atElement(old, new, end)
	return diff{Before: old[:n], Old: old[n : len(old)-end], New: new[n : len(new)-end], After: old[len(old)-end:]}
}

// atElement shortens the end that two paths share to one that begins with an
// element, or with an extension, or else with a character.
func atElement(old, new string, end int) int {
	tail := old[len(old)-end:]
	whole := func(s string) bool { return end == len(s) || strings.ContainsRune(`/\`, rune(s[len(s)-end-1])) }
	if end > 0 && whole(old) && whole(new) {
		return end
	}
	if i := strings.IndexAny(tail, `/\`); i >= 0 {
		return end - i
	}
	if i := strings.LastIndexByte(tail, '.'); i >= 0 {
		return end - i
	}
	for end > 0 && !begins(old[len(old)-end:]) {
		end--
	}
	return end
}

// begins tells whether a text begins with a character of its own.
func begins(s string) bool {
	c, _ := utf8.DecodeRuneInString(s)
	return utf8.RuneStart(s[0]) && !unicode.Is(unicode.M, c)
}
