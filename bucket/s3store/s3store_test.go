package s3store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/s3store"
)

func TestConformance(t *testing.T) {
	server := buckettest.S3Server(t)
	server.Setenv(t)
	var n atomic.Int64
	buckettest.Run(t, func(t *testing.T) bucket.Location {
		name := fmt.Sprintf("bucket-%d", n.Add(1))
		server.CreateBucket(t, name)
		s, err := s3store.New(t.Context(), name, s3store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return bucket.Location{Store: s, Prefix: "some/prefix", Naming: s.Naming()}
	})
}
