package buckettest

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends the server with a test that is killed or times out.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
