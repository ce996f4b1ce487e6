//go:build !linux && !darwin

package doctor

import "errors"

// freeSpace is only known on Linux and macOS.
func freeSpace(string) (uint64, error) {
	return 0, errors.New("this system is not asked for it")
}
