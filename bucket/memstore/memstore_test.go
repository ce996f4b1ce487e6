package memstore_test

import (
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/memstore"
)

func TestConformance(t *testing.T) {
	for _, prefix := range []string{"", "some/prefix"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			buckettest.Run(t, func(*testing.T) bucket.Location {
				s := memstore.New()
				return bucket.Location{Store: s, Prefix: prefix, Naming: s.Naming()}
			})
		})
	}
}
