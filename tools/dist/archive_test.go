package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"testing"
	"time"
)

// An archive holds its files in order, the program executable, and is the same
// bytes whatever the order it was given them in.
func TestPack(t *testing.T) {
	at := time.Unix(1_700_000_001, 0).UTC()
	files := []entry{{"README.md", []byte("read"), false}, {"medialift", bytes.Repeat([]byte("x"), 1<<17), true}, {"man/man1/a.1", nil, false}}
	for _, p := range []platform{{"linux", "arm64"}, {"windows", "amd64"}} {
		first, suffix, err := pack(p, "top", at, files)
		if err != nil {
			t.Fatal(err)
		}
		turned := slices.Clone(files)
		slices.Reverse(turned)
		second, _, err := pack(p, "top", at, turned)
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: two archives of the same files differ: %v", p, err)
		}
		later, _, err := pack(p, "top", at.Add(time.Hour), files)
		if err != nil || bytes.Equal(first, later) {
			t.Errorf("%s: the time is not in the archive: %v", p, err)
		}
		read := readTar
		if suffix == ".zip" {
			read = readZip
		}
		got := read(t, first, at)
		want := []string{"top/README.md -rw-r--r-- 4", "top/man/man1/a.1 -rw-r--r-- 0", "top/medialift -rwxr-xr-x 131072"}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", p, got)
		}
	}
	if _, _, err := pack(platform{"linux", "amd64"}, "top", at, append(files, files[0])); err == nil {
		t.Error("two files of one name were packed")
	}
}

func readTar(t *testing.T, archive []byte, at time.Time) (list []string) {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(plain); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(at) || h.Uid != 0 || h.Uname != "" {
			t.Errorf("%s: %v, %d %q", h.Name, h.ModTime, h.Uid, h.Uname)
		}
		list = append(list, describe(h.Name, h.FileInfo().Mode().String(), h.Size))
	}
}

func readZip(t *testing.T, archive []byte, at time.Time) (list []string) {
	t.Helper()
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files.File {
		if !f.Modified.Equal(at) {
			t.Errorf("%s: %v", f.Name, f.Modified)
		}
		list = append(list, describe(f.Name, f.Mode().String(), int64(f.UncompressedSize64)))
	}
	return list
}
