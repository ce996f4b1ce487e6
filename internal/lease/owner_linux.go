package lease

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// kernel names the start of the kernel and this process's pid namespace; both are empty
// where /proc is not of that namespace.
func kernel() (boot, space string) {
	if pid, err := os.Readlink("/proc/self"); err != nil || pid != strconv.Itoa(os.Getpid()) {
		return "", ""
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", ""
	}
	// An inode is used again only once no process of its namespace is left.
	space, err = os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", ""
	}
	return strings.TrimSpace(string(id)), space
}

// look finds out when a process began, in ticks of the kernel.
func look(pid int) (started string, _ state) {
	if errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
		return "", ended
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", unknown // /proc may hide the processes of others
	}
	// The program's name, in brackets, may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const stateField, startField = 0, 19
	if len(fields) <= startField {
		return "", unknown
	}
	if fields[stateField] == "Z" || fields[stateField] == "X" { // killed, and not waited for yet
		return "", ended
	}
	return fields[startField], running
}
