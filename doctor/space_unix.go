//go:build linux || darwin

package doctor

import (
	"fmt"
	"syscall"
)

// freeSpace is how many bytes this user may still write in dir.
func freeSpace(dir string) (uint64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("asking for the free space of %q: %w", dir, err)
	}
	return st.Bavail * uint64(st.Bsize), nil
}
