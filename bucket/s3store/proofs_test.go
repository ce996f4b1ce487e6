package s3store

import (
	"net/http"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// Another object with the same CRC32 is another object: its ETag is the MD5. Where
// the store says that it is none, the bytes tell.
func TestWeakChecksumIsNoProof(t *testing.T) {
	const mine, other = "the bytes of the file.", "other bytes, as many.."
	sums, err := bucket.Sum(buckettest.Source([]byte(mine)), int64(len(mine)), bucket.CRC32, bucket.CRC64NVME)
	if err != nil {
		t.Fatal(err)
	}
	for name, headers := range map[string]map[string]string{
		"CRC32":          {"X-Amz-Checksum-Crc32": sums[bucket.CRC32]},
		"CRC32, KMS":     {"X-Amz-Checksum-Crc32": sums[bucket.CRC32], "X-Amz-Server-Side-Encryption": "aws:kms"},
		"CRC64NVME":      {"X-Amz-Checksum-Crc64nvme": sums[bucket.CRC64NVME]},
		"both, and more": {"X-Amz-Checksum-Crc32": "AAAAAA==", "X-Amz-Checksum-Crc64nvme": sums[bucket.CRC64NVME], "X-Amz-Server-Side-Encryption": "aws:kms"},
	} {
		f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodHead {
				for name, value := range headers {
					w.Header().Set(name, value)
				}
			}
			return false
		}}
		s := f.start(t)
		mustPut(t, s, "k", other, overwrite)
		obj, err := s.Stat(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		if same, err := bucket.Same(t.Context(), s, buckettest.Source([]byte(mine)), obj); err != nil || same {
			t.Errorf("%s: %v, %v", name, same, err)
		}
	}
}
