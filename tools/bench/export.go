package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// An export is a directory of files, and a FiftyOne export that names them.
type export struct {
	dir   string
	files int
	bytes int64
}

func (e export) media() string   { return filepath.Join(e.dir, "media") }
func (e export) dataset() string { return filepath.Join(e.dir, "export") }

// metadata is the least that an export has.
const metadata = `{"name": "bench", "version": "1.22.1", "media_type": "image", "app_config": {"media_fields": ["filepath"]},
"sample_fields": [{"name": "filepath", "ftype": "fiftyone.core.fields.StringField", "fields": [], "db_field": "filepath"}]}`

// A content writes a file of size bytes; no two files are the same.
type content func(path string, seed int, size int64) error

// writeExport makes an export of n files below dir.
func writeExport(dir string, n int, size func(i int) int64, write content) (e export, err error) {
	e = export{dir: dir, files: n}
	if err := os.MkdirAll(e.dataset(), 0o755); err != nil {
		return e, err
	}
	if err := os.WriteFile(filepath.Join(e.dataset(), "metadata.json"), []byte(metadata), 0o600); err != nil {
		return e, err
	}
	f, err := os.Create(filepath.Join(e.dataset(), "samples.json"))
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	samples := bufio.NewWriter(f)
	sep := `{"samples": [`
	for i := range n {
		folder := filepath.Join(e.media(), fmt.Sprintf("%04d", i/1000))
		if i%1000 == 0 {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return e, err
			}
		}
		path := filepath.Join(folder, fmt.Sprintf("%07d.jpg", i))
		if err := write(path, i, size(i)); err != nil {
			return e, err
		}
		e.bytes += size(i)
		fmt.Fprintf(samples, `%s{"_id": {"$oid": "%024x"}, "filepath": %q}`, sep, i+1, path)
		sep = ","
	}
	fmt.Fprint(samples, "]}")
	return e, samples.Flush()
}

// filled writes bytes that do not compress well.
func filled() content {
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * 2654435761 >> 11)
	}
	return func(path string, seed int, size int64) error {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(f, "%08d", seed)
		for left := size - 8; left > 0 && err == nil; left -= int64(len(block)) {
			_, err = f.Write(block[:min(left, int64(len(block)))])
		}
		return errors.Join(err, f.Close())
	}
}

// sparse writes files that hold but their seed: all else is zeros that take no
// space on disk.
func sparse(path string, seed int, size int64) error {
	if err := os.WriteFile(path, fmt.Appendf(nil, "%08d", seed), 0o600); err != nil {
		return err
	}
	return os.Truncate(path, size)
}
