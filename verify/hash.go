package verify

import (
	"context"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"

	"github.com/medialift/medialift/bucket"
)

// blockSize is how much of an object is read and hashed at a time.
const blockSize = 256 << 10

// strongest names the best checksum of sums that can be computed here.
func strongest(sums bucket.Checksums) (bucket.Algorithm, bool) {
	for _, a := range []bucket.Algorithm{bucket.SHA256, bucket.MD5, bucket.CRC64NVME, bucket.CRC32C, bucket.CRC32} {
		if sums[a] != "" {
			return a, true
		}
	}
	return "", false
}

// algorithms are those by which an object can be compared with what was sent,
// and with what the store says of it.
func algorithms(claims []claim, sums bucket.Checksums) []bucket.Algorithm {
	wanted := bucket.Checksums{}
	for _, sent := range slices.Concat(claims...) {
		for a, value := range bucket.ParseChecksum(sent.Checksum) {
			wanted[a] = value
		}
	}
	if a, ok := strongest(sums); ok {
		wanted[a] = sums[a]
	}
	var list []bucket.Algorithm
	for a := range wanted {
		if bucket.NewHash(a) != nil {
			list = append(list, a)
		}
	}
	return list
}

// hashAll reads r to its end, and returns its checksums and length.
func hashAll(ctx context.Context, r io.Reader, algos []bucket.Algorithm) (bucket.Checksums, int64, error) {
	hashes := make(map[bucket.Algorithm]hash.Hash, len(algos))
	for _, a := range algos {
		hashes[a] = bucket.NewHash(a)
	}
	block := make([]byte, blockSize)
	for n := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return nil, n, err
		}
		got, err := fill(r, block)
		n += int64(got)
		for _, h := range hashes {
			h.Write(block[:got])
		}
		if err == io.EOF {
			sums := bucket.Checksums{}
			for a, h := range hashes {
				sums[a] = bucket.Digest(h)
			}
			return sums, n, nil
		}
		if err != nil {
			return nil, n, err
		}
	}
}

// fill reads until block is full. Unlike io.ReadFull it keeps the end of an
// object apart from an answer that was cut off.
func fill(r io.Reader, block []byte) (n int, err error) {
	for n < len(block) && err == nil {
		var got int
		got, err = r.Read(block[n:])
		n += got
	}
	return n, err
}

func openFile(path string) (io.ReadCloser, error) { return os.Open(path) }

// openSource opens a local file to compare with.
func openSource(path string) (bucket.Source, func(), error) {
	file, err := os.Open(path)
	if err != nil {
		return bucket.Source{}, nil, err
	}
	done := func() { _ = file.Close() }
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%q is not a regular file", path)
	}
	if err != nil {
		done()
		return bucket.Source{}, nil, err
	}
	unchanged := func() error {
		now, err := file.Stat()
		if err == nil && (now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime())) {
			err = fmt.Errorf("%w: it changed while it was read", bucket.ErrSourceChanged)
		}
		return err
	}
	return bucket.Source{ReaderAt: file, Size: info.Size(), Unchanged: unchanged}, done, nil
}

// sourceSum is the checksum of a local file.
func sourceSum(ctx context.Context, src bucket.Source, algo bucket.Algorithm) (string, error) {
	h := bucket.NewHash(algo)
	err := src.Blocks(ctx, make([]byte, min(blockSize, max(src.Size, 1))), func(block []byte) error {
		h.Write(block)
		return nil
	})
	if err == nil {
		err = src.Changed()
	}
	return bucket.Digest(h), err
}
