package scene

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Options say how Layout places what is not the scene's alone.
type Options struct {
	// Place is the key of a local file, if that depends on nothing but the
	// file, such as that of a file below the directory that an upload starts
	// from. It is asked first. Where it answers, scenes share the file.
	Place func(path string) (key string, ok bool)
	// Elsewhere is the key below which files go that Place does not know and
	// that lie outside the scene's directory; "" is the top. Scenes that have
	// it in common share these files.
	Elsewhere string
}

// A Placed is a file of a scene, or the scene, and the key it goes to.
type Placed struct {
	Path string
	Key  string
	Kind Kind
	// Refs are the references in the file that must change, as written, and
	// what to write instead. A file without is sent as it is.
	Refs map[string]string
}

// NewRef is the newRef of Scene.Rewrite and RewriteFile.
func (p Placed) NewRef(a Asset) (ref string, ok bool) {
	ref, ok = p.Refs[a.Ref]
	return ref, ok
}

// Errors of Layout.
var (
	// ErrKey: a key has "//", ".", ".." or a slash at an end: no reference could be made from it.
	ErrKey = errors.New("no clean key")
	// ErrShared: two files would have one key.
	ErrShared = errors.New("two files with one key")
	// ErrUnwritable: an .obj or .mtl has no way to write a reference, such as one that ends in a space.
	ErrUnwritable = errors.New("reference cannot be written")
)

// Layout decides where the files of a scene go, the scene itself having a key:
//
//   - where opts.Place says, if it knows the file;
//   - beside the scene, if the file is below its directory: with the same path
//     from the scene's key as from the scene;
//   - where [Apart] says, if not.
//
// A reference that names the right key as it stands is left alone, any other
// becomes a relative one. The result depends on nothing but the arguments, and
// not on the order of s.Assets; what must not be sent, such as missing files, is
// to be taken from there before, and its references will stay as they are.
//
// The first and third rule give a file the same key for every scene. The second
// does while keys of scenes mirror their paths; where they do not, as in flat
// layouts, give a Place that calls Apart. A file that names others must not get
// its key from its bytes: equal ones may name different neighbours.
//
// The first Placed is the scene; the others follow by path.
func Layout(s *Scene, key string, opts Options) ([]Placed, error) {
	if !isKey(key) {
		return nil, fmt.Errorf("placing scene %q: %w: %q", s.Path, ErrKey, key)
	}
	l := layout{files: map[string]*Placed{}, owner: map[string]string{key: s.Path}}
	l.files[s.Path] = &Placed{Path: s.Path, Key: key, Kind: Document}
	assets := slices.Clone(s.Assets)
	slices.SortFunc(assets, func(a, b Asset) int {
		return strings.Compare(a.Path+"\x00"+a.In+"\x00"+a.Ref, b.Path+"\x00"+b.In+"\x00"+b.Ref)
	})
	for _, a := range assets {
		if err := l.place(a, s.Path, key, opts); err != nil {
			return nil, err
		}
	}
	for _, a := range assets {
		if err := l.refer(a); err != nil {
			return nil, err
		}
	}
	out := []Placed{*l.files[s.Path]}
	for _, a := range assets {
		if out[len(out)-1].Path != a.Path && a.Path != s.Path {
			out = append(out, *l.files[a.Path])
		}
	}
	return out, nil
}

// layout is the work of Layout.
type layout struct {
	files map[string]*Placed // by path
	owner map[string]string  // key → path
}

func (l *layout) place(a Asset, scenePath, sceneKey string, opts Options) error {
	if known := l.files[a.Path]; known != nil {
		if known.Kind == Opaque {
			known.Kind = a.Kind
		}
		return nil
	}
	key, placed := "", false
	if opts.Place != nil {
		key, placed = opts.Place(a.Path)
	}
	if !placed {
		if rel, inside := below(filepath.Dir(scenePath), a.Path); inside {
			key = path.Join(path.Dir(sceneKey), rel)
		} else {
			key = Apart(opts.Elsewhere, a.Path)
		}
	}
	if !isKey(key) {
		return fmt.Errorf("placing asset %q: %w: %q", a.Path, ErrKey, key)
	}
	if other, taken := l.owner[key]; taken {
		return fmt.Errorf("placing assets: %w: %q and %q both go to %q", ErrShared, other, a.Path, key)
	}
	l.owner[key] = a.Path
	l.files[a.Path] = &Placed{Path: a.Path, Key: key, Kind: a.Kind}
	return nil
}

func (l *layout) refer(a Asset) error {
	in, target := l.files[a.In], l.files[a.Path]
	if in == nil { // taken away: it is not sent
		return nil
	}
	ref, err := Refer(in.Kind, in.Key, a.Ref, target.Key)
	if err != nil {
		return fmt.Errorf("placing asset %q: %w in %s %q", a.Path, err, in.Kind, a.In)
	}
	if ref == a.Ref {
		return nil
	}
	if in.Refs == nil {
		in.Refs = map[string]string{}
	}
	in.Refs[a.Ref] = ref
	return nil
}

// Refer is what names the key to in a file of the given kind at the key from:
// ref itself where that does, as it stands, or else a relative reference. It
// fails with ErrUnwritable where such a file has no way to write it. The name of
// from, other than its directory, does not matter.
func Refer(kind Kind, from, ref, to string) (string, error) {
	if key, ok := Resolve(kind, from, ref); ok && key == to {
		return ref, nil
	}
	fresh, ok := relative(kind, from, to)
	if !ok {
		return "", fmt.Errorf("%w: %q", ErrUnwritable, fresh)
	}
	return fresh, nil
}

// Apart is a key for a file that has no place of its own: below prefix, its
// name in a directory named after a hash of the directory it is in. It depends
// on nothing but the path. Files of one directory stay together, so that an .obj
// beside its .mtl need not be rewritten; the path does not show.
func Apart(prefix, file string) string {
	cut := strings.LastIndexAny(file, `/\`) + 1
	sum := sha256.Sum256([]byte(file[:cut]))
	name := file[cut:]
	if name == "" || name == "." || name == ".." {
		name = "_" + name
	}
	return path.Join(prefix, hex.EncodeToString(sum[:8]), name)
}

// below is the slash path of a file from a directory, if it is inside.
func below(dir, file string) (rel string, ok bool) {
	if filepath.IsAbs(dir) != filepath.IsAbs(file) || isAbs(file) != filepath.IsAbs(file) {
		return "", false
	}
	rel, err := filepath.Rel(dir, file)
	if err != nil {
		return "", false
	}
	rel = filepath.ToSlash(rel)
	return rel, rel != "." && rel != ".." && !strings.HasPrefix(rel, "../")
}

// isKey tells keys that relative references can be made from and lead to.
func isKey(key string) bool {
	return key != "" && key != "." && key != ".." && path.Clean(key) == key &&
		!strings.HasPrefix(key, "/") && !strings.HasPrefix(key, "../")
}
