package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// migrations is the way of many small datasets, and of a larger one, from FiftyOne
// 0.19.1 to the newest, beside real FiftyOne.
func migrations() entry {
	const datasets, samples = 1000, 100_000
	return migrating("migrate", fmt.Sprintf("%d datasets of 6 samples and one of %d, from 0.19.1, beside FiftyOne", datasets, samples), false,
		func(o options) [][2]int { return [][2]int{{o.files(datasets), 6}, {1, o.files(samples)}} })
}

// migratedMillion is that of a large one.
func migratedMillion() entry {
	const samples = 1_000_000
	return migrating("migratemillion", fmt.Sprintf("one dataset of %d samples, from 0.19.1, beside FiftyOne", samples), true,
		func(o options) [][2]int { return [][2]int{{1, o.files(samples)}} })
}

// migrating makes a table of each number of datasets with their samples.
func migrating(name, says string, long bool, sizes func(o options) [][2]int) entry {
	b := &bench{}
	return entry{name: name, says: says, long: long, stop: b.stop,
		tables: func(o options, dir string) ([]table, error) {
			if o.fiftyOne == "" {
				fmt.Fprintln(os.Stderr, "  left out: -fiftyone names no environment; interop/setup.sh makes one")
				return nil, nil
			}
			b.o, b.dir, b.script = o, dir, filepath.Join(dir, "database.py")
			if err := errors.Join(b.start(), os.WriteFile(b.script, []byte(databasePython), 0o600)); err != nil {
				return nil, err
			}
			var list []table
			for _, size := range sizes(o) {
				list = append(list, b.migration(size[0], size[1]))
			}
			return list, nil
		},
	}
}

func (b *bench) migration(datasets, samples int) table {
	t := table{
		title: fmt.Sprintf("Migration of %d datasets of %d samples, from 0.19.1", datasets, samples),
		units: datasets, unit: "dataset", to: []string{fiftyOneRow},
	}
	if datasets == 1 {
		t.title, t.units, t.unit = fmt.Sprintf("Migration of a dataset of %d samples, from 0.19.1", samples), samples, "sample"
	}
	add := func(name string, told bool, args func(database string) []string) {
		t.rows = append(t.rows, row{name, func(ctx context.Context, _ string) (trial, error) {
			b.runs++
			database := fmt.Sprint("old-", b.runs)
			_, err := measure(ctx, b.python(database, "old", fmt.Sprint(datasets), fmt.Sprint(samples)))
			return trial{args: args(database), told: told, check: func() error {
				_, err := measure(ctx, b.python(database, "migrated", fmt.Sprint(datasets)))
				return err
			}}, err
		}})
	}
	add(ourRow, false, func(database string) []string { return b.medialift(database, "migrate", "--all") })
	add(fiftyOneRow, true, func(database string) []string { return b.python(database, "migrate") })
	return t
}
