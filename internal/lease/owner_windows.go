package lease

import (
	"errors"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

// kernel names the start of the kernel by its time, to 100 ns.
func kernel() (boot, space string) {
	var info struct { // SYSTEM_TIMEOFDAY_INFORMATION, as far as it is known to everybody
		BootTime, CurrentTime, ZoneBias int64
		ZoneID, Reserved                uint32
		BootBias, SleepBias             uint64
	}
	err := windows.NtQuerySystemInformation(windows.SystemTimeOfDayInformation, unsafe.Pointer(&info), uint32(unsafe.Sizeof(info)), nil)
	if err != nil || info.BootTime == 0 {
		return "", ""
	}
	// A clock that is set moves the boot time, and the bias with it.
	return strconv.FormatInt(info.BootTime-int64(info.BootBias), 10), "all"
}

// look finds out when a process began, to 100 ns.
func look(pid int) (started string, _ state) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, uint32(pid))
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return "", ended
	}
	if err != nil {
		return "", unknown
	}
	defer func() { _ = windows.CloseHandle(h) }()
	if event, err := windows.WaitForSingleObject(h, 0); err == nil && event == windows.WAIT_OBJECT_0 {
		return "", ended
	}
	var created, exited, inKernel, inUser windows.Filetime
	if err := windows.GetProcessTimes(h, &created, &exited, &inKernel, &inUser); err != nil {
		return "", unknown
	}
	return strconv.FormatInt(created.Nanoseconds(), 10), running
}
