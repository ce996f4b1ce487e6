package open

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	schemeS3   = "s3"
	schemeFile = "file"
	schemeMem  = "mem"
)

// The patterns are read only.
var (
	schemeForm = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):(//)?`)
	// bucketForm is wider than today's rules: older buckets have such names.
	bucketForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$`)
)

// A Target is a URL taken apart.
type Target struct {
	// Scheme is "s3", "file" or "mem".
	Scheme string
	// Bucket is empty for "file".
	Bucket string
	// Prefix has no slash at either end. For "file" it is an absolute path
	// without the first slash.
	Prefix string
}

// Parse takes a URL or a path apart. Nothing in it is decoded: a key is written
// into a dataset as it is. It fails with ErrURL or ErrScheme, and looks at the
// working and the home directory to make a path absolute.
func Parse(rawURL string) (Target, error) {
	if rawURL == "" {
		return Target{}, fmt.Errorf("%w: it is empty", ErrURL)
	}
	m := schemeForm.FindStringSubmatch(rawURL)
	if m == nil || m[2] == "" && !known(m[1]) {
		return parsePath(rawURL)
	}
	scheme, rest := strings.ToLower(m[1]), rawURL[len(m[0]):]
	if m[2] == "" {
		form := scheme + "://" + strings.TrimLeft(rest, "/")
		if scheme == schemeFile {
			form = "file:///" + strings.TrimLeft(rest, "/")
		}
		return Target{}, fmt.Errorf("%w %q: a scheme is followed by two slashes: %s (a path of that name: ./%s)", ErrURL, rawURL, form, rawURL)
	}
	switch scheme {
	case schemeS3, schemeMem:
		return parseBucket(rawURL, scheme, rest)
	case schemeFile:
		return parseFile(rawURL, rest)
	}
	if known(scheme) {
		return Target{}, fmt.Errorf("%w: %q is not supported yet; use s3://bucket/prefix, file:///dir or a path", ErrScheme, scheme)
	}
	return Target{}, fmt.Errorf("%w %q: use s3://bucket/prefix, file:///dir or a path", ErrScheme, scheme)
}

// known tells the schemes that somebody may well mean.
func known(scheme string) bool {
	return slices.Contains([]string{schemeS3, schemeFile, schemeMem, "gs", "az", "https", "http", "minio"}, strings.ToLower(scheme))
}

func parseBucket(rawURL, scheme, rest string) (Target, error) {
	if strings.Contains(rest, "?") {
		return Target{}, fmt.Errorf("%w %q: options after a question mark are not known here", ErrURL, rawURL)
	}
	name, prefix, _ := strings.Cut(rest, "/")
	if scheme == schemeS3 && !bucketForm.MatchString(name) || name == "" {
		return Target{}, fmt.Errorf("%w %q: %q is not the name of a bucket: it has three characters or more, of letters, digits, dots and hyphens", ErrURL, rawURL, name)
	}
	prefix = strings.TrimRight(prefix, "/")
	for element := range strings.SplitSeq(prefix, "/") {
		if prefix != "" && (element == "" || element == "." || element == "..") {
			return Target{}, fmt.Errorf("%w %q: the prefix has the path element %q", ErrURL, rawURL, element)
		}
	}
	return Target{Scheme: scheme, Bucket: name, Prefix: prefix}, nil
}

func parseFile(rawURL, rest string) (Target, error) {
	path, ok := strings.CutPrefix(rest, "localhost/")
	if ok {
		path = "/" + path
	}
	switch {
	case !strings.HasPrefix(path, "/"):
		return Target{}, fmt.Errorf("%w %q: an absolute path follows the two slashes, three in all: file:///%s", ErrURL, rawURL, rest)
	case strings.ContainsAny(path, "%?#"):
		return Target{}, fmt.Errorf("%w %q: %%, ? and # mean something else in a URL; give the plain path instead", ErrURL, rawURL)
	}
	return parsePath(path)
}

func parsePath(path string) (Target, error) {
	if path == "~" || strings.HasPrefix(path, "~/") {
		home, err := os.UserHomeDir()
		if err != nil {
			return Target{}, fmt.Errorf("%w %q: %w", ErrURL, path, err)
		}
		path = filepath.Join(home, path[1:])
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return Target{}, fmt.Errorf("%w %q: %w", ErrURL, path, err)
	}
	return Target{Scheme: schemeFile, Prefix: strings.Trim(filepath.ToSlash(abs), "/")}, nil
}
