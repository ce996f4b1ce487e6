package inuse

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Dir is a directory below which files may be in use. It is for one goroutine.
type Dir struct {
	given, real string
	info        fs.FileInfo
	// parents are what directories of paths lead through, as they were found.
	parents map[string]route
}

// remembered bounds the memory that directories of paths take.
const remembered = 20_000

// hops is how many symbolic links a path may lead through, as in Linux.
const hops = 40

// NewDir makes a Dir of a directory that is there.
func NewDir(dir string) (*Dir, error) {
	given, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding directory %q: %w", dir, err)
	}
	d := &Dir{given: given, parents: map[string]route{}}
	if d.real, err = filepath.EvalSymlinks(given); err != nil {
		return nil, fmt.Errorf("finding directory: %w", err)
	}
	if d.info, err = os.Stat(d.real); err != nil {
		return nil, fmt.Errorf("finding directory: %w", err)
	}
	return d, nil
}

// Path is the directory without symbolic links.
func (d *Dir) Path() string { return d.real }

// Names are the directory as it was given and, where that differs, without symbolic
// links.
func (d *Dir) Names() []string {
	return slices.Compact([]string{d.given, d.real})
}

// Inside reports whether a path leads to d or below it, or through something that
// is below it.
func (d *Dir) Inside(file string) bool {
	list, _ := d.through(file)
	return len(list) > 0 || d.Is(file)
}

// Is reports whether dir is this very directory.
func (d *Dir) Is(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && os.SameFile(info, d.info)
}

// A route is what a path leads through: symbolic links by their own places, and
// where it ends.
type route struct {
	rels []string // below the directory
	end  string   // the last place, which has no symbolic links in it
	base string   // where end is below the directory; "." for itself
	in   bool     // end is the directory, or below it
	gone bool     // nothing is there
}

// through lists what below d a path leads through: the file, and links on the way.
func (d *Dir) through(file string) (rels []string, there bool) {
	if !filepath.IsAbs(file) {
		return nil, false
	}
	if rel, ok := d.lexical(filepath.Clean(file)); ok {
		rels = append(rels, rel)
	}
	// With symbolic links, ".." does not mean what it says.
	dir, name := filepath.Split(strings.TrimRight(file, string(filepath.Separator)))
	if name == "" || name == "." || name == ".." {
		return rels, false
	}
	parent := d.parent(dir)
	rels = append(rels, parent.rels...)
	if parent.in {
		rels = append(rels, join(parent.base, name))
	}
	full := filepath.Join(parent.end, name)
	info, err := os.Lstat(full)
	if err != nil {
		return distinct(rels), false
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		end := d.follow(full)
		rels, there = append(rels, end.rels...), !end.gone
		if end.in && end.base != "." {
			rels = append(rels, end.base)
		}
		return distinct(rels), there
	}
	return distinct(rels), true
}

func distinct(rels []string) []string {
	if len(rels) < 2 {
		return rels
	}
	slices.Sort(rels)
	return slices.Compact(rels)
}

// parent is the route of a directory, which many files have in common.
func (d *Dir) parent(dir string) route {
	r, known := d.parents[dir]
	if !known {
		r = d.follow(dir)
		if len(d.parents) >= remembered {
			clear(d.parents)
		}
		d.parents[dir] = r
	}
	return r
}

// follow takes a path element by element.
func (d *Dir) follow(path string) (r route) {
	root := filepath.VolumeName(path) + string(filepath.Separator)
	at, rest, links := root, elements(path), 0
	for len(rest) > 0 && !r.gone {
		next := rest[0]
		rest = rest[1:]
		switch next {
		case "", ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		full := filepath.Join(at, next)
		info, err := os.Lstat(full)
		switch {
		case err != nil || links > hops:
			r.gone = true
			at = filepath.Join(append([]string{full}, rest...)...)
		case info.Mode()&fs.ModeSymlink == 0:
			at = full
		default:
			links++
			if rel, ok := d.locate(at); ok {
				r.rels = append(r.rels, join(rel, next))
			}
			target, err := os.Readlink(full)
			if err != nil {
				r.gone = true
				continue
			}
			if filepath.IsAbs(target) {
				at = filepath.VolumeName(target) + string(filepath.Separator)
			}
			rest = append(elements(target), rest...)
		}
	}
	r.end = at
	r.base, r.in = d.locate(at)
	return r
}

func elements(path string) []string {
	return strings.Split(strings.TrimPrefix(path, filepath.VolumeName(path)), string(filepath.Separator))
}

// locate tells where a place without symbolic links is below d, which may be
// mounted there too, or be spelled in another letter case.
func (d *Dir) locate(place string) (rel string, ok bool) {
	if rel, ok := relative(d.real, place); ok {
		return rel, true
	}
	for below := "."; ; {
		if d.Is(place) {
			return below, true
		}
		up := filepath.Dir(place)
		if up == place {
			return "", false
		}
		below = join(filepath.Base(place), below)
		place = up
	}
}

func (d *Dir) lexical(file string) (string, bool) {
	for _, dir := range d.Names() {
		if rel, ok := relative(dir, file); ok && rel != "." {
			return rel, true
		}
	}
	return "", false
}

// relative is the path of a file from a directory, with slashes, if it is that or
// inside.
func relative(dir, file string) (string, bool) {
	rel, err := filepath.Rel(dir, file)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// join is a slash path; "." is the directory itself.
func join(base, name string) string {
	switch {
	case base == ".":
		return filepath.ToSlash(name)
	case name == ".":
		return filepath.ToSlash(base)
	}
	return filepath.ToSlash(base) + "/" + filepath.ToSlash(name)
}
