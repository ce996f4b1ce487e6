package bucket

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// blockSize is how much of a file is read, hashed or compared at a time.
const blockSize = 256 << 10

// Same tells whether obj, as store.Stat or List described it, holds exactly the
// bytes of src. The cheapest proof is taken: the size, then the strongest
// checksum obj carries, then an ETag that is the MD5. An ETag that is something
// else proves nothing, and without any proof the object is read back and
// compared byte by byte.
func Same(ctx context.Context, store Store, src Source, obj Object) (bool, error) {
	if obj.Size != src.Size {
		return false, nil
	}
	same, err := compare(ctx, store, src, obj)
	if err != nil {
		return false, err
	}
	return same, src.Changed()
}

func compare(ctx context.Context, store Store, src Source, obj Object) (bool, error) {
	if a, ok := obj.Checksums.strongest(); ok {
		sums, err := sum(ctx, src, a)
		return sums[a] == obj.Checksums[a], err
	}
	if want, ok := md5OfETag(obj.ETag); ok {
		sums, err := sum(ctx, src, MD5)
		if err != nil || sums[MD5] == want {
			return err == nil, err
		}
	}
	return sameBytes(ctx, store, src, obj)
}

// md5OfETag returns the MD5 that an ETag spells if it is one: the ETag of
// objects encrypted with a key of their own looks the same and is not.
func md5OfETag(etag string) (string, bool) {
	b, err := hex.DecodeString(etag)
	if err != nil || len(b) != 16 {
		return "", false
	}
	return base64.StdEncoding.EncodeToString(b), true
}

func sameBytes(ctx context.Context, store Store, src Source, obj Object) (bool, error) {
	there, err := store.Open(ctx, obj.Key)
	if err != nil {
		return false, err
	}
	defer there.Close()
	remote := bufio.NewReaderSize(there, blockSize)
	other := make([]byte, min(blockSize, src.Size))
	err = src.Blocks(ctx, make([]byte, len(other)), func(block []byte) error {
		n, err := io.ReadFull(remote, other[:len(block)])
		switch {
		case !bytes.Equal(block[:n], other[:n]) || err == io.EOF || err == io.ErrUnexpectedEOF:
			return errDiffers
		case err != nil:
			return fmt.Errorf("reading back %q: %w", obj.Key, err)
		}
		return nil
	})
	if err != nil {
		return false, ignore(err, errDiffers)
	}
	_, err = remote.ReadByte()
	if err != nil && err != io.EOF {
		return false, fmt.Errorf("reading back %q: %w", obj.Key, err)
	}
	return err == io.EOF, nil
}

// errDiffers ends a comparison early.
var errDiffers = errors.New("the bytes differ")

func ignore(err, sentinel error) error {
	if err == sentinel {
		return nil
	}
	return err
}

// Sum computes the checksums of the first size bytes of r, reading them once.
// It fails with ErrSourceChanged where r is shorter than that.
func Sum(r io.ReaderAt, size int64, algos ...Algorithm) (Checksums, error) {
	return sum(context.Background(), Source{ReaderAt: r, Size: size}, algos...)
}

func sum(ctx context.Context, src Source, algos ...Algorithm) (Checksums, error) {
	hashes := make(map[Algorithm]hash.Hash, len(algos))
	for _, a := range algos {
		h := NewHash(a)
		if h == nil {
			return nil, fmt.Errorf("unknown checksum algorithm %q", a)
		}
		hashes[a] = h
	}
	err := src.Blocks(ctx, make([]byte, min(blockSize, src.Size)), func(block []byte) error {
		for _, h := range hashes {
			h.Write(block)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sums := make(Checksums, len(hashes))
	for a, h := range hashes {
		sums[a] = Digest(h)
	}
	return sums, nil
}
