package ledger_test

import (
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/ledger"
)

func TestMatch(t *testing.T) {
	sums := func(a bucket.Algorithm, v string) bucket.Checksums { return bucket.Checksums{a: v} }
	for _, tt := range []struct {
		name           string
		checksum, etag string
		obj            bucket.Object
		want           ledger.Match
	}{
		{"all agrees", "CRC64NVME:x", "e", bucket.Object{Size: 3, ETag: "e", Checksums: sums(bucket.CRC64NVME, "x")}, ledger.Same},
		{"another size", "CRC64NVME:x", "e", bucket.Object{Size: 4, ETag: "e", Checksums: sums(bucket.CRC64NVME, "x")}, ledger.Other},
		{"another version of the same bytes", "CRC64NVME:x", "e", bucket.Object{Size: 3, ETag: "f-2", Checksums: sums(bucket.CRC64NVME, "x")}, ledger.Same},
		{"another checksum under the same ETag", "CRC64NVME:x", "e", bucket.Object{Size: 3, ETag: "e", Checksums: sums(bucket.CRC64NVME, "y")}, ledger.Other},
		{"a weak checksum, another version", "CRC32C:x", "1", bucket.Object{Size: 3, ETag: "2", Checksums: sums(bucket.CRC32C, "x")}, ledger.Unsure},
		{"a weak checksum, the same version", "CRC32C:x", "1", bucket.Object{Size: 3, ETag: "1", Checksums: sums(bucket.CRC32C, "x")}, ledger.Same},
		{"no checksum in common", "CRC64NVME:x", "e", bucket.Object{Size: 3, ETag: "f", Checksums: sums(bucket.SHA256, "x")}, ledger.Unsure},
		{"an ETag alone", "CRC64NVME:x", "e", bucket.Object{Size: 3, ETag: "e"}, ledger.Same},
		{"nothing was recorded", "", "", bucket.Object{Size: 3}, ledger.Unsure},
		{"nothing was recorded of an object with all", "", "", bucket.Object{Size: 3, ETag: "e", Checksums: sums(bucket.SHA256, "x")}, ledger.Unsure},
	} {
		got, why := ledger.File{Size: 3, Checksum: tt.checksum, ETag: tt.etag}.Match(tt.obj)
		if got != tt.want || (why != "") != (got == ledger.Other) {
			t.Errorf("%s: %v %q, want %v", tt.name, got, why, tt.want)
		}
	}
}
