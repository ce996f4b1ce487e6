//go:build unix

package dirstore

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// takeOwner gives f the owner of info where the system allows it: root
// rewriting a user's file must not take it away.
func takeOwner(f *os.File, info fs.FileInfo) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(st.Uid), int(st.Gid)) // allowed to root alone
	}
}

// ignoreUnsupported drops the errors of file systems that cannot sync
// directories.
func ignoreUnsupported(err error) error {
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}

// device is the file system that a file is on.
func device(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Dev) //nolint:unconvert // of another type on other systems
	}
	return 0
}

// mayWrite fails where the system would not let this process change a directory.
func mayWrite(dir string) error { return unix.Access(dir, unix.W_OK) }
