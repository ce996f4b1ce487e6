//go:build unix

package locate

import (
	"os/exec"
	"syscall"
)

// keep runs a command for as long as standard input is open, and asks it to end
// then: so it ends with the process that holds the other end, however that ends.
const keep = `exec 3<&0
"$@" </dev/null 3<&- & child=$!
(cat <&3 >/dev/null; kill -TERM $child) 2>/dev/null &
exec 3<&-
wait $child`

func keeper(args []string) *exec.Cmd {
	return exec.Command("/bin/sh", append([]string{"-c", keep, keeperMark}, args...)...)
}

// ownGroup keeps the terminal's signals from cmd: it has to outlive Ctrl-C for
// as long as this process needs it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
