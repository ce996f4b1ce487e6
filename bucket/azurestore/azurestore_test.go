package azurestore_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/azurestore"
	"github.com/medialift/medialift/bucket/buckettest"
)

func TestConformance(t *testing.T) {
	server := buckettest.AzureServer(t)
	server.Setenv(t)
	var n atomic.Int64
	for name, opts := range map[string]azurestore.Options{"https form": {}, "alias": {Alias: "az"}} {
		t.Run(name, func(t *testing.T) {
			buckettest.Run(t, func(t *testing.T) bucket.Location {
				name := fmt.Sprintf("container-%d", n.Add(1))
				server.CreateContainer(t, name)
				s, err := azurestore.New(t.Context(), name, opts)
				if err != nil {
					t.Fatal(err)
				}
				return bucket.Location{Store: s, Prefix: "some/prefix", Naming: s.Naming()}
			})
		})
	}
}
