package open

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	schemeS3    = "s3"
	schemeGS    = "gs"
	schemeAz    = "az"
	schemeMinIO = "minio"
	schemeHTTP  = "http"
	schemeHTTPS = "https"
	schemeFile  = "file"
	schemeMem   = "mem"
	// forms are what is asked for instead of something else.
	forms = "s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, https://ACCOUNT.blob.core.windows.net/container/prefix, minio://bucket/prefix, file:///dir or a path"
)

// The patterns are read only.
var (
	schemeForm = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):(//)?`)
	// bucketForm is wider than today's rules: older buckets have such names.
	bucketForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$`)
	containerForm = regexp.MustCompile(`^(\$web|[a-z0-9][a-z0-9-]{2,62})$`)
	azureHost     = regexp.MustCompile(`^[a-z0-9-]+(\.z[0-9]+)?\.blob\.[a-z0-9.-]+(:[0-9]+)?$`)
)

// A Target is a URL taken apart.
type Target struct {
	// Scheme is "s3", "gs", "az", "https", "http", "minio", "file" or "mem".
	Scheme string
	// Bucket is empty for "file", but on Windows, where it is the volume: "C:", or
	// "//server/share". For "https" and "http", which are Azure's, it
	// is all between the two slashes and the prefix, a container at its end.
	Bucket string
	// Prefix has no slash at either end. For "file" it is an absolute path
	// without the volume and the first slash.
	Prefix string
}

// Dir is the directory of a "file" target: an absolute path with slashes.
func (t Target) Dir() string { return t.Bucket + "/" + t.Prefix }

// Parse takes a URL or a path apart. Nothing in it is decoded: a key is written
// into a dataset as it is. It fails with ErrURL or ErrScheme, and looks at the
// working and the home directory to make a path absolute, and for a scheme that is
// not known at FiftyOne's settings, where it may be an alias of az or minio.
func Parse(rawURL string) (Target, error) {
	if rawURL == "" {
		return Target{}, fmt.Errorf("%w: it is empty", ErrURL)
	}
	m := schemeForm.FindStringSubmatch(rawURL)
	if m == nil || m[2] == "" && !known(m[1]) {
		return parsePath(rawURL)
	}
	scheme, rest := strings.ToLower(m[1]), rawURL[len(m[0]):]
	if !known(scheme) {
		if of, ok := schemeOfAlias(m[1]); ok {
			scheme = of
		}
	}
	if m[2] == "" {
		form := scheme + "://" + strings.TrimLeft(rest, "/")
		if scheme == schemeFile {
			form = "file:///" + strings.TrimLeft(rest, "/")
		}
		return Target{}, fmt.Errorf("%w %q: a scheme is followed by two slashes: %s (a path of that name: ./%s)", ErrURL, shown(rawURL), form, rawURL)
	}
	switch scheme {
	case schemeS3, schemeGS, schemeMinIO:
		return parseBucket(rawURL, scheme, rest, bucketForm)
	case schemeAz:
		return parseBucket(rawURL, scheme, rest, containerForm)
	case schemeMem:
		return parseBucket(rawURL, scheme, rest, nil)
	case schemeHTTP, schemeHTTPS:
		return parseAzure(scheme, rest)
	case schemeFile:
		return parseFile(rawURL, rest)
	}
	return Target{}, fmt.Errorf("%w %q: use %s", ErrScheme, scheme, forms)
}

// known tells the schemes that somebody may well mean.
func known(scheme string) bool {
	return slices.Contains([]string{
		schemeS3, schemeGS, schemeAz, schemeMinIO, schemeHTTPS, schemeHTTP, schemeFile, schemeMem,
	}, strings.ToLower(scheme))
}

// parseBucket takes apart what follows scheme://. A nil form takes any name.
func parseBucket(rawURL, scheme, rest string, form *regexp.Regexp) (Target, error) {
	if strings.Contains(rest, "?") {
		return Target{}, fmt.Errorf("%w %q: options after a question mark are not known here", ErrURL, shown(rawURL))
	}
	name, prefix, _ := strings.Cut(rest, "/")
	if form != nil && !form.MatchString(name) || name == "" {
		what := "bucket: it has three characters or more, of letters, digits, dots and hyphens"
		if form == containerForm {
			what = "container: it has three characters or more, of lower-case letters, digits and hyphens"
		}
		said := name
		if shown(rawURL) != rawURL {
			said = "…"
		}
		return Target{}, fmt.Errorf("%w %q: %q is not the name of a %s", ErrURL, shown(rawURL), said, what)
	}
	prefix = strings.TrimRight(prefix, "/")
	if element, bad := badElement(prefix); bad {
		return Target{}, fmt.Errorf("%w %q: the prefix has the path element %q", ErrURL, shown(rawURL), element)
	}
	return Target{Scheme: scheme, Bucket: name, Prefix: prefix}, nil
}

// shown is what an error repeats of a URL: no user and password, and nothing after a
// question mark, which may be a token.
func shown(rawURL string) string {
	scheme, rest, found := strings.Cut(rawURL, "://")
	if !found {
		return rawURL
	}
	authority, _, _ := strings.Cut(rest, "/")
	if strings.ContainsAny(authority, "@:?#%") && strings.Contains(rest, "@") {
		return scheme + "://…" + rest[strings.LastIndexByte(rest, '@'):]
	}
	if path, token, found := strings.Cut(rest, "?"); found && token != "" {
		return scheme + "://" + path + "?…"
	}
	return rawURL
}

func badElement(prefix string) (string, bool) {
	for element := range strings.SplitSeq(prefix, "/") {
		if prefix != "" && (element == "" || element == "." || element == "..") {
			return element, true
		}
	}
	return "", false
}

// parseAzure takes apart https://ACCOUNT.blob.core.windows.net/container/prefix,
// or http://127.0.0.1:10000/ACCOUNT/container/prefix of an emulator. It repeats
// nothing after a question mark: that may be a token.
func parseAzure(scheme, rest string) (Target, error) {
	rest, token, _ := strings.Cut(rest, "?")
	full := scheme + "://" + rest
	host, path, _ := strings.Cut(rest, "/")
	switch {
	case scheme == schemeHTTPS && azureHost.MatchString(strings.ToLower(host)):
		host = strings.ToLower(host)
	case isLocal(host):
		account, container, _ := strings.Cut(path, "/")
		host, path = host+"/"+account, container
	default:
		return Target{}, fmt.Errorf("%w: %q is no place in Azure Blob Storage; use %s", ErrScheme, shown(full), forms)
	}
	if token != "" {
		return Target{}, fmt.Errorf("%w %q: a token is not part of the URL: set AZURE_STORAGE_SAS_TOKEN", ErrURL, shown(full))
	}
	t, err := parseBucket(full, scheme, path, containerForm)
	if err != nil {
		return Target{}, err
	}
	if strings.ContainsAny(t.Prefix, "%#") {
		return Target{}, fmt.Errorf("%w %q: %% and # mean something else in an https URL", ErrURL, shown(full))
	}
	t.Bucket = host + "/" + t.Bucket
	return t, nil
}

// isLocal tells an address, with a port or without, from a name.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost" || net.ParseIP(host) != nil
}

func parseFile(rawURL, rest string) (Target, error) {
	path, ok := strings.CutPrefix(rest, "localhost/")
	if ok {
		path = "/" + path
	}
	switch {
	case !strings.HasPrefix(path, "/"):
		return Target{}, fmt.Errorf("%w %q: an absolute path follows the two slashes, three in all: file:///%s", ErrURL, shown(rawURL), rest)
	case strings.ContainsAny(path, "%?#"):
		return Target{}, fmt.Errorf("%w %q: %%, ? and # mean something else in a URL; give the plain path instead", ErrURL, shown(rawURL))
	}
	if filepath.VolumeName(path[1:]) != "" { // file:///C:/dir, on Windows alone
		path = path[1:]
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
	volume := filepath.VolumeName(abs)
	return Target{Scheme: schemeFile, Bucket: filepath.ToSlash(volume), Prefix: strings.Trim(filepath.ToSlash(abs[len(volume):]), "/")}, nil
}
