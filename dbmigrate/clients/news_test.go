package clients

import (
	"slices"
	"testing"
)

// TestNews: what came after a version, and nothing that it knows by any name.
func TestNews(t *testing.T) {
	t.Parallel()
	names := func(version string) []string {
		var list []string
		for _, class := range at(version).News() {
			list = append(list, class.Short)
		}
		return list
	}
	old := names("0.17.2")
	for _, name := range []string{"Instance", "SceneMetadata", "OrthographicProjectionMetadata"} {
		if !slices.Contains(old, name) {
			t.Errorf("0.17.2 lacks %s: %v", name, old)
		}
	}
	for _, name := range []string{"Detection", "Metadata", "Group", "DatasetDocument"} {
		if slices.Contains(old, name) {
			t.Errorf("0.17.2 knows %s", name)
		}
	}
	if got := names("1.22.1"); len(got) != 0 {
		t.Errorf("the newest version lacks %v", got)
	}
}
