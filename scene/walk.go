package scene

import (
	"io"
)

// visitor is told every reference to a local file, in the order of the text,
// and may return another to write in its place. An error ends the walk.
type visitor func(Asset) (ref string, replace bool, err error)

// walk reads a file of any kind, tells visit its references, and copies it to
// w, unless that is nil, with those references replaced. The bytes around them
// stay what they are.
func walk(w io.Writer, r io.Reader, path string, kind Kind, visit visitor) error {
	switch kind {
	case Document:
		return walkJSON(w, r, path, kind, visit)
	case GLTF:
		return walkGLTF(w, r, path, visit)
	case OBJ, MTL:
		return lines(w, r, path, kind, visit)
	}
	if w == nil {
		return nil
	}
	_, err := io.Copy(w, r)
	return err
}
