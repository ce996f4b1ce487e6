package localfile

import (
	"fmt"
	"os"
)

// Open opens a file for reading, if it is a regular one. What others wrote, such as a 3D
// scene, may name a pipe, which nobody may ever write to, or a device without an end.
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%q is not a regular file", path)
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}
