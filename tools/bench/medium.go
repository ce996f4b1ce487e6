package main

import "fmt"

// medium is large images and point clouds.
func medium() entry {
	const files = 200
	return entry{name: "medium", says: fmt.Sprintf("%d files of 8 MB", files), tables: func(o options, dir string) ([]table, error) {
		e, err := writeExport(dir, o.files(files), func(int) int64 { return 8e6 }, filled())
		return both(o, e, fmt.Sprintf("%d files of 8 MB", e.files)), err
	}}
}
