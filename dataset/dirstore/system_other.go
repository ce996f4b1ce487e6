//go:build !unix

package dirstore

import (
	"io/fs"
	"os"
)

func takeOwner(*os.File, fs.FileInfo) {}

// ignoreUnsupported drops the error of syncing a directory, which Windows does
// not know.
func ignoreUnsupported(error) error { return nil }

func device(fs.FileInfo) uint64 { return 0 }

func mayWrite(string) error { return nil }
