package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// fileSum is the SHA-256 of a file's bytes in hexadecimal.
func fileSum(ctx context.Context, local string) (string, error) {
	f, err := os.Open(local)
	if err != nil {
		return "", fmt.Errorf("hashing: %w", err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, reader{ctx, f}); err != nil {
		return "", fmt.Errorf("hashing %q: %w", local, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// A reader ends when its context does, however long the file is.
type reader struct {
	ctx context.Context // of the one call that this value lives in
	r   io.Reader
}

// Read reads on unless the context has ended.
func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
