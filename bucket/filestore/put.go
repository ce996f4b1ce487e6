package filestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/medialift/medialift/bucket"
)

// Put writes src to a temporary file in the directory of key, makes it durable,
// and links it into place. Confirmed means that the kernel took every byte and
// reported it written out; the checksum is of the bytes as they were read.
func (s *Store) Put(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Object, error) {
	path, err := s.path(ctx, key)
	if err != nil {
		return bucket.Object{}, err
	}
	if err := s.allowed(ctx, key, path, cond); err != nil {
		return bucket.Object{}, err
	}
	in, f, err := s.createTemp(path)
	if err != nil {
		return bucket.Object{}, err
	}
	defer in.root.Close()
	temp := in.beside(filepath.Base(f.Name()))
	defer func() { _ = in.root.Remove(temp.name) }() // does nothing once it was renamed
	defer f.Close()
	checksum, err := fill(ctx, f, src)
	if err != nil {
		return bucket.Object{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return bucket.Object{}, err
	}
	if err := f.Close(); err != nil {
		return bucket.Object{}, writing(path, err)
	}
	if err := ctx.Err(); err != nil {
		return bucket.Object{}, err
	}
	if err := s.place(ctx, key, temp, in, cond); err != nil {
		return bucket.Object{}, err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return bucket.Object{}, writing(path, err)
	}
	obj := object(key, info)
	obj.Checksums = bucket.Checksums{bucket.CRC64NVME: checksum}
	obj.Confirmed = true
	return obj, nil
}

// allowed looks before a long copy whether cond can be met at all, and whether
// there is a place for the file. What counts is decided by place.
func (s *Store) allowed(ctx context.Context, key, path string, cond bucket.Condition) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: a parent of %q is a file", bucket.ErrKey, path)
	case err != nil:
		return classify(err)
	case info.IsDir():
		return fmt.Errorf("%w: %q is a directory", bucket.ErrExists, path)
	case cond.Overwrite:
		return nil
	case cond.Replaces.ETag == "":
		return fmt.Errorf("%w: %q", bucket.ErrExists, path)
	}
	return s.unreplaced(ctx, key, path, cond)
}

// unreplaced fails unless the object at key is still the one that cond names.
func (s *Store) unreplaced(ctx context.Context, key, path string, cond bucket.Condition) error {
	now, err := s.Stat(ctx, key)
	if err == nil && now.ETag != cond.Replaces.ETag {
		return fmt.Errorf("%w: %q has changed", bucket.ErrExists, path)
	}
	return err
}

// fill copies src into f and syncs it, and returns its checksum.
func fill(ctx context.Context, f *os.File, src bucket.Source) (string, error) {
	h := bucket.NewHash(bucket.CRC64NVME)
	err := src.Blocks(ctx, make([]byte, min(blockSize, src.Size)), func(block []byte) error {
		h.Write(block)
		if _, err := f.Write(block); err != nil {
			return writing(f.Name(), err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if err := src.Changed(); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", writing(f.Name(), err)
	}
	return bucket.Digest(h), nil
}

// writing names the directory, not the temporary file, that could not be
// written to.
func writing(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("writing to %q: %w", filepath.Dir(path), classify(err))
}

// createTemp makes a file beside path, with the directories on the way.
func (s *Store) createTemp(path string) (in within, f *os.File, err error) {
	for range 2 {
		if in, f, err = s.tryTemp(path); err == nil {
			return in, f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		s.dirs.forget(filepath.Dir(path)) // somebody removed the directory
		s.dirs.forget(s.top)
	}
	if errors.Is(err, bucket.ErrKey) {
		return in, nil, err
	}
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) {
		return in, nil, fmt.Errorf("%w: a parent of it is a file: %w", bucket.ErrKey, err)
	}
	return in, nil, writing(path, err)
}

func (s *Store) tryTemp(path string) (in within, f *os.File, err error) {
	if err := s.dirs.make(s.top); err != nil {
		return in, nil, err
	}
	if in, err = s.enter(path); err != nil {
		return in, nil, err
	}
	if err = s.dirs.makeBelow(in.beside(".")); err == nil {
		f, err = in.root.OpenFile(in.beside(tempName()).name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	}
	if err != nil {
		return in, nil, errors.Join(err, in.root.Close())
	}
	return in, f, nil
}

// place gives the finished file temp its name.
func (s *Store) place(ctx context.Context, key string, temp, to within, cond bucket.Condition) error {
	if !cond.Overwrite && cond.Replaces.ETag == "" {
		return exclusive(temp, to)
	}
	s.publish.Lock()
	defer s.publish.Unlock()
	if !cond.Overwrite {
		err := s.unreplaced(ctx, key, to.path(), cond)
		if errors.Is(err, bucket.ErrNotFound) {
			return exclusive(temp, to)
		}
		if err != nil {
			return err
		}
	}
	err := to.root.Rename(temp.name, to.name)
	if info, lerr := to.root.Lstat(to.name); err != nil && lerr == nil && info.IsDir() {
		return fmt.Errorf("%w: %q is a directory", bucket.ErrExists, to.path())
	}
	if err != nil {
		return writing(to.path(), err)
	}
	return nil
}

// exclusive moves temp to another name and fails with ErrExists if anything is there.
// A hard link does that atomically, on network file systems too. Where there
// are none, a rename that does not replace does; where there is neither, an
// empty file takes the name first.
func exclusive(temp, to within) error {
	err := to.root.Link(temp.name, to.name)
	if err != nil && sameFile(temp, to) {
		err = nil // a network file system lost the answer and asked again
	}
	if err == nil {
		return classify(to.root.Remove(temp.name))
	}
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EMLINK) {
		err = renameNoReplace(temp, to)
	}
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = reserve(temp, to)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %q", bucket.ErrExists, to.path())
	}
	if err != nil {
		return writing(to.path(), err)
	}
	return nil
}

func reserve(temp, to within) error {
	f, err := to.root.OpenFile(to.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	f.Close()
	if err := to.root.Rename(temp.name, to.name); err != nil {
		_ = to.root.Remove(to.name)
		return err
	}
	return nil
}

func sameFile(a, b within) bool {
	x, err := a.root.Lstat(a.name)
	if err != nil {
		return false
	}
	y, err := b.root.Lstat(b.name)
	return err == nil && os.SameFile(x, y)
}
