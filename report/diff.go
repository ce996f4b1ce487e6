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
func diffOf(before, after string) diff {
	if before == after {
		return diff{Before: before}
	}
	n := 0
	for n < min(len(before), len(after)) && before[n] == after[n] {
		n++
	}
	n = strings.LastIndexAny(before[:n], `/\`) + 1
	end := 0
	for end < min(len(before), len(after))-n && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	end = atElement(before, after, end)
	return diff{Before: before[:n], Old: before[n : len(before)-end], New: after[n : len(after)-end], After: before[len(before)-end:]}
}

// atElement shortens the end that two paths share to one that begins with an
// element, or with an extension, or else with a character.
func atElement(before, after string, end int) int {
	tail := before[len(before)-end:]
	whole := func(s string) bool { return end == len(s) || strings.ContainsRune(`/\`, rune(s[len(s)-end-1])) }
	if end > 0 && whole(before) && whole(after) {
		return end
	}
	if i := strings.IndexAny(tail, `/\`); i >= 0 {
		return end - i
	}
	if i := strings.LastIndexByte(tail, '.'); i >= 0 {
		return end - i
	}
	for end > 0 && !begins(before[len(before)-end:]) {
		end--
	}
	return end
}

// begins tells whether a text begins with a character of its own.
func begins(s string) bool {
	c, _ := utf8.DecodeRuneInString(s)
	return utf8.RuneStart(s[0]) && !unicode.Is(unicode.M, c)
}
