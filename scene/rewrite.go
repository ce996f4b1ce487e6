package scene

import (
	"bytes"
	"io"
)

// Rewrite returns the text of the scene with new references. newRef is asked
// for every reference to a local file, as often as it is written, and says
// false to leave one alone. All other bytes stay as they are.
func (s *Scene) Rewrite(newRef func(Asset) (ref string, ok bool)) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(s.text))
	if err := RewriteFile(&out, bytes.NewReader(s.text), s.Path, Document, newRef); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// RewriteFile copies a file of a scene from src to dst, like Scene.Rewrite. path
// is where the file is, which Asset.Path is made from without a look at the
// disk. A new reference in a .gltf must be a URI; one that an .obj or .mtl
// cannot hold is an error, and so is one that would change the others on its
// line. What dst has got before an error is worthless. Files are streamed, but
// for the JSON of a .glb, which may have 256 MiB.
func RewriteFile(dst io.Writer, src io.Reader, path string, kind Kind, newRef func(Asset) (ref string, ok bool)) error {
	return walk(dst, src, path, kind, func(a Asset) (string, bool, error) {
		ref, ok := newRef(a)
		return ref, ok, nil
	})
}
