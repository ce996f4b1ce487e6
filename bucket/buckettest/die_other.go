//go:build !linux

package buckettest

import "os/exec"

// dieWithParent is only known on Linux.
func dieWithParent(*exec.Cmd) {}
