package filestore_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/filestore"
)

func TestConformance(t *testing.T) {
	t.Run("from the file system's root", func(t *testing.T) {
		buckettest.Run(t, func(t *testing.T) bucket.Location {
			s := filestore.New("/")
			return bucket.Location{Store: s, Prefix: strings.TrimPrefix(filepath.ToSlash(t.TempDir()), "/"), Naming: s.Naming()}
		})
	})
	t.Run("from a directory", func(t *testing.T) {
		buckettest.Run(t, func(t *testing.T) bucket.Location {
			s := filestore.New(t.TempDir())
			return bucket.Location{Store: s, Naming: s.Naming()}
		})
	})
}
