package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A quantity is a number with its unit, which a page may show smaller.
type quantity struct{ Number, Unit string }

func (q quantity) String() string { return strings.TrimSpace(q.Number + " " + q.Unit) }

// scaled gives a number three figures and a unit that fits.
func scaled(n float64, unit string) quantity {
	prefixes := []string{"", "k", "M", "G", "T", "P", "E"}
	i := 0
	for ; n >= 999.5 && i < len(prefixes)-1; i++ {
		n /= 1000
	}
	return quantity{figures(n), prefixes[i] + unit}
}

// figures spells a number that is not negative with about three figures.
func figures(n float64) string {
	places := 0
	switch {
	case n == math.Trunc(n):
	case n < 1:
		places = 2
	case n < 99.95:
		places = 1
	}
	s := strconv.FormatFloat(n, 'f', places, 64)
	if places > 0 {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func bytesOf(n int64) quantity { return scaled(float64(n), "B") }

// count spells a number with its thousands apart.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural is "1 file" or "1,234 files".
func plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + one + "s"
}

// duration spells seconds for people: "0.05 s", "3 min 14 s", "1 h 02 min", "2 d 3 h".
func duration(seconds float64) string {
	if seconds < 59.95 {
		return figures(math.Round(seconds*100)/100) + " s"
	}
	s := int64(math.Round(seconds))
	switch {
	case s < 3600:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%d h %02d min", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%d d %d h", s/86400, s%86400/3600)
}

// clock spells a time since the start of a run as short as an axis needs it.
func clock(seconds float64) string {
	switch {
	case seconds == math.Trunc(seconds):
	case seconds < 60:
		return strconv.FormatFloat(seconds, 'f', -1, 64) + " s"
	}
	s := int64(math.Round(seconds))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s%3600/60, s%60)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.Format("2 January 2006, 15:04:05 MST")
}
