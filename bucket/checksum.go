package bucket

import "strings"

// An Algorithm is a checksum algorithm, by the name S3 gives it.
type Algorithm string

// The algorithms that stores report.
const (
	CRC64NVME Algorithm = "CRC64NVME"
	CRC32     Algorithm = "CRC32"
	CRC32C    Algorithm = "CRC32C"
	MD5       Algorithm = "MD5"
	SHA256    Algorithm = "SHA256"
)

// Checksums holds whole-object checksums, base64 of the big-endian bytes.
type Checksums map[Algorithm]string

// String spells c as "ALGORITHM:value" of its strongest checksum, or "". It is
// what a ledger keeps.
func (c Checksums) String() string {
	for _, a := range []Algorithm{SHA256, MD5, CRC64NVME, CRC32C, CRC32} {
		if v := c[a]; v != "" {
			return string(a) + ":" + v
		}
	}
	return ""
}

// ParseChecksum reads what Checksums.String wrote.
func ParseChecksum(s string) Checksums {
	a, v, ok := strings.Cut(s, ":")
	if !ok || v == "" {
		return nil
	}
	return Checksums{Algorithm(a): v}
}
