package dirstore

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// isMount tells whether something is mounted on dir, be it another directory of the
// same file system.
func isMount(dir string) bool {
	var at, above unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, dir, 0, unix.STATX_MNT_ID, &at) != nil || unix.Statx(unix.AT_FDCWD, filepath.Dir(dir), 0, unix.STATX_MNT_ID, &above) != nil ||
		at.Mask&above.Mask&unix.STATX_MNT_ID == 0 {
		return otherDevice(dir)
	}
	return at.Mnt_id != above.Mnt_id
}
