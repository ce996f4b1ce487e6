package gcsstore_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/gcsstore"
)

func TestConformance(t *testing.T) {
	server := buckettest.GCSServer(t)
	server.Setenv(t)
	var n atomic.Int64
	buckettest.Run(t, func(t *testing.T) bucket.Location {
		name := fmt.Sprintf("bucket-%d", n.Add(1))
		server.CreateBucket(t, name)
		s, err := gcsstore.New(t.Context(), name, gcsstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return bucket.Location{Store: s, Prefix: "some/prefix", Naming: s.Naming()}
	})
}
