//go:build !linux

package dirstore

// isMount tells whether another file system is mounted on dir.
func isMount(dir string) bool { return otherDevice(dir) }
