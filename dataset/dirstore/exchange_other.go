//go:build !linux

package dirstore

import "errors"

// exchange is something that only Linux can.
func exchange(string, string) error { return errors.ErrUnsupported }
