package pathmap

import "strings"

// The spelling that paths are compared in: forward slashes only where the path
// is a Windows one (on Unix and in a URL a backslash is part of a name), and no
// two slashes in a row except those that open a UNC path. A URL stays as it is:
// in an object's key every slash counts. Nothing is cleaned beyond that: "." and
// ".." are names like any other.

// tidy gives path in that spelling and says whether it is a Windows path. Its
// results never mix up kinds: only a UNC path begins with two slashes, only a
// drive path with a letter and ":/", only a URL with a scheme and "://".
func tidy(path string) (text string, windows bool) {
	if schemeLen(path) > 0 {
		return path, false
	}
	switch {
	case isUNC(path):
		text, _ = cutVerbatim(uncText(path))
		return text, true
	case isDrive(path):
		if len(path) == 2 {
			return path + "/", true // "C:" stands for the whole drive
		}
		return collapse(slashed(path)), true
	}
	return collapse(path), false
}

// tidyBase is tidy for a directory: without the slash at its end, unless it is
// a root ("/", "C:/", "//", "s3://", "file:///"), which cannot do without.
func tidyBase(dir string) (text string, windows bool) {
	text, windows = tidy(dir)
	for len(text) > rootLen(text) && strings.HasSuffix(text, "/") {
		text = text[:len(text)-1]
	}
	return text, windows
}

// under says whether path is base or below it, and what follows base and its
// slash. Both must be tidy, and base by tidyBase.
func under(path, base string) (rest string, ok bool) {
	if len(path) < len(base) || schemeLen(path) != schemeLen(base) {
		return "", false
	}
	// Windows looks at no case in the name of a drive, a server or a share.
	head, root := path[:len(base)], volumeLen(base)
	if head[root:] != base[root:] || !equalFold(head[:root], base[:root]) {
		return "", false
	}
	rest = path[len(base):]
	switch {
	case rest == "" || strings.HasSuffix(base, "/"):
		return rest, true
	case rest[0] == '/':
		return rest[1:], true
	}
	return "", false
}

// volumeLen is the length of the drive, or the server and the share, that a tidy
// path begins with.
func volumeLen(tidied string) int {
	if isDrive(tidied) {
		return 2
	}
	if !strings.HasPrefix(tidied, "//") {
		return 0
	}
	server, rest, _ := strings.Cut(tidied[2:], "/")
	share, _, _ := strings.Cut(rest, "/")
	return min(len("//")+len(server)+len("/")+len(share), len(tidied))
}

// cutVerbatim takes off the head by which Windows is told to take a path as it
// stands: "//?/C:/x" is the drive's, "//?/UNC/host/share/x" the share's.
func cutVerbatim(unc string) (text, head string) {
	const verbatim, share = "//?/", "UNC"
	rest, ok := strings.CutPrefix(unc, verbatim)
	first, below, _ := strings.Cut(rest, "/")
	switch {
	case ok && equalFold(first, share):
		return "//" + below, verbatim + share + "/"
	case ok && len(rest) == 2 && isDrive(rest):
		return rest + "/", verbatim
	case ok && isDrive(rest):
		return rest, verbatim
	}
	return unc, "" // a share, a device or a volume's GUID
}

// uncText is a UNC path with single slashes, but two at its head.
func uncText(path string) string {
	return "//" + strings.TrimLeft(collapse(slashed(path)), "/")
}

// equalFold compares bytes, and looks at no case of ASCII letters.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && !(isLetter(a[i]) && a[i]|0x20 == b[i]|0x20) {
			return false
		}
	}
	return true
}

// rootLen is the length of the part of a tidy path that names no file: the
// scheme, the drive, the leading slashes.
func rootLen(tidied string) int {
	n := schemeLen(tidied)
	if n == 0 && isDrive(tidied) {
		n = 2
	}
	for n < len(tidied) && tidied[n] == '/' {
		n++
	}
	return n
}

// schemeLen is the length of "scheme://" at the head of path, 0 where there is
// none. One letter is a drive and never a scheme.
func schemeLen(path string) int {
	n := strings.Index(path, "://")
	if n < 2 || !isLetter(path[0]) {
		return 0
	}
	for i := 1; i < n; i++ {
		c := path[i]
		if !isLetter(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return 0
		}
	}
	return n + len("://")
}

func isDrive(path string) bool {
	return len(path) >= 2 && isLetter(path[0]) && path[1] == ':' &&
		(len(path) == 2 || path[2] == '\\' || path[2] == '/')
}

func isUNC(path string) bool { return strings.HasPrefix(path, `\\`) }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func slashed(path string) string { return strings.ReplaceAll(path, `\`, "/") }

// collapse makes one slash of several in a row.
func collapse(path string) string {
	if !strings.Contains(path, "//") {
		return path
	}
	var b strings.Builder
	b.Grow(len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '/' || i == 0 || path[i-1] != '/' {
			b.WriteByte(path[i])
		}
	}
	return b.String()
}
