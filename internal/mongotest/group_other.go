//go:build !unix

package mongotest

import "os/exec"

// ownGroup does nothing here.
func ownGroup(*exec.Cmd) {}
