package localfile

import "io/fs"

// errNotDir is what a path below a plain file gives: nothing is there.
var errNotDir = fs.ErrNotExist
