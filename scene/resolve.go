package scene

import (
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Resolve is the key that a reference names which stands in the file at
// fileKey, a file of the given kind. It is false for what does not depend on
// fileKey (URLs, absolute paths), for nothing, and for what climbs out at the
// top.
func Resolve(kind Kind, fileKey, ref string) (key string, ok bool) {
	if !isLocal(ref) {
		return "", false
	}
	if kind == GLTF {
		ref = unescape(ref)
	}
	if ref == "" || isAbs(ref) {
		return "", false
	}
	key = path.Join(path.Dir(fileKey), ref)
	return key, key != "." && key != ".." && !strings.HasPrefix(key, "../") && !strings.HasPrefix(key, "/")
}

// resolve is the local path that a reference in a file names, percent escapes
// removed.
func resolve(in, ref string) (local string, absolute bool) {
	switch {
	case filepath.IsAbs(ref):
		return filepath.Clean(ref), true
	case isAbs(ref):
		return ref, true
	}
	return filepath.Join(filepath.Dir(in), filepath.FromSlash(ref)), false
}

// isAbs knows absolute paths of all systems.
func isAbs(p string) bool {
	if strings.HasPrefix(p, "/") || strings.HasPrefix(p, `\\`) || filepath.IsAbs(p) {
		return true
	}
	return len(p) > 2 && isLetter(p[0]) && p[1] == ':' && (p[2] == '/' || p[2] == '\\')
}

// isLocal tells what may name a file from URLs and inline data.
func isLocal(ref string) bool {
	scheme, rest, found := strings.Cut(ref, ":")
	if !found || !isScheme(scheme) {
		return ref != ""
	}
	return !strings.HasPrefix(rest, "//") && !strings.EqualFold(scheme, "data")
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// unescape removes the percent escapes of a URI. A percent sign that begins
// none stands for itself: not every exporter escapes.
func unescape(uri string) string {
	if !strings.Contains(uri, "%") {
		return uri
	}
	out := make([]byte, 0, len(uri))
	for i := 0; i < len(uri); i++ {
		if uri[i] == '%' && i+2 < len(uri) && hexValue(uri[i+1]) >= 0 && hexValue(uri[i+2]) >= 0 {
			out = append(out, byte(hexValue(uri[i+1])<<4|hexValue(uri[i+2])))
			i += 2
			continue
		}
		out = append(out, uri[i])
	}
	return string(out)
}

// escape makes a relative path a URI. Letters of all scripts stay, as glTF
// allows.
func escape(p string) string {
	const hex = "0123456789ABCDEF"
	var out []byte
	for i := 0; i < len(p); {
		r, size := utf8.DecodeRuneInString(p[i:])
		c := p[i]
		switch {
		case r >= utf8.RuneSelf && (r != utf8.RuneError || size > 1):
			out = append(out, p[i:i+size]...)
		case isLetter(c), c >= '0' && c <= '9', strings.IndexByte("/-._~!$&'()*+,;=@", c) >= 0:
			out = append(out, c)
		default:
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
		i += size
	}
	return string(out)
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// relative is a reference to key for a file of the given kind at fileKey, both
// clean. It is false if that kind of file cannot hold it.
func relative(kind Kind, fileKey, key string) (ref string, ok bool) {
	from := strings.Split(fileKey, "/")
	from = from[:len(from)-1]
	to := strings.Split(key, "/")
	same := 0
	for same < len(from) && same < len(to)-1 && from[same] == to[same] {
		same++
	}
	ref = strings.Repeat("../", len(from)-same) + strings.Join(to[same:], "/")
	switch {
	case kind == GLTF:
		ref = escape(ref)
	case !isLocal(ref), isAbs(ref), strings.IndexByte("- \t\v\f\r", ref[0]) >= 0:
		ref = "./" + ref // so that it is no URL, no drive, no option and no gap
	}
	return ref, fits(kind, ref)
}

// fits tells whether a line of a file can name ref and nothing else.
func fits(kind Kind, ref string) bool {
	var line string
	switch kind {
	case OBJ:
		line = "mtllib " + ref + "\n"
	case MTL:
		line = "map_Kd " + ref + "\n"
	default:
		return true
	}
	_, spans := lineSpans(kind, []byte(line))
	return len(spans) == 1 && spans[0].of([]byte(line)) == ref && strings.Count(line, "\n") == 1
}
