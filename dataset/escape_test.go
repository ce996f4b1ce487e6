package dataset_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/medialift/medialift/dataset"
)

// oddNames are names that FiftyOne gives datasets, some of which no key can hold.
var oddNames = []string{
	"a/b", "a/../c", "db:x", "dir:y", "../up", `C:\data\set`, "x#y?z%20", "naïve ü 標籤", "  lead and trail  ", "tab\there",
	strings.Repeat("q", 300), strings.Repeat("ü/", 150), "{dataset}", "{field}", "UPPER", "-dash", "--all", "a*b[c]", "emoji 🦊", "quote'\"s",
	"new\nline", "$(touch pwn)", "a\u202eb1", ".", "..", "...", "CON", "con.txt", "a~2Fb", "a~b", "~", "~~", "~/", "~A/", "a ", "a.", "", "\xff",
}

func TestEscapeElement(t *testing.T) {
	for name, want := range map[string]string{
		"org/name": "org~2Fname", "..": ".~2E", ".": "~2E", "CON": "~43ON", "a\\b:c": "a~5Cb~3Ac", "a\nb": "a~0Ab", "{x}": "~7Bx~7D",
		"a~b": "a~b", "a~2Fb": "a~7E2Fb", "~/": "~7E~2F", "a ": "a~20", "--all": "--all", "x#y%20": "x#y%20", "標籤": "標籤",
	} {
		if got := dataset.EscapeElement(name, ""); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
	if got := dataset.EscapeElement("x#y%20", "#%"); got != "x~23y~2520" {
		t.Errorf("got %q", got)
	}
	of := map[string]string{}
	for _, name := range oddNames {
		checkElement(t, name)
		got := dataset.EscapeElement(name, "")
		if other, taken := of[got]; taken {
			t.Errorf("%q and %q both become %q", name, other, got)
		}
		of[got] = name
	}
}

func checkElement(t *testing.T, name string) {
	t.Helper()
	got := dataset.EscapeElement(name, "")
	if fault := dataset.ElementFault(got); fault != "" {
		t.Errorf("%q becomes %q: %s", name, got, fault)
	}
	if strings.ContainsAny(got, `?{}/`) {
		t.Errorf("%q becomes %q", name, got)
	}
	if utf8.ValidString(name) && dataset.ElementFault(name) == "" && !strings.ContainsAny(name, "~?{}") && got != name {
		t.Errorf("%q becomes %q for nothing", name, got)
	}
}

// No two names become one, and what a name becomes can stand in a key.
func FuzzEscapeElement(f *testing.F) {
	for i, name := range oddNames {
		f.Add(name, oddNames[(i+1)%len(oddNames)])
	}
	f.Add("a/b", "a~2Fb")
	f.Fuzz(func(t *testing.T, a, b string) {
		checkElement(t, a)
		if a != b && dataset.EscapeElement(a, "") == dataset.EscapeElement(b, "") {
			t.Errorf("%q and %q both become %q", a, b, dataset.EscapeElement(a, ""))
		}
	})
}
