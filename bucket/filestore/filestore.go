// Package filestore is a [bucket.Store] in a directory tree: a key is a slash
// path below a root. Objects are plain files, written beside their place and
// linked into it when they are durable, so that no reader sees half of one.
package filestore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/medialift/medialift/bucket"
)

// A Store keeps objects as files below a root.
type Store struct {
	root string // what keys start from
	// top is the directory, root or one below it, that nothing that is written leaves.
	top    string
	naming bucket.Naming
	// publish orders the compare-then-rename of Replaces in this process.
	publish sync.Mutex
	dirs    dirs
}

const (
	tempPrefix = ".medialift-"
	tempSuffix = ".tmp"
	// tempLen is the longest name that tempName makes.
	tempLen = len(tempPrefix) + 26 + len(tempSuffix)
	// pathMax is Linux's PATH_MAX without the final zero byte.
	pathMax   = 4095
	blockSize = 256 << 10
)

// New returns a store rooted at the absolute path root, "/" for one whose keys
// are absolute paths without their first slash. Nothing is touched.
func New(root string) *Store {
	root = filepath.Clean(root)
	base := strings.TrimSuffix(filepath.ToSlash(root), "/") + "/"
	naming := bucket.Naming{Base: base, MaxKey: pathMax - len(base) - tempLen, MaxElement: 255, Folds: true}
	if runtime.GOOS == "windows" {
		// A colon would name a stream within another file, a backslash another
		// directory, and a dot at the end would be dropped.
		naming.Reserved, naming.NoElementSuffix = `<>:"|?*\`, "."
	}
	return &Store{root: root, top: root, naming: naming}
}

// Below is the same store for keys that all start with prefix, which has no slash at
// either end. That directory is one that somebody named, and may be a symbolic link;
// no link below it leads what is written out of it. It is a bucket.Encloser.
func (s *Store) Below(prefix string) bucket.Store {
	return &Store{root: s.root, top: filepath.Join(s.root, filepath.FromSlash(prefix)), naming: s.naming}
}

// Naming is how this store spells and limits keys. The longest key leaves room
// for the temporary name that each file has at first.
func (s *Store) Naming() bucket.Naming { return s.naming }

// Check asks whether the root is a directory.
func (s *Store) Check(context.Context) error {
	info, err := os.Stat(s.root)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !info.IsDir():
		return fmt.Errorf("%w: %q is not a directory", bucket.ErrNoBucket, s.root)
	}
	return classify(err)
}

// Notes is empty: there is nothing a file system leaves open.
func (s *Store) Notes() []string { return nil }

// path is where key lies; it refuses keys that would lie elsewhere.
func (s *Store) path(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if _, err := s.naming.URL(key); err != nil {
		return "", err
	}
	if !filepath.IsLocal(filepath.FromSlash(key)) { // "con" and its likes, on Windows
		return "", fmt.Errorf("%w %q: the system keeps this name for itself", bucket.ErrKey, key)
	}
	return filepath.Join(s.root, filepath.FromSlash(key)), nil
}

// Stat describes the file at key, following symbolic links.
func (s *Store) Stat(ctx context.Context, key string) (bucket.Object, error) {
	path, err := s.path(ctx, key)
	if err != nil {
		return bucket.Object{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		if _, lerr := os.Lstat(path); lerr == nil && errors.Is(err, fs.ErrNotExist) {
			return bucket.Object{}, fmt.Errorf("%w: %q is a broken symbolic link", bucket.ErrExists, path)
		}
		return bucket.Object{}, classify(err)
	}
	if !info.Mode().IsRegular() {
		return bucket.Object{}, notAFile(path)
	}
	return object(key, info), nil
}

// Open streams the file at key.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	path, err := s.path(ctx, key)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, notAFile(path) // before opening it: a pipe would block
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, classify(err)
	}
	return f, nil
}

// Delete removes the file at key; a directory there is left alone.
func (s *Store) Delete(ctx context.Context, key string) error {
	path, err := s.path(ctx, key)
	if err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		var in within
		if in, err = s.enter(path); err == nil {
			defer in.root.Close()
			err = in.root.Remove(in.name)
		}
	}
	switch err := classify(err); {
	case errors.Is(err, bucket.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return syncDir(filepath.Dir(path))
}

func notAFile(path string) error {
	return fmt.Errorf("%w: %q is not a regular file", bucket.ErrNotFound, path)
}

func object(key string, info fs.FileInfo) bucket.Object {
	return bucket.Object{
		Key:     key,
		Size:    info.Size(),
		ModTime: info.ModTime(),
		ETag:    fmt.Sprintf("%x-%x-%x", info.Size(), info.ModTime().UnixNano(), inode(info)),
	}
}

// classify wraps what the system said in the sentinel it means. What it does
// not know (a full disk, a broken one) stays as it is.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case leadsOut(err):
		return fmt.Errorf("%w: a symbolic link on the way leads out of the target directory: %w", bucket.ErrDenied, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: %w", bucket.ErrNotFound, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %w", bucket.ErrDenied, err)
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EILSEQ):
		return fmt.Errorf("%w: %w", bucket.ErrKey, err)
	}
	return err
}

func isTemp(name string) bool {
	return strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix)
}

func tempName() string { return tempPrefix + rand.Text() + tempSuffix }
