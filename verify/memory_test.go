package verify_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/verify"
)

// Memory must not grow with the dataset. MEDIALIFT_TEST_ROWS says how many rows
// to try.
func TestMemoryIsFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	rows := 60000
	if n, err := strconv.Atoi(os.Getenv("MEDIALIFT_TEST_ROWS")); err == nil {
		rows = n
	}
	m := memory{samples: func(yield func(d) bool) {
		for i := range rows {
			path := fmt.Sprintf("s3://b/some/where/in/a/rather/deep/directory/%016d.png", (i*7919)%rows)
			if !yield(d{{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: path}}) {
				return
			}
		}
	}}
	runtime.GC()
	before, had := resident(t), rows/10
	peak := before
	r := check(t, job(m, counting{holding(nil)}), verify.Options{Progress: func(p verify.Progress) {
		if p.Done%int64(had) == 0 {
			peak = max(peak, resident(t))
		}
	}})
	if r.Total.Missing != int64(rows) {
		t.Errorf("%+v", r.Total)
	}
	t.Logf("%d rows: %d MB more", rows, (peak-before)>>20)
	if grown := peak - before; grown > 150<<20 {
		t.Errorf("%d MB more than before", grown>>20)
	}
}

// resident is the memory of this process, all that its libraries hold included.
func resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("only Linux tells")
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
