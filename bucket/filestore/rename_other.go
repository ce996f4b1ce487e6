//go:build !linux

package filestore

import "errors"

// renameNoReplace is only known on Linux.
func renameNoReplace(_, _ string) error { return errors.ErrUnsupported }
