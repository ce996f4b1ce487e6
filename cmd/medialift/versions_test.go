package main

import (
	"strings"
	"testing"

	"github.com/medialift/medialift/dbmigrate/enterprise"
)

// versions lists all releases, those of a number, and who connects to a single version.
func TestVersions(t *testing.T) {
	m := newTool(t, "HOME="+t.TempDir())
	if list, _ := m.run(exitDone, "versions").Versions.([]any); len(list) != len(enterprise.Releases()) {
		t.Errorf("%d releases of %d", len(list), len(enterprise.Releases()))
	}
	for _, c := range []struct {
		number string
		says   []string
		never  string
	}{
		{"1.4.5", []string{"1.4.5       0.14.5  0.22.3         0.22.3    docs of that tag", "an Enterprise database at v0.22.3: Enterprise 1.4.4 (SDK 0.14.4), 1.4.5 (SDK 0.14.5)", "@pypi.fiftyone.ai fiftyone==0.14.5"}, "1.4.4   "},
		{"0.22.0", []string{"1.4.0 ", "1.4.1 ", "0.22.0 itself", "not: 0.22.1 says"}, "1.4.2"},
		{"v1.5", []string{"1.5.10      0.15.10"}, "can connect"},
		{"1.22.1", []string{"No known release of FiftyOne Enterprise has databases of v1.22.1", "fiftyone==2.23.0", "1.4.0 up to, but not with, 2"}, "deployment"},
	} {
		text := string(output(t, m, "versions", c.number))
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q among\n%s", c.number, want, text)
			}
		}
		if strings.Contains(text, c.never) {
			t.Errorf("%s: %q among\n%s", c.number, c.never, text)
		}
	}
	m.run(exitUsage, "versions", "nope")
	m.run(exitUsage, "versions", "0.1.7")
	m.run(exitUsage, "versions", "1", "2")
}
