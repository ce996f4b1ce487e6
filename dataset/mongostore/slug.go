package mongostore

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// longestName is the most characters that FiftyOne lets a name or slug have.
const longestName = 1551

// Slug is the form of a dataset's name that has to be unique too, or ErrName
// where FiftyOne would refuse the name (fiftyone.core.utils.to_slug).
func Slug(name string) (string, error) {
	if n := utf8.RuneCountInString(name); n < 1 || n > longestName {
		return "", fmt.Errorf("%w: %q has %d characters, not 1 to %d", ErrName, name, n, longestName)
	}
	var b strings.Builder
	hyphen := false
	for _, r := range name {
		switch {
		case strings.ContainsRune(" \t\n\r\v\f+_.-", r):
			hyphen = true
			continue
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		default:
			continue
		}
		if hyphen && b.Len() > 0 {
			b.WriteByte('-')
		}
		hyphen = false
		b.WriteRune(r)
	}
	if b.Len() == 0 {
		return "", fmt.Errorf("%w: nothing of %q is left as a slug, which keeps letters a to z and digits", ErrName, name)
	}
	return b.String(), nil
}

// near picks the names that name may have been meant to be, the likeliest
// first.
func near(name string, all []string) []string {
	type candidate struct {
		name string
		far  int
	}
	var found []candidate
	short := strings.ToLower(name)
	for _, other := range all {
		lower := strings.ToLower(other)
		far := distance(short, lower)
		if far <= max(1, len(short)/4) || len(short) > 2 && strings.Contains(lower, short) {
			found = append(found, candidate{other, far})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.far - b.far })
	var names []string
	for _, c := range found[:min(len(found), 3)] {
		names = append(names, c.name)
	}
	return names
}

// distance is how many bytes have to be put in, left out or changed to make b of
// a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
