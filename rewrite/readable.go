package rewrite

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	urlHead     = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+)://`)
	schemeHead  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:`)
	windowsHead = regexp.MustCompile(`^([A-Za-z]:[\\/]|\\\\[^\\])`)
)

// unreadable says why FiftyOne could not read a path, or "" where it can. It
// reads absolute paths; the Enterprise SDK also URLs of s3, gs, Azure, MinIO and
// http, which it tells by their heads, lower case (FiftyOne Enterprise documentation,
// "Cloud-backed media").
func unreadable(path string, aliases []string) string {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	switch {
	case path == "":
		return "it is empty"
	case !utf8.ValidString(path):
		return "it is not UTF-8"
	case strings.ContainsFunc(path, control):
		return "it holds a control character"
	case strings.HasPrefix(path, "/"), windowsHead.MatchString(path):
		return ""
	}
	if head := urlHead.FindStringSubmatch(path); head != nil {
		return unreadableURL(head[1], path[len(head[0]):], aliases)
	}
	if head := schemeHead.FindString(path); head != "" {
		return fmt.Sprintf("it begins like a URL but not with %q", head+"//")
	}
	return "it is a relative path"
}

func unreadableURL(scheme, rest string, aliases []string) string {
	known := append([]string{"s3", "gs", "az", "minio", "http", "https"}, aliases...)
	if !slices.Contains(known, scheme) {
		return fmt.Sprintf("FiftyOne reads no %s:// (it reads %s)", scheme, strings.Join(known, ", "))
	}
	bucket, key, _ := strings.Cut(rest, "/")
	switch {
	case bucket == "":
		return "it is a URL without a bucket"
	case key == "":
		return "it names a bucket and no object"
	}
	return ""
}
