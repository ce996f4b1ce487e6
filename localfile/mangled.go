package localfile

import (
	"regexp"
)

// mangled is an absolute path with a URL in it that has lost one of its slashes.
// FiftyOne's Sample makes every filepath absolute and normal: what begins with no
// slash it takes for relative to the working directory (fiftyone.core.storage,
// normalize_path of the open-source library).
var mangled = regexp.MustCompile(mangledPattern)

const mangledPattern = `^(?:/.*?)??/(https?|s3|gs|az|minio):/+(.+)$`

// MangledMap is the --map that makes URLs of all paths that Mangled knows; in quotes,
// as a shell takes it.
const MangledMap = `'regexp:` + mangledPattern + `=${1}://${2}'`

// Mangled reports whether a stored path is a URL that FiftyOne took for a relative
// path, such as "/home/me/https:/host/1.jpg", and which URL that was.
func Mangled(stored string) (url string, ok bool) {
	m := mangled.FindStringSubmatch(stored)
	if m == nil {
		return "", false
	}
	return m[1] + "://" + m[2], true
}
