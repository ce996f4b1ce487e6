package doctor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/bucket"
)

// little is how much free space is worth a warning.
const little = 1e9

// directory examines a target on this machine. A directory that does not exist
// is not made: its nearest parent is examined in its place.
func (e *examiner) directory(ctx context.Context) {
	at, err := nearest(e.Dir)
	switch {
	case err != nil:
		e.add(Failed, "directory", "check the path and its permissions", "%v", err)
		return
	case at == e.Dir:
		e.add(OK, "directory", "", "%q exists", e.Dir)
	default:
		e.add(OK, "directory", "", "%q does not exist yet and would be made in %q", e.Dir, at)
	}
	e.space(at)
	if e.opts.ReadOnly {
		e.entries(at)
		return
	}
	l := e.Location
	l.Prefix = strings.Trim(filepath.ToSlash(at), "/")
	e.probe(ctx, l, bucket.View{})
}

// nearest is dir, or the deepest of its parents that exists.
func nearest(dir string) (string, error) {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case err == nil && info.IsDir():
			return at, nil
		case err == nil:
			return "", &fs.PathError{Op: "stat", Path: at, Err: errors.New("not a directory")}
		case !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at):
			if info, lerr := os.Stat(filepath.Dir(at)); lerr == nil && !info.IsDir() {
				continue // the parent is the trouble
			}
			return "", err
		}
	}
}

func (e *examiner) space(dir string) {
	free, err := freeSpace(dir)
	switch {
	case err != nil:
		e.add(Warning, "space", "", "unknown: %v", err)
	case free < little:
		e.add(Warning, "space", "make room there", "%.1f MB are free", float64(free)/1e6)
	default:
		e.add(OK, "space", "", "%.1f GB are free", float64(free)/1e9)
	}
}

// entries sees whether a directory can be listed.
func (e *examiner) entries(dir string) {
	f, err := os.Open(dir)
	if err == nil {
		defer f.Close()
		if _, err = f.Readdirnames(1); err == io.EOF {
			err = nil
		}
	}
	if err != nil {
		e.add(Failed, "list", "check the permissions of the directory", "%v", err)
		return
	}
	e.add(OK, "list", "", "%q can be read", dir)
}
