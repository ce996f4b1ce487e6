//go:build !windows

package localfile

import "syscall"

// errNotDir is what a path below a plain file gives: nothing is there.
var errNotDir error = syscall.ENOTDIR
