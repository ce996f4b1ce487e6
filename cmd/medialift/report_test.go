package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/report"
)

func readReport(t *testing.T, path string) report.Report {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// The numbers of a report are those of the document, and add up.
func TestReportAddsUp(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	var mu sync.Mutex
	puts := 0
	m := newTool(t, between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		puts++
		if puts%9 != 0 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})...)
	dir := t.TempDir()
	writeExport(t, dir, 40, "")
	path := filepath.Join(dir, "run.json")
	doc := m.run(exitDone, "upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths", "--report", path)
	r := readReport(t, path)
	var slots report.Slot
	for _, s := range r.Throughput.Slots {
		slots.Bytes, slots.Files = slots.Bytes+s.Bytes, slots.Files+s.Files
		slots.Retries, slots.Throttled = slots.Retries+s.Retries, slots.Throttled+s.Throttled
	}
	n := doc.Counts
	if r.Totals.Objects != n.Objects || r.Totals.Bytes != n.Bytes || slots.Files != n.Objects || slots.Bytes != n.Bytes {
		t.Errorf("the document says %+v, the report %+v, its throughput %+v", n, r.Totals, slots)
	}
	if n.Throttled == 0 || r.Traffic.Throttled != n.Throttled || slots.Throttled == 0 || slots.Throttled > n.Throttled || r.Traffic.Causes["throttled"] == 0 {
		t.Errorf("the document says %d throttled, the report %+v, its throughput %+v", n.Throttled, r.Traffic, slots)
	}
	if len(r.Datasets) != 1 {
		t.Fatalf("datasets %+v", r.Datasets)
	}
	d := r.Datasets[0]
	var arrived, arrivedBytes int64
	for _, f := range d.Fields {
		arrived, arrivedBytes = arrived+f.Arrived, arrivedBytes+f.ArrivedBytes
	}
	if arrived != n.Objects || arrivedBytes != n.Bytes || d.Paths != n.Rewritten || d.Run != doc.Run || d.Status != report.Done || len(d.Samples) == 0 || len(d.Load) != 2 {
		t.Errorf("the document says %+v, the report %+v", n, d)
	}
	var phases []string
	for _, p := range d.Phases {
		phases = append(phases, p.Name)
	}
	if len(phases) < 3 || phases[len(phases)-1] != "rewriting" || r.Ended.Before(r.Started) {
		t.Errorf("phases %q, from %v to %v", phases, r.Started, r.Ended)
	}
}

// An upload that a signal ends leaves its report, whether it ends in its own time
// or at once.
func TestReportOfInterruption(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for requests that stall: not in short mode")
	}
	for name, signals := range map[string]int{"once": 1, "twice": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s3 := buckettest.S3Server(t)
			s3.CreateBucket(t, "media")
			var mu sync.Mutex
			puts, stalled := 0, make(chan struct{})
			m := newTool(t, between(t, s3, func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPut {
					return false
				}
				mu.Lock()
				puts++
				n := puts
				mu.Unlock()
				if n <= 6 {
					return false
				}
				if n == 7 {
					close(stalled)
				}
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			})...)
			dir := t.TempDir()
			writeExport(t, dir, 10, "")
			path := filepath.Join(dir, "run.json")
			cmd := m.command("upload", filepath.Join(dir, "export"), "s3://media/x", "--workers", "2", "--report", path)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-stalled
			for range signals {
				_ = cmd.Process.Signal(syscall.SIGINT)
				time.Sleep(200 * time.Millisecond)
			}
			_ = cmd.Wait()
			r := readReport(t, path)
			if r.Outcome.Status != report.Interrupted || r.Outcome.ExitCode != exitInterrupted || !r.Outcome.RetryHelps || r.Command != "upload" {
				t.Errorf("the report says %+v", r.Outcome)
			}
			if len(r.Datasets) != 1 || r.Datasets[0].Status != report.Interrupted || len(r.Datasets[0].Fields) == 0 {
				t.Errorf("the report says %+v", r.Datasets)
			}
			if r.Totals.Objects == 0 || r.Totals.Objects > 6 {
				t.Errorf("the report says that %d of at most 6 objects were sent", r.Totals.Objects)
			}
		})
	}
}

// What was done is done where the report of it cannot be written, but the command
// has failed.
func TestReportThatCannotBeWritten(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	dir := t.TempDir()
	folder := filepath.Join(dir, "reports")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	m := newTool(t, between(t, s3, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			_ = os.Remove(folder)
		}
		return false
	})...)
	writeExport(t, dir, 3, "")
	args := []string{"upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths", "--report", filepath.Join(folder, "run.html")}
	doc := m.run(exitFailed, args...)
	if doc.Status != "failed" || doc.Counts.Rewritten != 6 || !strings.Contains(doc.Error, "writing the report") || doc.Hint == "" {
		t.Errorf("the document says %+v", doc)
	}
	if doc := m.run(exitDone, args[:4]...); doc.Counts.Objects != 0 {
		t.Errorf("the second run sent %d objects", doc.Counts.Objects)
	}
}
