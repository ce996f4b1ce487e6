package lease

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// kernel names the start of the kernel; there are no pid namespaces.
func kernel() (boot, space string) {
	boot, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return "", ""
	}
	return boot, "all"
}

// look finds out when a process began.
func look(pid int) (started string, _ state) {
	if errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
		return "", ended
	}
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return "", unknown
	}
	const zombie = 5
	if info.Proc.P_stat == zombie {
		return "", ended
	}
	return fmt.Sprintf("%d.%06d", info.Proc.P_starttime.Sec, info.Proc.P_starttime.Usec), running
}
