package upload

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/ledger"
)

// source opens what is sent for a planned file: the file itself, or its variant.
// The file must not change meanwhile in either case.
func (p *Plan) source(ctx context.Context, f ledger.File) (bucket.Source, func(), error) {
	src, done, err := p.openSource(f)
	if err != nil || f.Variant == "" {
		return src, done, err
	}
	refs, err := p.job.Ledger.References(ctx, f.ID)
	if err != nil {
		done()
		return bucket.Source{}, nil, err
	}
	copied := &spool{}
	drop := func() {
		done()
		copied.close()
	}
	size, err := variant{file: f, refs: refs}.copyTo(copied, io.NewSectionReader(src, 0, src.Size))
	if err == nil && size != f.Size {
		err = fmt.Errorf("%w: its copy has %d bytes, %d were planned", bucket.ErrSourceChanged, size, f.Size)
	}
	if changed := src.Changed(); changed != nil {
		err = changed
	}
	if err != nil {
		drop()
		return bucket.Source{}, nil, err
	}
	src.ReaderAt, src.Size = copied.reader(), size
	return src, drop, nil
}

// A file is what is read of one: *os.File, but where a test lets a disk fail.
type file interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

func openFile(name string) (file, error) { return os.Open(name) }

// openSource opens a planned file and makes sure, then and after it was read,
// that it is the one that was planned.
func (p *Plan) openSource(f ledger.File) (bucket.Source, func(), error) {
	file, err := p.openFile(f.Local)
	if err != nil {
		return bucket.Source{}, nil, fmt.Errorf("opening the file: %w", err)
	}
	unchanged := func() error {
		info, err := file.Stat()
		if err != nil {
			return fmt.Errorf("looking at the file: %w", err)
		}
		if info.Size() != f.LocalSize || !info.ModTime().Equal(f.ModTime) {
			return fmt.Errorf("%w since it was planned: run the same command again", bucket.ErrSourceChanged)
		}
		return nil
	}
	done := func() { _ = file.Close() }
	if err := unchanged(); err != nil {
		done()
		return bucket.Source{}, nil, err
	}
	return bucket.Source{
		ReaderAt: file, Size: f.LocalSize, ContentType: contentType(f.Path), Unchanged: unchanged,
	}, done, nil
}

// spoolMemory is how many bytes of a variant are held in memory.
const spoolMemory = 1 << 20

// A spool takes what is written to it: into memory, or if it is much, into a
// temporary file.
type spool struct {
	small bytes.Buffer
	large *os.File
}

func (s *spool) Write(p []byte) (int, error) {
	if s.large == nil && s.small.Len()+len(p) <= spoolMemory {
		return s.small.Write(p)
	}
	if s.large == nil {
		file, err := os.CreateTemp("", "medialift-")
		if err != nil {
			return 0, fmt.Errorf("copying the file (TMPDIR says where to): %w", err)
		}
		_ = os.Remove(file.Name()) // it stays readable, where the system lets it be removed
		s.large = file
		if _, err := s.small.WriteTo(file); err != nil {
			return 0, fmt.Errorf("copying the file (TMPDIR says where to): %w", err)
		}
	}
	return s.large.Write(p)
}

func (s *spool) reader() io.ReaderAt {
	if s.large != nil {
		return s.large
	}
	return bytes.NewReader(s.small.Bytes())
}

func (s *spool) close() {
	if s.large != nil {
		_ = s.large.Close()
		_ = os.Remove(s.large.Name())
	}
}
