package filestore

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medialift/medialift/bucket"
)

// List yields the regular files whose key starts with prefix, in byte order.
// Links to files are files; links to directories are not followed, and broken
// ones hold no object. Our own temporary files are left out.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		l := lister{ctx: ctx, store: s, prefix: prefix, yield: yield}
		dir := ""
		if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
			dir = prefix[:i+1]
		}
		if dir != "" {
			if _, err := s.path(ctx, strings.TrimSuffix(dir, "/")); err != nil {
				yield(bucket.Object{}, err)
				return
			}
		}
		l.walk(dir)
	}
}

type lister struct {
	ctx    context.Context // of the one List call that this value lives in
	store  *Store
	prefix string
	yield  func(bucket.Object, error) bool
}

// walk yields what is below dir, a key that is empty or ends in a slash, and
// tells whether to go on.
func (l *lister) walk(dir string) bool {
	if err := l.ctx.Err(); err != nil {
		return l.fail(err)
	}
	entries, err := os.ReadDir(filepath.Join(l.store.root, filepath.FromSlash(dir)))
	if err := classify(err); err != nil {
		return errors.Is(err, bucket.ErrNotFound) || l.fail(err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int {
		return strings.Compare(sortKey(a), sortKey(b))
	})
	for _, e := range entries {
		if !l.entry(dir, e) {
			return false
		}
	}
	return true
}

func (l *lister) entry(dir string, e fs.DirEntry) bool {
	key := dir + e.Name()
	if e.IsDir() {
		key += "/"
		if strings.HasPrefix(key, l.prefix) || strings.HasPrefix(l.prefix, key) {
			return l.walk(key)
		}
		return true
	}
	if isTemp(e.Name()) || !strings.HasPrefix(key, l.prefix) {
		return true
	}
	info, err := os.Stat(filepath.Join(l.store.root, filepath.FromSlash(key)))
	if err := classify(err); err != nil {
		return errors.Is(err, bucket.ErrNotFound) || l.fail(err)
	}
	return !info.Mode().IsRegular() || l.yield(object(key, info), nil)
}

func (l *lister) fail(err error) bool {
	l.yield(bucket.Object{}, err)
	return false
}

// sortKey makes the order of entries that of the keys below them.
func sortKey(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}
