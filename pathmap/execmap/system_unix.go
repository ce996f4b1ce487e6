//go:build unix && !linux

package execmap

import (
	"os/exec"
	"syscall"
)

// separate puts the program into a process group of its own, so that what it
// starts can be ended with it.
func separate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// startTied starts the program. When this process is killed, the program meets
// the end of its input.
func startTied(cmd *exec.Cmd, _ <-chan struct{}) error { return cmd.Start() }

func killAll(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
}

func trimEnd(line string) string { return line[:len(line)-1] }
