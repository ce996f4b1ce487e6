package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	table := table{title: "Work", units: 100, unit: "object", bytes: 3e6, to: []string{"limit", "not there"}, rows: []row{{name: "limit"}, {name: "ours"}}}
	var b strings.Builder
	err := table.write(&b, [][]figure{
		{{1, 0.5, 10}, {3, 0.7, 12}, {2, 0.6, 11}},
		{{4, 2, 30}, {4, 1, 31}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `
### Work

| program | wall, s | objects/s | MB/s | CPU, s | CPU, ms/object | RSS, MiB | wall ÷ limit's | CPU ÷ limit's |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
| limit | 2.00 (1.00–3.00) | 50.0 | 2 | 0.60 (0.50–0.70) | 6.00 | 12 | 1.00 | 1.00 |
| ours | 4.00 (4.00–4.00) | 25.0 | 1 | 1.50 (1.00–2.00) | 15.0 | 31 | 2.00 | 2.50 |
`
	if b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
}

// A program that leaves work undone must not come out as the quickest.
func TestStored(t *testing.T) {
	e, err := writeExport(t.TempDir(), 3, func(i int) int64 { return int64(10 * (i + 1)) }, filled())
	if err != nil {
		t.Fatal(err)
	}
	if files, bytes, err := count(e.media()); files != 3 || bytes != 60 || e.bytes != 60 || err != nil {
		t.Errorf("%d files of %d bytes, %v", files, bytes, err)
	}
	s := &server{holds: func() (int, int64, error) { return count(e.media()) }}
	if err := e.stored(s)(); err != nil {
		t.Error(err)
	}
	if err := os.Truncate(filepath.Join(e.media(), "0000", "0000002.jpg"), 29); err != nil {
		t.Fatal(err)
	}
	if err := e.stored(s)(); err == nil {
		t.Error("a byte less is not noticed")
	}
}

func TestMeasure(t *testing.T) {
	f, err := measure(context.Background(), []string{"sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"})
	if err != nil || f.wall <= 0 || f.cpu <= 0 || f.rss <= 0 {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := measure(context.Background(), []string{"sh", "-c", "echo no; exit 3"}); err == nil || !strings.Contains(err.Error(), "no") {
		t.Errorf("a failure gives %v", err)
	}
}
