package execmap

import (
	"os/exec"
	"runtime"
	"syscall"
)

// separate puts the program into a process group of its own, so that what it
// starts can be ended with it, and has the kernel end it when this process is
// killed.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// startTied starts the program from a thread that lives as long as it does: to
// the kernel that thread is the parent whose death counts.
func startTied(cmd *exec.Cmd, exited <-chan struct{}) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			<-exited
		}
	}()
	return <-started
}

func killAll(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
}

func trimEnd(line string) string { return line[:len(line)-1] }
