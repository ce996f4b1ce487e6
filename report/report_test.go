package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/medialift/medialift/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

func htmlOf(t *testing.T, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jsonOf(t *testing.T, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, got := range map[string]string{
		"small.html": htmlOf(t, small()), "small.json": jsonOf(t, small()), "empty.json": jsonOf(t, report.Report{}),
	} {
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not as it was: go test ./report -update writes it anew, git diff shows how it changed", golden)
		}
	}
}

// Maps have no order, a page must.
func TestSameBytes(t *testing.T) {
	page, doc := htmlOf(t, small()), jsonOf(t, small())
	for range 20 {
		if htmlOf(t, small()) != page || jsonOf(t, small()) != doc {
			t.Fatal("equal reports give different bytes")
		}
	}
}

func TestSchemaComesFirst(t *testing.T) {
	for _, text := range []string{htmlOf(t, hostile(nasty...)), jsonOf(t, hostile(nasty...))} {
		if !strings.Contains(text[:256], report.Schema) {
			t.Errorf("no %q in %q", report.Schema, text[:256])
		}
	}
}

// What a page holds as JSON is the report, whatever texts are in it.
func TestEmbedded(t *testing.T) {
	for name, r := range map[string]report.Report{"small": small(), "large": large(), "hostile": hostile(nasty...), "empty": {}} {
		_, rest, _ := strings.Cut(htmlOf(t, r), `<script type="application/json" id="report">`)
		text, _, _ := strings.Cut(rest, "</script>")
		var got, want any
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := json.Unmarshal([]byte(jsonOf(t, r)), &want); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: the page holds\n%s\nwhich is not\n%s", name, a, b)
		}
	}
}

// No text of a user's may become an element: the page has as many of each kind as
// with harmless texts in the same places.
func TestNothingBreaksOut(t *testing.T) {
	elements := func(text string) map[string]int {
		counts := map[string]int{}
		for _, tag := range regexp.MustCompile(`<[a-zA-Z!/][^\s>]*`).FindAllString(text, -1) {
			counts[tag]++
		}
		return counts
	}
	for _, text := range nasty {
		bad, good := hostile(text), hostile("harmless")
		for _, r := range []*report.Report{&bad, &good} {
			// These have more or fewer elements, as texts are alike or have lines.
			r.Settings, r.Datasets[0].Samples, r.Datasets[0].Versions = nil, nil, nil
		}
		got, want := elements(htmlOf(t, bad)), elements(htmlOf(t, good))
		for tag, n := range got {
			if want[tag] != n {
				t.Errorf("with %q there are %d of %s, not %d", text, n, tag, want[tag])
			}
		}
	}
}

func TestVisible(t *testing.T) {
	r := report.Report{Warnings: []string{"a\u202eb\x00c\u2066d\nE", "👩‍👩‍👧‍👦", "صورة"}}
	text := html.UnescapeString(htmlOf(t, r))
	body, _, _ := strings.Cut(text, `<script type="application/json"`)
	for _, want := range []string{`<li>a\u202eb\x00c\u2066d\nE</li>`, "<li>👩‍👩‍👧‍👦</li>", "<li>صورة</li>"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in the page", want)
		}
	}
}

func TestNoSecrets(t *testing.T) {
	for _, text := range []string{
		"mongodb://me:secret@db.example.com/fiftyone", "mongodb+srv://me:se%40secret@db", `https://me:"secret@host`, "failed: mongodb://:secret@h: no route",
		"https://a.blob.core.windows.net/c/1.png?sv=1&sig=secret%3D&se=2", "https://b.s3.amazonaws.com/k?X-Amz-Signature=secret",
		"mongodb://me:pa@secret@db.example.com",
	} {
		r := report.Report{
			Warnings: []string{text}, Outcome: report.Outcome{Error: text}, Settings: []report.Setting{{Name: "to", Value: text}},
			Datasets: []report.Dataset{{Samples: []report.Change{{Old: text, New: text}}}},
		}
		if strings.Contains(htmlOf(t, r), "secret") || strings.Contains(jsonOf(t, r), "secret") {
			t.Errorf("the secret of %q is in the report", text)
		}
	}
	for _, text := range []string{"s3://media/a@b:c@d.png", "/data/a:b@c.png", "http://host:80/x@y", "see page?design=1"} {
		var got report.Report
		if err := json.Unmarshal([]byte(jsonOf(t, report.Report{Warnings: []string{text}})), &got); err != nil || got.Warnings[0] != text {
			t.Errorf("%q became %q: %v", text, got.Warnings, err)
		}
	}
}
