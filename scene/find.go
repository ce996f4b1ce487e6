package scene

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// reference is what makes two mentions the same.
type reference struct {
	in, ref string
	kind    Kind
}

// finder collects what a scene needs, breadth first. A file is followed once,
// so that files which name each other do no harm.
type finder struct {
	open  Opener
	scene *Scene
	seen  map[reference]bool
}

func (f *finder) run() error {
	s := f.scene
	found, err := f.references(s.Path, Document, bytes.NewReader(s.text))
	if err != nil {
		return err
	}
	s.Assets = found
	followed := map[string]Kind{s.Path: Document}
	for i := 0; i < len(s.Assets); i++ {
		a := s.Assets[i]
		if a.Kind == Opaque || followed[a.Path] != Opaque {
			continue
		}
		followed[a.Path] = a.Kind
		found, err := f.follow(a)
		switch {
		case errors.Is(err, ErrTooLarge) && len(s.Assets)+len(found) > maxAssets:
			return err
		case err != nil:
			s.Unread = append(s.Unread, Unread{Path: a.Path, Err: err})
		default:
			s.Assets = append(s.Assets, found...)
		}
	}
	for i := range s.Assets { // a file named as two kinds is of the kind it was read as
		s.Assets[i].Kind = followed[s.Assets[i].Path]
	}
	return nil
}

// References lists what one file of a scene names, in the order of its text,
// each name once, or twice where it is named as two kinds of file. The file is
// streamed; open is called for path, and for others as Assets says.
func References(open Opener, path string, kind Kind) ([]Asset, error) {
	f := finder{open: open, scene: &Scene{Path: path}, seen: map[reference]bool{}}
	return f.follow(Asset{Path: path, Kind: kind})
}

func (f *finder) follow(a Asset) ([]Asset, error) {
	file, err := f.open(a.Path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", a.Kind, err)
	}
	defer func() { _ = file.Close() }()
	return f.references(a.Path, a.Kind, file)
}

// references lists what one file names, each name once.
func (f *finder) references(path string, kind Kind, r io.Reader) ([]Asset, error) {
	var found []Asset
	err := walk(nil, r, path, kind, func(a Asset) (string, bool, error) {
		mention := reference{path, a.Ref, a.Kind}
		if f.seen[mention] {
			return "", false, nil
		}
		f.seen[mention] = true
		a.Path = f.unslash(a, kind)
		if found = append(found, a); len(f.scene.Assets)+len(found) > maxAssets {
			return "", false, fmt.Errorf("finding the assets of scene %q: %w: more than %d", f.scene.Path, ErrTooLarge, maxAssets)
		}
		return "", false, nil
	})
	return found, err
}

// unslash is the path of an asset whose reference may have been written on
// Windows: with backslashes as slashes, if only that names a file.
func (f *finder) unslash(a Asset, in Kind) string {
	ref := a.Ref
	if in == GLTF {
		ref = unescape(ref)
	}
	if filepath.Separator != '/' || a.Absolute || !strings.Contains(ref, `\`) || f.exists(a.Path) {
		return a.Path
	}
	other, _ := resolve(a.In, strings.ReplaceAll(ref, `\`, "/"))
	if f.exists(other) {
		return other
	}
	return a.Path
}

func (f *finder) exists(path string) bool {
	file, err := f.open(path)
	if err != nil {
		return false
	}
	_ = file.Close()
	return true
}
