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
	f, err := s.createTemp(filepath.Dir(path))
	if err != nil {
		return bucket.Object{}, err
	}
	defer os.Remove(f.Name()) // does nothing once it was renamed
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
	if err := s.place(ctx, key, f.Name(), path, cond); err != nil {
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

func (s *Store) createTemp(dir string) (*os.File, error) {
	err := s.dirs.make(dir)
	for range 2 {
		if err != nil {
			break
		}
		var f *os.File
		f, err = os.OpenFile(filepath.Join(dir, tempName()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			return f, nil
		}
		if errors.Is(err, fs.ErrNotExist) { // somebody removed the directory
			s.dirs.forget(dir)
			err = s.dirs.make(dir)
		}
	}
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w: a parent of it is a file: %w", bucket.ErrKey, err)
	}
	return nil, writing(filepath.Join(dir, "x"), err)
}

// place gives the finished file temp its name path.
func (s *Store) place(ctx context.Context, key, temp, path string, cond bucket.Condition) error {
	if !cond.Overwrite && cond.Replaces.ETag == "" {
		return exclusive(temp, path)
	}
	s.publish.Lock()
	defer s.publish.Unlock()
	if !cond.Overwrite {
		err := s.unreplaced(ctx, key, path, cond)
		if errors.Is(err, bucket.ErrNotFound) {
			return exclusive(temp, path)
		}
		if err != nil {
			return err
		}
	}
	err := os.Rename(temp, path)
	if info, lerr := os.Lstat(path); err != nil && lerr == nil && info.IsDir() {
		return fmt.Errorf("%w: %q is a directory", bucket.ErrExists, path)
	}
	if err != nil {
		return writing(path, err)
	}
	return nil
}

// exclusive moves temp to path and fails with ErrExists if anything is there.
// A hard link does that atomically, on network file systems too. Where there
// are none, a rename that does not replace does; where there is neither, an
// empty file takes the name first.
func exclusive(temp, path string) error {
	err := os.Link(temp, path)
	if err != nil && sameFile(temp, path) {
		err = nil // a network file system lost the answer and asked again
	}
	if err == nil {
		return classify(os.Remove(temp))
	}
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EMLINK) {
		err = renameNoReplace(temp, path)
	}
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = reserve(temp, path)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %q", bucket.ErrExists, path)
	}
	if err != nil {
		return writing(path, err)
	}
	return nil
}

func reserve(temp, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	f.Close()
	if err := os.Rename(temp, path); err != nil {
		os.Remove(path)
		return err
	}
	return nil
}

func sameFile(a, b string) bool {
	x, err := os.Lstat(a)
	if err != nil {
		return false
	}
	y, err := os.Lstat(b)
	return err == nil && os.SameFile(x, y)
}
