// Package scene understands FiftyOne's .fo3d scenes: which files a scene needs,
// where they go so that a copy of the scene keeps finding them, and how to
// write new references into that copy without changing anything else.
//
// A scene is JSON that names meshes, point clouds, splats and background
// images; an .obj names .mtl files, an .mtl textures, a .gltf buffers and
// images. [Assets] follows all of these, [Layout] gives each file a key, and
// [Scene.Rewrite] and [RewriteFile] write the references that change.
//
// References are taken relative to the directory of the file that names them,
// as FiftyOne's App does; ".." is removed by text alone, as Python's abspath
// does and as keys in a bucket need it. References that are URLs are left alone.
// The files that an .fbx, .ply or .splat may name are not looked for.
package scene

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// A Kind says in which files references to other files are looked for, and how.
type Kind string

// The kinds of files.
const (
	Opaque   Kind = ""      // names no files, or none that are looked for
	Document Kind = "scene" // a .fo3d scene
	OBJ      Kind = "obj"   // names .mtl files in mtllib lines
	MTL      Kind = "mtl"   // names textures in map_Kd and such lines
	GLTF     Kind = "gltf"  // .gltf, or .glb, told apart by its first bytes
)

// An Asset is a reference to a file that a scene needs, itself or through
// another of its files.
type Asset struct {
	// Ref is the reference as written, JSON escapes removed. In a .gltf it is a
	// URI, with percent signs.
	Ref string
	// In is the path of the file that names it: of the scene or of an asset.
	In string
	// Path is where the file is on this machine. A reference made on Windows
	// that means nothing here stands as it is.
	Path string
	// Absolute tells that Ref does not depend on the directory of In.
	Absolute bool
	// Kind is the kind of the file at Path.
	Kind Kind
	// Name is what In calls it: "children[0].objPath", "mtllib", "map_Kd",
	// "buffers[1].uri".
	Name string
	// At is where Ref stands in In, in bytes from its beginning; in JSON it is
	// the place of the opening quote.
	At int64
}

// An Unread is an asset that could not be searched for further references:
// because it is missing (fs.ErrNotExist), unreadable, or not what it should be
// (a *SyntaxError). The files it names are not known.
type Unread struct {
	Path string
	Err  error
}

// A Scene is a .fo3d file that was read.
type Scene struct {
	// Path is where it was read from.
	Path string
	// Assets are the references to local files, the scene's own first, then
	// those of the files it names, and so on; each reference once a file.
	// The files are not looked at, unless for further references: some may be
	// missing, as are the textures beside FiftyOne's own exports.
	Assets []Asset
	// Unread are the assets that could not be followed.
	Unread []Unread

	text []byte
}

// Files are the paths of all assets, each once, sorted.
func (s *Scene) Files() []string {
	paths := map[string]bool{}
	for _, a := range s.Assets {
		paths[a.Path] = true
	}
	return slices.Sorted(maps.Keys(paths))
}

// An Opener opens a file by its path.
type Opener func(path string) (io.ReadCloser, error)

// Limits that no honest scene comes near.
const (
	maxScene  = 64 << 20  // bytes of a scene, which is kept
	maxChunk  = 256 << 20 // bytes of the JSON in a .glb that is rewritten
	maxDepth  = 1000      // arrays and objects within each other; Python ends at about as many
	maxAssets = 200_000   // references of one scene
	maxToken  = 32 << 10  // bytes of a reference, key or number in JSON; larger strings are no paths
	maxLine   = 64 << 10  // bytes of a line in an .obj or .mtl that names files
)

// ErrTooLarge is wrapped by errors about scenes beyond any sensible size: 64 MiB,
// 1000 levels of nesting, or 200,000 references.
var ErrTooLarge = errors.New("too large")

// A SyntaxError tells where a file is not what its name says.
type SyntaxError struct {
	Path   string
	Kind   Kind
	Offset int64 // in bytes
	Msg    string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s %q is broken at offset %d: %s", e.Kind, e.Path, e.Offset, e.Msg)
}

// Assets reads the scene at path and lists every local file it needs. Assets
// are opened only if they are .obj, .mtl, .gltf or .glb files, which are
// streamed, or if a reference has a backslash: then to see whether it stands for
// a slash. Only a scene that cannot be read is an error, a *SyntaxError if it is
// no JSON; for assets see Scene.Unread.
func Assets(open Opener, path string) (*Scene, error) {
	text, err := readScene(open, path)
	if err != nil {
		return nil, err
	}
	f := finder{open: open, scene: &Scene{Path: path, text: text}, seen: map[reference]bool{}}
	if err := f.run(); err != nil {
		return nil, err
	}
	return f.scene, nil
}

func readScene(open Opener, path string) ([]byte, error) {
	file, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("opening scene: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxScene+1))
	if err != nil {
		return nil, fmt.Errorf("reading scene %q: %w", path, err)
	}
	if len(text) > maxScene {
		return nil, fmt.Errorf("reading scene %q: %w: more than %d MiB", path, ErrTooLarge, maxScene>>20)
	}
	return text, nil
}
