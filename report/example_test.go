package report_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/medialift/medialift/report"
)

// A page of a run that sent two files in two seconds.
func Example() {
	clock := time.Date(2026, 11, 28, 21, 4, 0, 0, time.UTC)
	now := func() time.Time { return clock }
	r := report.Report{Tool: "medialift", Version: "1.0.0", Command: "upload", Started: now()}
	recorder := report.NewRecorder(now)
	for n := int64(1); n <= 2; n++ {
		clock = clock.Add(time.Second)
		recorder.Progress(report.Progress{Phase: "sending", Files: n, Bytes: n << 20, Moves: true})
	}
	r.Throughput, r.Ended = recorder.Series(), now()
	r.Outcome = report.Outcome{Status: report.Done}

	var page strings.Builder
	fmt.Println(report.WriteHTML(&page, r))
	fmt.Println(strings.Contains(page.String()[:256], report.Schema))
	for _, phase := range recorder.Phases() {
		fmt.Println(phase.Name, phase.Seconds, "s")
	}
	// Output:
	// <nil>
	// true
	// sending 1 s
}
