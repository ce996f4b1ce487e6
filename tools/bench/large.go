package main

import "fmt"

// large is videos.
func large() entry {
	const files = 2
	return entry{name: "large", says: fmt.Sprintf("%d files of 512 MB", files), tables: func(o options, dir string) ([]table, error) {
		e, err := writeExport(dir, o.files(files), func(int) int64 { return 512e6 }, filled())
		return both(o, e, fmt.Sprintf("%d files of 512 MB", e.files)), err
	}}
}
