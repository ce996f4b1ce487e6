//go:build !linux && !darwin

package clean

import "io/fs"

// identity is not known here: size and time have to tell.
func identity(fs.FileInfo) string { return "" }
