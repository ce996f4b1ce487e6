package bucket

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// nvmePoly is the NVME polynomial without its highest term; bit 63 stands for
// x⁰, as in the checksum itself.
const nvmePoly = 0x9a6c9329ac4bc9b5

// WholeCRC64NVME returns the CRC64NVME of the bytes of all parts in a row, made
// of the parts' own as Checksums spells them.
func WholeCRC64NVME(parts []Part) (string, error) {
	var whole uint64
	for _, p := range parts {
		sum, err := base64.StdEncoding.DecodeString(p.Checksums[CRC64NVME])
		if err != nil || len(sum) != 8 {
			return "", fmt.Errorf("part %d has no usable CRC64NVME: %q", p.N, p.Checksums[CRC64NVME])
		}
		whole = CombineCRC64NVME(whole, binary.BigEndian.Uint64(sum), p.Size)
	}
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, whole)), nil
}

// CombineCRC64NVME returns the checksum of a text AB from those of A and of B,
// which is n bytes long. That of no bytes is 0.
func CombineCRC64NVME(a, b uint64, n int64) uint64 {
	// Appending n bytes to A multiplies its remainder by x⁸ⁿ. The ones that the
	// checksum starts from and ends with cancel out between A and B.
	power, square := uint64(1)<<63, uint64(1)<<(63-8)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			power = multiply(power, square)
		}
		square = multiply(square, square)
	}
	return multiply(power, a) ^ b
}

// multiply multiplies two remainders modulo the polynomial.
func multiply(a, b uint64) uint64 {
	var product uint64
	for ; a != 0; a <<= 1 {
		if a>>63 == 1 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry == 1 {
			b ^= nvmePoly
		}
	}
	return product
}
