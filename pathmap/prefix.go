package pathmap

import (
	"context"
	"strings"
)

// A PrefixMap moves what is at or under From to the same place under To. It
// compares whole path elements: "/data" takes in "/data" and "/data/x", never
// "/database".
//
// From and To may be local paths, Windows paths (`C:\data`, "C:/data",
// `\\host\share`, `\\?\C:\data`) or URLs, with or without a slash at the end. As on
// Windows, the case of a drive letter, a server or a share does not matter; any
// other case does, since it lives on in keys. A From `\\host\share` also takes in
// "//host/share", which FiftyOne makes of it; a From "//host/share" is a path of
// Unix like any other. Slashes in a row count as one everywhere except
// in "://" and at the head of a UNC path, and "." and ".." are ordinary names.
// The answer takes To's separator, so `C:\data\x\y.png` may become
// "s3://b/x/y.png" and the other way round; a backslash in the name of a Unix
// file or of an object has no counterpart on Windows and is left in place.
//
// What is at or under To is already there, and Map answers with the path it was
// given. That is looked at first, so where From lies under To nothing ever
// changes; use [Regexp] to move files up in their own tree.
//
// With an empty From or To there is no answer for any path.
type PrefixMap struct {
	From, To string
}

// Prefix makes a [PrefixMap]. It takes any two strings; [Parse] is the one that
// refuses empty ones.
func Prefix(from, to string) Mapper { return PrefixMap{From: from, To: to} }

// Already says whether path is at or under To.
func (m PrefixMap) Already(path string) bool {
	_, ok := m.cut(path, m.To)
	return ok
}

// Matches says whether path is at or under From.
func (m PrefixMap) Matches(path string) bool {
	_, ok := m.rest(path)
	return ok
}

// Map answers with p.Path where it is already at or under To, with its place
// under To where it is at or under From, and with [ErrNoAnswer] elsewhere.
func (m PrefixMap) Map(_ context.Context, p Path) (string, error) {
	if m.Already(p.Path) {
		return p.Path, nil
	}
	rest, ok := m.rest(p.Path)
	if !ok {
		return "", ErrNoAnswer
	}
	to, windows := tidyBase(m.To)
	if rest != "" {
		// In a key every slash counts, in a file name those in a row are one; and
		// under a bare scheme the rest may begin with a slash, as "/x" does in
		// "file:///x" under "file://".
		if schemeLen(to) == 0 {
			rest = collapse(rest)
		}
		if schemeLen(to) == 0 || strings.HasSuffix(to, "/") || strings.HasSuffix(m.From, "://") {
			rest = strings.TrimLeft(rest, "/")
		}
		to = strings.TrimSuffix(to, "/") + "/" + rest
	}
	if isUNC(m.To) {
		if _, head := cutVerbatim(uncText(m.To)); head != "" {
			to = head + strings.TrimPrefix(to, "//")
		}
	}
	if windows && !isForward(m.To) {
		to = strings.ReplaceAll(to, "/", `\`)
	}
	return to, nil
}

// rest gives what follows From in path, tidied.
func (m PrefixMap) rest(path string) (rest string, ok bool) {
	if _, windows := tidy(m.From); windows && strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///") {
		path = `\\` + path[2:]
	}
	return m.cut(path, m.From)
}

// cut gives what follows base in path, tidied.
func (m PrefixMap) cut(path, base string) (rest string, ok bool) {
	if m.From == "" || m.To == "" {
		return "", false
	}
	text, _ := tidy(path)
	dir, _ := tidyBase(base)
	return under(text, dir)
}

// isForward says whether a Windows path is written with forward slashes.
func isForward(path string) bool {
	return strings.Contains(path, "/") && !strings.Contains(path, `\`)
}
