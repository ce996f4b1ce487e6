package mongotest

import "syscall"

// roomyMemory is a directory in memory with room for a server's files, which
// spares tests the wait for a disk; empty where there is none.
func roomyMemory() string {
	const dir, room = "/dev/shm", 4 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < room {
		return ""
	}
	return dir
}
