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
	"slices"
)

// blockSize is how much of a file is read, hashed or compared at a time.
const blockSize = 256 << 10

// Same tells whether obj, as store.Stat or List described it, holds exactly the
// bytes of src. All that obj carries must agree: its size, each checksum, and an
// ETag that is the MD5. Equal bytes are proved by a Strong checksum or by the
// MD5. An ETag that disagrees may be something else than an MD5, and a weak
// checksum alone proves nothing: then, or without any proof, the object is read
// back and compared byte by byte.
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
	var wanted []Algorithm
	for a, v := range obj.Checksums {
		if v != "" && NewHash(a) != nil {
			wanted = append(wanted, a)
		}
	}
	md5, spelled := md5OfETag(obj)
	if spelled && obj.Checksums[MD5] == "" {
		wanted = append(wanted, MD5)
	}
	proved := false
	if len(wanted) > 0 {
		sums, err := sum(ctx, src, wanted...)
		if err != nil {
			return false, err
		}
		for _, a := range wanted {
			if v := obj.Checksums[a]; v != "" && v != sums[a] {
				return false, nil
			}
		}
		switch {
		case spelled && sums[MD5] == md5, obj.Checksums[SHA256] != "":
			proved = true
		case !spelled:
			proved = slices.ContainsFunc(wanted, Algorithm.Strong)
		}
	}
	if proved {
		return true, nil
	}
	return sameBytes(ctx, store, src, obj)
}

// md5OfETag returns the MD5 that the ETag of obj spells if it is one. What it
// spells may be no MD5 all the same, where the store does not say so.
func md5OfETag(obj Object) (string, bool) {
	b, err := hex.DecodeString(obj.ETag)
	if err != nil || len(b) != 16 || obj.Opaque {
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
