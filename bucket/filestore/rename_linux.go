package filestore

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// renameNoReplace renames within a directory, and fails with EEXIST if to is there.
func renameNoReplace(from, to within) error {
	dir, err := to.root.Open(filepath.Dir(to.name))
	if err != nil {
		return err
	}
	defer dir.Close()
	fd := int(dir.Fd())
	return unix.Renameat2(fd, filepath.Base(from.name), fd, filepath.Base(to.name), unix.RENAME_NOREPLACE)
}
