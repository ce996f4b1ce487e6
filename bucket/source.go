package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// A Source is one file to send. Reading the same range again gives the same
// bytes; Unchanged is asked after the last byte was read. A Store does not read
// from it any more once its Put has returned.
type Source struct {
	io.ReaderAt
	// Size in bytes.
	Size int64
	// ContentType as in the HTTP header; may be empty.
	ContentType string
	// Unchanged fails (wrapping ErrSourceChanged) when the file is no longer
	// the one that was opened. Nil means it cannot change.
	Unchanged func() error
}

// Changed asks Unchanged, if there is one to ask.
func (s Source) Changed() error {
	if s.Unchanged == nil {
		return nil
	}
	return s.Unchanged()
}

// ReadAll fills buf, which is s.Size long, and fails with ErrSourceChanged
// where the file has become shorter.
func (s Source) ReadAll(ctx context.Context, buf []byte) error {
	for off := 0; off < len(buf); {
		block := buf[off:min(off+blockSize, len(buf))]
		if err := s.readFull(ctx, block, int64(off)); err != nil {
			return err
		}
		off += len(block)
	}
	return nil
}

// Blocks calls use with the bytes of s in order, a block at a time; a block is
// only good until use returns. It fails with ErrSourceChanged where the file
// has become shorter.
func (s Source) Blocks(ctx context.Context, buf []byte, use func([]byte) error) error {
	for off := int64(0); off < s.Size; {
		block := buf[:min(int64(len(buf)), s.Size-off)]
		if err := s.readFull(ctx, block, off); err != nil {
			return err
		}
		if err := use(block); err != nil {
			return err
		}
		off += int64(len(block))
	}
	return nil
}

func (s Source) readFull(ctx context.Context, block []byte, off int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n, err := s.ReadAt(block, off)
	switch {
	case n == len(block):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends at byte %d of %d", ErrSourceChanged, off+int64(n), s.Size)
	}
	return fmt.Errorf("%w: %w", ErrRead, err)
}
