package main

import "fmt"

// small is what most datasets are: many images.
func small() entry {
	const files = 20_000
	return entry{name: "small", says: fmt.Sprintf("%d files of 8 to 60 KB", files), tables: func(o options, dir string) ([]table, error) {
		e, err := writeExport(dir, o.files(files), func(i int) int64 { return 8000 + int64(i)*7919%52000 }, filled())
		return both(o, e, fmt.Sprintf("%d files of 8 to 60 KB", e.files)), err
	}}
}
