// Package localfile finds the file that a stored media path names.
//
// What stands in a dataset is text: it may be relative to the export, spelled
// in the other Unicode normal form than the directory entry, a Windows path on
// another system, or a URL. A [Resolver] says which file on this machine it
// means, or in an [Error] why there is none. It only looks, and follows
// symbolic links as a reader would.
package localfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

var (
	scheme  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	windows = regexp.MustCompile(`^([A-Za-z]:[\\/]|\\\\)`)
)

// IsRemote tells whether a stored path is a URL, which names no local file.
func IsRemote(stored string) bool {
	return strings.Contains(stored, "://") && scheme.MatchString(stored)
}

// IsAbsolute tells whether a stored path does not depend on any directory, on
// this system or on another one: a URL, a path from the root, a drive or a share.
func IsAbsolute(stored string) bool {
	return IsRemote(stored) || strings.HasPrefix(stored, "/") || windows.MatchString(stored)
}

// IsForeign tells whether a stored path is one of Windows (a drive, a share) and
// this machine is not: it names no file here, least of all a relative one.
func IsForeign(stored string) bool {
	return filepath.Separator == '/' && windows.MatchString(stored)
}

// Clean is the form of a stored path under which it counts as one file with
// its other spellings: doubled slashes and "." elements are dropped. ".."
// stays, since with symbolic links it does not mean what it says.
func Clean(stored string) string {
	if !strings.Contains(stored, "//") && !strings.Contains(stored, "/./") &&
		!strings.HasPrefix(stored, "./") && !strings.HasSuffix(stored, "/.") {
		return stored
	}
	elements := strings.Split(stored, "/")
	kept := elements[:0]
	for i, e := range elements {
		if (e == "" && i > 0) || e == "." {
			continue
		}
		kept = append(kept, e)
	}
	return strings.Join(kept, "/")
}

// A Kind says why a path has no file, in a word fit for dataset.Problem.
type Kind string

// The kinds of an Error.
const (
	Missing      Kind = "missing"      // nothing is there
	Unreadable   Kind = "unreadable"   // no permission, an I/O error, or no regular file
	Directory    Kind = "directory"    // a directory
	Unresolvable Kind = "unresolvable" // a path that cannot name a file on this machine
)

// An Error says why no file was found.
type Error struct {
	Kind Kind
	// Why is a sentence that leaves the stored path out, since it stands beside it.
	Why string
}

func (e *Error) Error() string { return e.Why }

// A Found is a file that is there and can be read.
type Found struct {
	// Path is where it was found.
	Path string
	// Size in bytes.
	Size    int64
	ModTime time.Time
}

// A Resolver finds files. It is safe for concurrent use; the zero value
// resolves absolute paths only.
type Resolver struct {
	dir     string
	relDirs []string
}

// New makes a Resolver for which a relative path is looked for below each of
// relDirs in turn and then below dir, the export directory.
func New(dir string, relDirs []string) (Resolver, error) {
	var r Resolver
	for i, d := range append([]string{dir}, relDirs...) {
		abs, err := filepath.Abs(d)
		if err != nil {
			return r, fmt.Errorf("finding directory %q: %w", d, err)
		}
		if i == 0 {
			r.dir = abs
		} else {
			r.relDirs = append(r.relDirs, abs)
		}
	}
	return r, nil
}

// RelDirs are the directories given to New, made absolute.
func (r Resolver) RelDirs() []string { return slices.Clone(r.relDirs) }

// Resolve finds the file that stored names: in its own spelling, or where there
// is none, in another Unicode normal form, element by element. Of two files that
// differ only in that form it never takes one for the other: where stored is
// neither's spelling, it is an error. Its errors are of type *Error.
func (r Resolver) Resolve(stored string) (Found, error) {
	candidates, err := r.candidates(stored)
	if err != nil {
		return Found{}, err
	}
	for _, local := range candidates {
		if found, err := look(local); !isMissing(err) {
			return found, err
		}
	}
	for _, local := range candidates {
		others := respelled(local)
		if len(others) > 1 {
			return Found{}, &Error{Unresolvable, fmt.Sprintf("several files have this name in other Unicode forms, such as %+q and %+q", others[0], others[1])}
		}
		if len(others) == 1 {
			return look(others[0])
		}
	}
	return Found{}, &Error{Missing, fmt.Sprintf("no such file %q", candidates[0])}
}

// look opens the file at local; nothing there is an *Error of kind Missing.
func look(local string) (Found, error) {
	info, err := os.Stat(local)
	switch {
	case isNothing(err):
		return Found{}, &Error{Missing, fmt.Sprintf("no such file %q", local)}
	case err != nil:
		return Found{}, &Error{Unreadable, reason(err)}
	case info.IsDir():
		return Found{}, &Error{Directory, "it is a directory"}
	case !info.Mode().IsRegular():
		return Found{}, &Error{Unreadable, "it is not a regular file"}
	}
	file, err := os.Open(local)
	if err != nil {
		return Found{}, &Error{Unreadable, reason(err)}
	}
	_ = file.Close()
	return Found{Path: local, Size: info.Size(), ModTime: info.ModTime()}, nil
}

func isMissing(err error) bool {
	var bad *Error
	return errors.As(err, &bad) && bad.Kind == Missing
}

func isNothing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir)
}

// Named is the absolute path of a file that was found at local for stored, in
// the spelling of the dataset, cleaned and with forward slashes.
func (r Resolver) Named(stored, local string) string {
	candidates, err := r.candidates(stored)
	if err != nil {
		return local
	}
	for _, c := range candidates {
		if c == local || norm.NFC.String(c) == norm.NFC.String(local) {
			return path.Clean(filepath.ToSlash(c))
		}
	}
	return local
}

// candidates lists the names under which the file may be found, at least one, in
// the spelling of the dataset.
func (r Resolver) candidates(stored string) ([]string, error) {
	var list []string
	switch {
	case stored == "":
		return nil, &Error{Unresolvable, "an empty path"}
	case IsRemote(stored):
		return nil, &Error{Unresolvable, "a URL"}
	case IsForeign(stored):
		return nil, &Error{Missing, "a Windows path, and this is another machine: upload there, or rewrite --map 'prefix:FROM=TO' first"}
	case strings.HasPrefix(stored, "/") || filepath.IsAbs(stored):
		list = []string{stored}
	default:
		slashed := filepath.ToSlash(stored)
		if clean := path.Clean(slashed); clean == ".." || strings.HasPrefix(clean, "../") {
			return nil, &Error{Unresolvable, "a relative path that leads out of the export directory"}
		}
		for _, dir := range append(slices.Clone(r.relDirs), r.dir) {
			if dir != "" {
				list = append(list, filepath.Join(dir, slashed))
			}
		}
		if len(list) == 0 {
			return nil, &Error{Unresolvable, "a relative path, and no directory to look in"}
		}
	}
	return list, nil
}

// reason is the cause of an error without the path, which stands beside it.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
