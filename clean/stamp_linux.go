package clean

import (
	"fmt"
	"io/fs"
	"syscall"
)

// identity tells which file it is, and when anything of it was last changed: unlike
// the time of its bytes, nobody can set that.
func identity(info fs.FileInfo) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("%d-%d-%d-%d", s.Dev, s.Ino, s.Ctim.Sec, s.Ctim.Nsec)
	}
	return ""
}
