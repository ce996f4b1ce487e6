package bucket

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strings"
)

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

// Strong reports whether equal checksums prove equal bytes. Those of 32 bits do
// not: other bytes have the same one by chance, or because somebody wanted it.
func (a Algorithm) Strong() bool { return a == SHA256 || a == MD5 || a == CRC64NVME }

// Checksums holds whole-object checksums, base64 of the big-endian bytes.
type Checksums map[Algorithm]string

// String spells c as "ALGORITHM:value" of its strongest checksum, or "". It is
// what a ledger keeps.
func (c Checksums) String() string {
	if a, ok := c.strongest(); ok {
		return string(a) + ":" + c[a]
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

// strongest names the best checksum of c among those that NewHash can compute.
func (c Checksums) strongest() (Algorithm, bool) {
	for _, a := range []Algorithm{SHA256, MD5, CRC64NVME, CRC32C, CRC32} {
		if c[a] != "" {
			return a, true
		}
	}
	return "", false
}

// The tables are read only. The NVME polynomial is given bit-reversed, as
// hash/crc64 wants it.
var (
	nvmeTable       = crc64.MakeTable(nvmePoly)
	castagnoliTable = crc32.MakeTable(crc32.Castagnoli)
)

// NewHash returns a hash that computes a, or nil for an algorithm unknown here.
// Write blocks of 64 KiB and more to a CRC64NVME: it sets up a table each time.
func NewHash(a Algorithm) hash.Hash {
	switch a {
	case CRC64NVME:
		return crc64.New(nvmeTable)
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		return crc32.New(castagnoliTable)
	case MD5:
		return md5.New()
	case SHA256:
		return sha256.New()
	}
	return nil
}

// Digest spells the sum of h as Checksums holds it.
func Digest(h hash.Hash) string {
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}
