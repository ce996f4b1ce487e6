package main

import (
	"fmt"
	"path/filepath"
)

// million is about memory that must not grow with the number of files: ten
// times as many shall take the same.
func million() entry {
	const most = 1_000_000
	return entry{name: "million", says: fmt.Sprintf("%d and %d files of 1 KB, for the memory they take (only when named)", most/10, most), long: true,
		tables: func(o options, dir string) ([]table, error) {
			var tables []table
			for _, n := range []int{most / 10, most} {
				e, err := writeExport(filepath.Join(dir, fmt.Sprint(n)), o.files(n), func(int) int64 { return 1000 }, filled())
				if err != nil {
					return nil, err
				}
				t := both(o, e, fmt.Sprintf("%d files of 1 KB", e.files))[0]
				t.rounds = 1
				tables = append(tables, t)
			}
			return tables, nil
		}}
}
