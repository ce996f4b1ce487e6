package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"time"
)

// An entry is one file of an archive.
type entry struct {
	name    string // a slash path below the archive's directory
	content []byte
	program bool
}

func (e entry) mode() int64 {
	if e.program {
		return 0o755
	}
	return 0o644
}

// pack makes a zip file for Windows and a tar.gz for others, with everything in
// a directory. Order, times, owners and modes are the same on every machine.
func pack(p platform, dir string, at time.Time, entries []entry) (archive []byte, suffix string, err error) {
	entries = slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	for i := range entries[1:] {
		if entries[i].name == entries[i+1].name {
			return nil, "", errors.New("two files of the name " + entries[i].name)
		}
	}
	var buffer bytes.Buffer
	if p.system == "windows" {
		err = packZip(&buffer, dir, at, entries)
		return buffer.Bytes(), ".zip", err
	}
	err = packTar(&buffer, dir, at, entries)
	return buffer.Bytes(), ".tar.gz", err
}

func packTar(to io.Writer, dir string, at time.Time, entries []entry) error {
	zipped, err := gzip.NewWriterLevel(to, gzip.BestCompression) // its header holds no time and no name
	if err != nil {
		return err
	}
	files := tar.NewWriter(zipped)
	for _, e := range entries {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: dir + "/" + e.name, Size: int64(len(e.content)), Mode: e.mode(), ModTime: at, Format: tar.FormatUSTAR,
		}
		if err := files.WriteHeader(header); err != nil {
			return err
		}
		if _, err := files.Write(e.content); err != nil {
			return err
		}
	}
	return errors.Join(files.Close(), zipped.Close())
}

func packZip(to io.Writer, dir string, at time.Time, entries []entry) error {
	files := zip.NewWriter(to)
	files.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, e := range entries {
		header := &zip.FileHeader{Name: dir + "/" + e.name, Method: zip.Deflate, Modified: at}
		header.SetMode(0o644)
		if e.program {
			header.SetMode(0o755)
		}
		file, err := files.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := file.Write(e.content); err != nil {
			return err
		}
	}
	return files.Close()
}
