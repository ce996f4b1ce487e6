//go:build !linux

package filestore

import "errors"

// renameNoReplace is only known on Linux.
func renameNoReplace(_, _ within) error { return errors.ErrUnsupported }
