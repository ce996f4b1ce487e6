package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/medialift/medialift/report"
)

// write writes the report of a command that ends with doc.
func (r *reporter) write(doc document) error {
	if len(r.files) == 0 {
		return nil
	}
	if !r.wanted() && r.start() != nil { // the arguments were wrong, which comes first
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leave()
	data := r.data
	data.Tool, data.Version, data.Command, data.Ended = "medialift", doc.Version, doc.Command, r.now()
	data.Throughput = r.recorder.Series()
	data.Warnings = doc.Warnings
	data.Outcome = report.Outcome{
		Status: report.Status(doc.Status), ExitCode: doc.ExitCode, Error: doc.Error, Hint: doc.Hint,
		RetryHelps: doc.RetryHelp, Next: doc.Next,
	}
	n, seen := doc.Counts, report.Slot{}
	data.Totals = report.Totals{
		Objects: n.Objects, Bytes: n.Bytes, Found: n.Found, Replaced: n.Replaced, Rows: n.Rows, Paths: n.Rewritten,
		Already: n.Already, Missing: n.Missing, Failed: n.Failed, Unmatched: n.Unmatched, StillLocal: r.data.Totals.StillLocal,
	}
	// The document of a process that was ended knows less than has been seen.
	for _, slot := range data.Throughput.Slots {
		seen.Bytes, seen.Files = seen.Bytes+slot.Bytes, seen.Files+slot.Files
	}
	data.Totals.Objects, data.Totals.Bytes = max(n.Objects, seen.Files), max(n.Bytes, seen.Bytes)
	if r.at >= 0 && data.Datasets[r.at].Status == report.Planned {
		data.Datasets[r.at].Status = data.Outcome.Status
	}
	data.Traffic = report.Traffic{Requests: n.Requests, Retries: n.Retries, Throttled: n.Throttled, Causes: map[string]int64{}}
	for _, cause := range slices.Sorted(maps.Keys(n.Retried)) {
		data.Traffic.Causes[string(cause)] = n.Retried[cause]
	}
	var errs []error
	for _, file := range r.files {
		if err := writeReport(file, data); err != nil {
			errs = append(errs, fmt.Errorf("writing the report: %w", err))
		}
	}
	return errors.Join(errs...)
}

// lastWrite is how long a process that has to end may take to write its report.
const lastWrite = 300 * time.Millisecond

// lastWords writes the report of a process that ends before its command does, if
// that can be done quickly: the command may be at work on what is reported, or the
// disk may be what does not answer.
func (r *reporter) lastWords(doc document) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.write(doc) // nobody is left to hear of it
	}()
	select {
	case <-done:
	case <-time.After(lastWrite):
	}
}

// reportFile is where a report goes: it refuses what cannot be written, or must
// not be.
func reportFile(file string) (string, error) {
	if file == "" {
		return "", usage("write --report FILE.html or FILE.json", "--report has no file")
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return "", fmt.Errorf("finding %q: %w", file, err)
	}
	if there, err := filepath.EvalSymlinks(path); err == nil {
		path = there
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", unwritable(file, err)
	case !info.Mode().IsRegular():
		return "", usage("name a file that is a report or is not there yet", "--report %q is no regular file", file)
	case info.Size() > 0:
		if ours, err := isReport(path); err != nil {
			return "", unwritable(file, err)
		} else if !ours {
			return "", usage("name a file that is a report or is not there yet", "--report %q is there and is no report of medialift", file)
		}
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".medialift-report-*")
	if err != nil {
		return "", unwritable(file, err)
	}
	return path, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func unwritable(file string, err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		err = inner // which names no temporary file
	}
	return usage("name a file in a folder that is there and can be written to", "--report %q cannot be written: %v", file, err)
}

// isReport tells whether an earlier invocation wrote the file.
func isReport(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 512))
	return bytes.Contains(head, []byte(report.Schema)), err
}

// writeReport writes a report beside its place, then moves it there.
func writeReport(path string, data report.Report) (err error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	// Not os.CreateTemp's, which nobody else may read.
	temp := fmt.Sprintf(".medialift-report-%d-%d", os.Getpid(), time.Now().UnixNano())
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = root.Remove(temp)
		}
	}()
	if strings.EqualFold(filepath.Ext(path), ".json") {
		err = report.WriteJSON(f, data)
	} else {
		err = report.WriteHTML(f, data)
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = root.Rename(temp, filepath.Base(path))
	}
	return err
}
