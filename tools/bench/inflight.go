package main

import "fmt"

// inFlight is about the memory that many large files take at a time.
func inFlight() entry {
	const files = 8
	return entry{name: "inflight", says: fmt.Sprintf("%d files of 512 MB, for the memory they take (only when named)", files), long: true,
		tables: func(o options, dir string) ([]table, error) {
			e, err := writeExport(dir, o.files(files), func(int) int64 { return 512e6 }, sparse)
			t := both(o, e, fmt.Sprintf("%d files of 512 MB", e.files))[0] // what a server does with them says nothing
			t.rounds = 2
			return []table{t}, err
		}}
}
