package upload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/unicode/norm"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

var (
	scheme  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	windows = regexp.MustCompile(`^([A-Za-z]:[\\/]|\\\\)`)
)

// IsRemote tells whether a stored path is a URL, which an upload leaves as it
// is.
func IsRemote(stored string) bool { return scheme.MatchString(stored) }

// cleanPath is the form of a stored path under which it is counted as one file
// with its other spellings: doubled slashes and "." elements are dropped. ".."
// stays, since with symbolic links it does not mean what it says.
func cleanPath(stored string) string {
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

// A resolver finds the file that a stored path names.
type resolver struct {
	dir     string
	relDirs []string
}

func newResolver(dir string, relDirs []string) (resolver, error) {
	r := resolver{}
	var err error
	if r.dir, err = absolute(dir); err != nil {
		return r, err
	}
	for _, d := range relDirs {
		abs, err := absolute(d)
		if err != nil {
			return r, err
		}
		r.relDirs = append(r.relDirs, abs)
	}
	return r, nil
}

// A pathError is a path that no file can be found for, with a kind for
// dataset.Problem.
type pathError struct{ kind, why string }

func (e *pathError) Error() string { return e.why }

// resolve fills in where f's file is, its size and its time.
func (r resolver) resolve(f *ledger.File) error {
	if windows.MatchString(f.Path) && filepath.Separator == '/' {
		return &pathError{"unresolvable", "a Windows path; put it where this machine has the file with rewrite --map 'prefix:C:\\…=/…' first"}
	}
	candidates, err := r.candidates(f.Path)
	if err != nil {
		return err
	}
	for _, local := range candidates {
		info, err := os.Stat(local)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir) {
			continue
		}
		if err != nil {
			return &pathError{"unreadable", reason(err)}
		}
		if info.IsDir() {
			return &pathError{"directory", "it is a directory"}
		}
		if !info.Mode().IsRegular() {
			return &pathError{"unreadable", "it is not a regular file"}
		}
		file, err := os.Open(local)
		if err != nil {
			return &pathError{"unreadable", reason(err)}
		}
		_ = file.Close()
		f.Local, f.Size, f.ModTime = local, info.Size(), info.ModTime()
		return nil
	}
	return &pathError{"missing", fmt.Sprintf("no such file %q", candidates[0])}
}

// candidates lists the names under which the file may be found: macOS and
// other systems may spell the same name in the other Unicode normal form.
func (r resolver) candidates(stored string) ([]string, error) {
	var list []string
	if strings.HasPrefix(stored, "/") || filepath.IsAbs(stored) {
		list = []string{stored}
	} else {
		slashed := filepath.ToSlash(stored)
		if clean := path.Clean(slashed); clean == ".." || strings.HasPrefix(clean, "../") {
			return nil, &pathError{"unresolvable", "a relative path that leads out of the export directory"}
		}
		for _, dir := range append(append([]string(nil), r.relDirs...), r.dir) {
			list = append(list, filepath.Join(dir, slashed))
		}
	}
	for _, p := range list {
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			if other := form.String(p); other != p {
				list = append(list, other)
			}
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

// locateBatch is how many files are looked at between writes to the draft.
const locateBatch = 2000

// locate finds the file of every planned path.
func (b *builder) locate(ctx context.Context) error {
	batch := make([]ledger.File, 0, locateBatch)
	var done int64
	flush := func() error {
		errs := make([]error, len(batch))
		var g errgroup.Group
		g.SetLimit(b.opts.Workers)
		for i := range batch {
			g.Go(func() error {
				errs[i] = b.resolver.resolve(&batch[i])
				return nil
			})
		}
		_ = g.Wait()
		for i := range batch {
			if err := b.located(ctx, batch[i], errs[i]); err != nil {
				return err
			}
		}
		done += int64(len(batch))
		b.opts.Progress(Progress{Phase: "checking", Files: done})
		batch = batch[:0]
		return ctx.Err()
	}
	for f, err := range b.draft.Paths(ctx) {
		if err != nil {
			return err
		}
		if batch = append(batch, f); len(batch) == locateBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// located writes one file to the draft, or refuses it.
func (b *builder) located(ctx context.Context, f ledger.File, failed error) error {
	var bad *pathError
	if !errors.As(failed, &bad) {
		return b.draft.AddFile(ctx, f)
	}
	f.State, f.Err = ledger.FileMissing, bad.why
	switch {
	case bad.kind != "missing":
		b.refuse("media files that cannot be sent", "every path must name a readable file", bad.kind, f, bad.why)
		return nil
	case !b.opts.KeepMissing:
		b.refuse("media files that are not there",
			"put the files back, or leave their paths as they are with --missing keep", bad.kind, f, bad.why)
		return nil
	}
	b.MissingTotal += f.Refs
	if b.MissingTotal-f.Refs < dataset.KeptProblems && len(b.flaws) < dataset.KeptProblems {
		b.flaws = append(b.flaws, flaw{file: f, kind: bad.kind, why: bad.why})
	}
	return b.draft.AddFile(ctx, f)
}

// named is the absolute path of a located file in the spelling of the dataset,
// which is what its key is made of.
func (r resolver) named(f ledger.File) string {
	candidates, err := r.candidates(f.Path)
	if err != nil {
		return f.Local
	}
	for _, c := range candidates {
		if c == f.Local || norm.NFC.String(c) == norm.NFC.String(f.Local) {
			return path.Clean(filepath.ToSlash(c))
		}
	}
	return f.Local
}
