package clean

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// A digest stands for a path in memory, where millions may be held.
type digest [16]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:16])
}

// namedKey takes paths that differ by letter case or Unicode form for one, as some
// file systems do: better one file too many stays.
func namedKey(rel string) digest { return digestOf(norm.NFC.String(strings.ToLower(rel))) }

// stamp tells one state of a file from another, by all that the system says of it.
func (e entry) stamp() digest { return stampOf(e.path, e.info) }

func stampOf(rel string, info fs.FileInfo) digest {
	return digestOf(fmt.Sprintf("%s\x00%d\x00%v\x00%d\x00%s", rel, info.Size(), info.Mode().Type(), info.ModTime().UnixNano(), identity(info)))
}
