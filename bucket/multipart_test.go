package bucket_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/medialift/medialift/bucket"
)

func TestPartSize(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	for _, c := range []struct {
		size, want int64
		parts      int
	}{
		{0, 5 * mib, 1},
		{1, 5 * mib, 1},
		{5*mib - 1, 5 * mib, 1},
		{5 * mib, 5 * mib, 1},
		{5*mib + 1, 5 * mib, 2},
		{gib, 5 * mib, 205},
		{50_000*mib - 1, 5 * mib, 10_000},
		{50_000 * mib, 5 * mib, 10_000},
		{50_000*mib + 1, 10 * mib, 5_001},
		{100_000 * mib, 10 * mib, 10_000},
		{100_000*mib + 1, 20 * mib, 5_001},
		{bucket.MaxParted, 640 * mib, 8_192},
	} {
		if got, n := bucket.PartSize(c.size), bucket.Parts(c.size); got != c.want || n != c.parts {
			t.Errorf("%d bytes: %d parts of %d, want %d of %d", c.size, n, got, c.parts, c.want)
		}
	}
}

// Whatever the size, the parts fit what S3 takes and add up to the file.
func TestPartsAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		size := random.Int64N(bucket.MaxParted) >> random.IntN(40)
		n, total, src := bucket.Parts(size), int64(0), bucket.Source{Size: size}
		for i := 1; i <= n; i++ {
			part := src.Part(i).Size
			if i < n && part < 5<<20 || part > 5<<30 || part == 0 && size > 0 {
				t.Fatalf("%d bytes: part %d of %d has %d", size, i, n, part)
			}
			total += part
		}
		if n > bucket.MaxParts || total != size {
			t.Fatalf("%d bytes: %d parts with %d", size, n, total)
		}
	}
}

func TestSourcePart(t *testing.T) {
	data := make([]byte, 5<<20+3)
	copy(data[5<<20-1:], "abcd")
	src := bucket.Source{ReaderAt: bytes.NewReader(data), Size: int64(len(data))}
	last := src.Part(2)
	if got, err := io.ReadAll(io.NewSectionReader(last, 0, last.Size)); err != nil || string(got) != "bcd" {
		t.Errorf("the last part is %q, %v", got, err)
	}
	first, buf := src.Part(1), make([]byte, 4)
	if n, err := first.ReadAt(buf, 5<<20-1); n != 1 || err != io.EOF || buf[0] != 'a' {
		t.Errorf("the end of the first part: %d bytes %q, %v", n, buf, err)
	}
	src.Size += 2 // it has become shorter
	part := src.Part(2)
	if err := part.ReadAll(t.Context(), make([]byte, 5)); !errors.Is(err, bucket.ErrSourceChanged) {
		t.Errorf("%v, want ErrSourceChanged", err)
	}
}

func TestComplete(t *testing.T) {
	const size = 10<<20 + 1
	good := []bucket.Part{{N: 1, Size: 5 << 20}, {N: 2, Size: 5 << 20}, {N: 3, Size: 1}}
	if err := bucket.Complete(size, good); err != nil {
		t.Error(err)
	}
	for what, parts := range map[string][]bucket.Part{
		"none": nil, "one less": good[:2], "order": {good[1], good[0], good[2]}, "twice": {good[0], good[0], good[2]},
		"length": {good[0], good[1], {N: 3, Size: 2}},
	} {
		if bucket.Complete(size, parts) == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func crc(data []byte) uint64 {
	h := bucket.NewHash(bucket.CRC64NVME)
	h.Write(data)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

func TestCombineCRC64NVME(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	want := crc(data)
	for _, cut := range []int{0, 1, 2, 7, 8, 9, 255, 256, 4097, 1 << 19, len(data) - 1, len(data)} {
		a, b := data[:cut], data[cut:]
		if got := bucket.CombineCRC64NVME(crc(a), crc(b), int64(len(b))); got != want {
			t.Errorf("cut at %d: %x, want %x", cut, got, want)
		}
	}
	if got := bucket.CombineCRC64NVME(crc(nil), crc(nil), 0); got != 0 {
		t.Errorf("of nothing: %x", got)
	}
	// Zeros in any number: combining is associative, so doubling gets far.
	zeros, n := crc(make([]byte, 1<<20)), int64(1<<20)
	left := zeros
	for range 20 { // to 1 TiB
		zeros, n = bucket.CombineCRC64NVME(zeros, zeros, n), 2*n
	}
	for range 3 {
		left = bucket.CombineCRC64NVME(left, zeros, n)
	}
	right := bucket.CombineCRC64NVME(bucket.CombineCRC64NVME(zeros, zeros, n), zeros, n)
	if got := bucket.CombineCRC64NVME(crc(make([]byte, 1<<20)), right, 3*n); got != left {
		t.Errorf("3 TiB of zeros: %x one way, %x the other", left, got)
	}
}

func TestWholeCRC64NVME(t *testing.T) {
	var parts []bucket.Part
	for i, text := range []string{"1234", "", "56789"} {
		sums, err := bucket.Sum(bytes.NewReader([]byte(text)), int64(len(text)), bucket.CRC64NVME)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, bucket.Part{N: i + 1, Size: int64(len(text)), Checksums: sums})
	}
	want := base64.StdEncoding.EncodeToString([]byte{0xae, 0x8b, 0x14, 0x86, 0x0a, 0x79, 0x98, 0x88})
	if got, err := bucket.WholeCRC64NVME(parts); err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	parts[1].Checksums = nil
	if _, err := bucket.WholeCRC64NVME(parts); err == nil {
		t.Error("a part without a checksum passes")
	}
}
