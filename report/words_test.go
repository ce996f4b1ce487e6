package report

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestNumbers(t *testing.T) {
	for got, want := range map[string]string{
		bytesOf(0).String(): "0 B", bytesOf(999).String(): "999 B", bytesOf(1000).String(): "1 kB", bytesOf(20_084).String(): "20.1 kB",
		bytesOf(999_999).String(): "1 MB", bytesOf(8_800_000_000_000).String(): "8.8 TB", scaled(0.04, "B/s").String(): "0.04 B/s",
		count(7): "7", count(1234): "1,234", count(-1234567): "-1,234,567", count(999): "999",
		duration(0.051): "0.05 s", duration(0): "0 s", duration(12.34): "12.3 s", duration(59.99): "1 min 00 s", duration(3661): "1 h 01 min", duration(90_000): "1 d 1 h",
		clock(0.5): "0.5 s", clock(65): "1:05", clock(3725): "1:02:05",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDiff(t *testing.T) {
	for _, tt := range []struct {
		old, new string
		want     diff
	}{
		{"/data/coco/1.png", "s3://m/coco/1.png", diff{"", "/data", "s3://m", "/coco/1.png"}},
		{"data/1.png", "s3://b/xdata/1.png", diff{"", "data", "s3://b/xdata", "/1.png"}},
		{"a/b/1.png", "a/c/1.png", diff{"a/", "b", "c", "/1.png"}},
		{"1.png", "s3://b/1.png", diff{"", "", "s3://b/", "1.png"}},
		{"a/cat.png", "a/dog.png", diff{"a/", "cat", "dog", ".png"}},
		{"same", "same", diff{"same", "", "", ""}},
		{"", "x", diff{"", "", "x", ""}},
	} {
		if got := diffOf(tt.old, tt.new); got != tt.want {
			t.Errorf("%q → %q: %+v, want %+v", tt.old, tt.new, got, tt.want)
		}
	}
}

// The parts make the whole again, and no character is cut.
func FuzzDiff(f *testing.F) {
	f.Add("/data/é/1.png", "s3://b/è/1.png")
	f.Add("é", "è")
	f.Fuzz(func(t *testing.T, before, after string) {
		d := diffOf(before, after)
		if d.Before+d.Old+d.After != before || d.Before+d.New+d.After != after {
			t.Fatalf("%q → %q: %+v", before, after, d)
		}
		if utf8.ValidString(before) && utf8.ValidString(after) {
			for _, s := range []string{d.Before, d.Old, d.New, d.After} {
				if !utf8.ValidString(s) {
					t.Fatalf("%q → %q cuts a character: %+v", before, after, d)
				}
			}
		}
	})
}

// What is shown holds nothing that a terminal obeys or that is not seen, and is
// shown as it is if it is shown again.
func FuzzVisible(f *testing.F) {
	for _, s := range []string{
		"a\u202eb\x00", "\x1b]0;TITLE\x07\x1b[2J", "\x9b2J", "\u009b2J", "a\r\nb\tc\x7f", "pass\u200bword\ufeff\u2060", "\u2028\u2029", "x\u200dy",
		"👩\u200d💻 می\u200cخواهم", "🏴\U000e0067\U000e0062\U000e007f", "a\U000e0041", "\u00ad\u034f\u115f\u3164", "\\x1b", "é e\u0301 日本",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Visible(s)
		if !utf8.ValidString(got) || Visible(got) != got {
			t.Fatalf("%q is shown as %q, then as %q", s, got, Visible(got))
		}
		for _, c := range got {
			joiner := c == '\u200c' || c == '\u200d' || c >= 0xe0020 && c <= 0xe007f
			if unicode.In(c, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) || unicode.Is(unicode.Cf, c) && !joiner {
				t.Fatalf("%q is shown as %q", s, got)
			}
		}
	})
}

func TestVisible(t *testing.T) {
	for s, want := range map[string]string{
		"plain \\ text":        "plain \\ text",
		"\x1b[2J":              `\x1b[2J`,
		"\x9b2J":               `\x9b2J`,
		"\u009b":               `\u009b`,
		"a\nb\tc\x7f":          `a\nb\tc\x7f`,
		"a\u202eb":             `a\u202eb`,
		"pass\u200dword\u200b": `pass\u200dword\u200b`,
		"👩\u200d💻":             "👩\u200d💻",
		"می\u200cخواهم":        "می\u200cخواهم",
		"a\U000e0041":          `a\U000e0041`,
		"é 日本 a\u0301":         "é 日本 a\u0301",
	} {
		if got := Visible(s); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}

// Axes end at or above what they hold, after few steps.
func FuzzNiceStep(f *testing.F) {
	f.Add(1.0)
	f.Add(187e6)
	f.Fuzz(func(t *testing.T, most float64) {
		if !(most > 1e-6 && most < 1e18) {
			t.Skip()
		}
		step, end := niceStep(most)
		if n := end / step; end < most*(1-1e-6) || n < 0.99 || n > 5.01 {
			t.Fatalf("%v: step %v, end %v", most, step, end)
		}
	})
}

func TestTimeTicks(t *testing.T) {
	for _, span := range []float64{0.2, 3, 59, 600, 86_400, 90 * 86_400} {
		if n := len(timeTicks(span/7, span, 8)); n < 2 || n > 9 {
			t.Errorf("%d ticks in %v s", n, span)
		}
	}
}
