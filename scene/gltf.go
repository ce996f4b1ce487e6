package scene

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// The beginning of a .glb: "glTF", version, length of the file, then the first
// chunk: its length, "JSON", its bytes. Numbers are little endian.
const (
	glbMagic  = "glTF"
	glbHeader = 20
)

// walkGLTF walks a .gltf, or the JSON chunk of a .glb, whose lengths it mends.
func walkGLTF(w io.Writer, r io.Reader, path string, visit visitor) error {
	in := bufio.NewReaderSize(r, maxToken)
	head, err := in.Peek(glbHeader)
	if err != nil && err != io.EOF {
		return fmt.Errorf("reading %s %q: %w", GLTF, path, err)
	}
	if !bytes.HasPrefix(head, []byte(glbMagic)) {
		return walkJSON(w, in, path, GLTF, visit)
	}
	broken := func(at int64, msg string) error { return &SyntaxError{path, GLTF, at, msg} }
	if len(head) < glbHeader {
		return broken(int64(len(head)), "it ends too early")
	}
	if version := binary.LittleEndian.Uint32(head[4:]); version != 2 {
		return broken(4, fmt.Sprintf("it has version %d of the binary form", version))
	}
	if string(head[16:20]) != "JSON" {
		return broken(16, "its first chunk is no JSON")
	}
	head = bytes.Clone(head)
	if _, err := in.Discard(glbHeader); err != nil {
		return fmt.Errorf("reading %s %q: %w", GLTF, path, err)
	}
	size := int64(binary.LittleEndian.Uint32(head[12:]))
	if w == nil {
		return walkChunk(nil, in, size, path, visit)
	}
	if size > maxChunk {
		return fmt.Errorf("rewriting %s %q: %w: its JSON has %d bytes", GLTF, path, ErrTooLarge, size)
	}
	var chunk bytes.Buffer
	if err := walkChunk(&chunk, in, size, path, visit); err != nil {
		return err
	}
	for int64(chunk.Len()) != size && chunk.Len()%4 != 0 {
		chunk.WriteByte(' ')
	}
	length := int64(binary.LittleEndian.Uint32(head[8:])) + int64(chunk.Len()) - size
	if length < 0 || length > math.MaxUint32 {
		return broken(8, "its length cannot be changed")
	}
	binary.LittleEndian.PutUint32(head[8:], uint32(length))
	binary.LittleEndian.PutUint32(head[12:], uint32(chunk.Len()))
	for _, part := range [][]byte{head, chunk.Bytes()} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	_, err = io.Copy(w, in)
	return err
}

// walkChunk walks the JSON of a .glb. What fills it up, by rights spaces, is
// copied as it is.
func walkChunk(w io.Writer, in io.Reader, size int64, path string, visit visitor) error {
	j := newWalker(w, io.LimitReader(in, size), path, GLTF, visit)
	j.shift = glbHeader
	if err := j.top(); err != nil {
		return err
	}
	for {
		if _, err := j.next(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	if got := j.base + int64(j.pos); got != size {
		return j.fail(j.pos, "it ends too early")
	}
	return nil
}
