package tablemap

import (
	"bufio"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/medialift/medialift/pathmap"
)

// Any table answers as a map in memory would, also where rows are long, said
// twice, or share a hash.
func TestAgainstMap(t *testing.T) {
	seed := maphash.MakeSeed()
	for name, hash := range map[string]func(string) uint64{
		"good hash": func(s string) uint64 { return maphash.String(seed, s) },
		"poor hash": func(s string) uint64 { return maphash.String(seed, s) % 50 << 57 },
		"no hash":   func(string) uint64 { return 1<<64 - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			rows := 3000
			if name == "poor hash" {
				rows = 500
			}
			if name == "no hash" {
				rows = 100 // each is compared with each
			}
			want := map[string]string{}
			var text strings.Builder
			text.WriteString("from,to\n")
			for i := range rows {
				from := fmt.Sprintf("/data/%d%s", i, strings.Repeat("x", r.IntN(40)*r.IntN(40)))
				want[from] = "s3://b/" + from
				for range 1 + r.IntN(2) {
					fmt.Fprintf(&text, "%s,%s\n", from, want[from])
				}
			}
			m := &Map{hash: hash, seed: seed}
			if err := m.build(strings.NewReader(text.String()), Options{Dir: t.TempDir()}); err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			for from, to := range want {
				if got, err := m.Map(t.Context(), pathmap.Path{Path: from}); got != to {
					t.Fatalf("%q: %q, %v, want %q", from, got, err, to)
				}
				if got, err := m.Map(t.Context(), pathmap.Path{Path: from + "?"}); !errors.Is(err, pathmap.ErrNoAnswer) {
					t.Fatalf("%q: %q, %v", from+"?", got, err)
				}
			}
		})
	}
}

// With a poor hash, two answers are found among rows of other paths.
func TestConflictAmongOthers(t *testing.T) {
	m := &Map{hash: func(string) uint64 { return 7 }, seed: maphash.MakeSeed()}
	err := m.build(strings.NewReader("from,to\n/a,1\n/b,1\n/c,2\n/b,3\n"), Options{})
	if err == nil || !strings.Contains(err.Error(), `line 5: "/b" becomes "3", but "1" on line 3`) {
		t.Error(err)
	}
	m.Close()
}

// TABLEMAP_ROWS=10000000 go test -run XXX -bench Large -benchtime 1x
func BenchmarkLarge(b *testing.B) {
	n := 100_000
	if text := os.Getenv("TABLEMAP_ROWS"); text != "" {
		fmt.Sscan(text, &n)
	}
	for b.Loop() {
		r, w := io.Pipe()
		go func() {
			buf := bufio.NewWriterSize(w, 1<<20)
			buf.WriteString("from,to\n")
			for i := range n {
				fmt.Fprintf(buf, "/data/bench/part%02d/img_%08d.jpg,s3://bucket/bench/img_%08d.jpg\n", i%50, i, i)
			}
			buf.Flush()
			w.Close()
		}()
		m, err := Read(r, Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		for i := range 1000 {
			k := i * (n / 1000)
			if _, err := m.Map(b.Context(), pathmap.Path{Path: fmt.Sprintf("/data/bench/part%02d/img_%08d.jpg", k%50, k)}); err != nil {
				b.Fatal(err)
			}
		}
		m.Close()
	}
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM") {
			b.Log(line)
		}
	}
}
