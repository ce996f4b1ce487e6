//go:build !linux

package mongotest

// roomyMemory says that nothing is known of a directory in memory.
func roomyMemory() string { return "" }
