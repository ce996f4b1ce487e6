package ledger

import (
	"fmt"

	"github.com/medialift/medialift/bucket"
)

// A Match says whether an object is what a file was sent as.
type Match int

// The matches.
const (
	// Unsure: it is another version, which may hold the same bytes.
	Unsure Match = iota
	Same
	Other
)

// Match compares what a store says of an object with what was recorded when f had
// arrived; of Other it says why. A checksum that disagrees outweighs everything, and
// a strong one that agrees outweighs another ETag.
func (f File) Match(obj bucket.Object) (m Match, why string) {
	if obj.Size != f.Size {
		return Other, fmt.Sprintf("%d bytes, %d were sent", obj.Size, f.Size)
	}
	for algorithm, want := range bucket.ParseChecksum(f.Checksum) {
		switch is := obj.Checksums[algorithm]; {
		case is == "":
		case is != want:
			return Other, fmt.Sprintf("its %s is %s, that of what was sent %s", algorithm, is, want)
		case algorithm.Strong():
			return Same, ""
		}
	}
	if f.ETag != "" && obj.ETag == f.ETag {
		return Same, ""
	}
	return Unsure, ""
}
