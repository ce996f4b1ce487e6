package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// step is how far a phase of a command has come.
type step struct {
	Phase      string `json:"phase"`
	Files      int64  `json:"files"`
	TotalFiles int64  `json:"total_files"`
	Bytes      int64  `json:"bytes"`
	TotalBytes int64  `json:"total_bytes"`
}

// plainEvery is how often progress is a line where there is no terminal.
const plainEvery = 5 * time.Second

// A bar shows progress on stderr: a bar on a terminal, else a line now and
// then.
type bar struct {
	mode  string
	out   io.Writer
	last  time.Time
	phase string
	line  *progressbar.ProgressBar
}

func (b *bar) start(mode string, out io.Writer) error {
	b.out, b.last = out, time.Now()
	switch mode {
	case "plain", "json", "none":
		b.mode = mode
	case "auto", "":
		b.mode = "plain"
		if isTerminal(out) {
			b.mode = "bar"
		}
	default:
		return usage("use auto, plain, json or none", "unknown kind of progress %q", mode)
	}
	return nil
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// show takes one report; those that come too fast are dropped.
func (b *bar) show(s step) {
	switch b.mode {
	case "bar":
		b.draw(s)
	case "plain":
		if time.Since(b.last) >= plainEvery {
			b.last = time.Now()
			_, _ = fmt.Fprintln(b.out, "medialift: "+s.text())
		}
	case "json":
		final := s.TotalFiles > 0 && s.Files == s.TotalFiles
		if final || time.Since(b.last) >= time.Second {
			b.last = time.Now()
			_ = json.NewEncoder(b.out).Encode(s)
		}
	}
}

func (s step) text() string {
	switch {
	case s.TotalBytes > 0:
		return fmt.Sprintf("%s: %d of %d files, %s of %s", s.Phase, s.Files, s.TotalFiles, size(s.Bytes), size(s.TotalBytes))
	case s.TotalFiles > 0:
		return fmt.Sprintf("%s: %d of %d", s.Phase, s.Files, s.TotalFiles)
	}
	return fmt.Sprintf("%s: %d", s.Phase, s.Files)
}

func (b *bar) draw(s step) {
	if b.phase != s.Phase {
		b.clear()
		b.phase = s.Phase
		total := s.TotalBytes
		if total == 0 {
			total = -1
		}
		b.line = progressbar.NewOptions64(total, progressbar.OptionSetWriter(b.out), progressbar.OptionShowBytes(s.TotalBytes > 0),
			progressbar.OptionSetDescription(s.Phase), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionSpinnerType(14),
			// A spinner that turns by itself does so in a goroutine that nothing ends.
			progressbar.OptionSetSpinnerChangeInterval(0))
	}
	if s.TotalBytes > 0 {
		b.line.Describe(fmt.Sprintf("%s %d/%d files", s.Phase, s.Files, s.TotalFiles))
		_ = b.line.Set64(s.Bytes)
		return
	}
	_ = b.line.Set64(s.Files)
}

// clear takes the bar off the screen, so that a line can be printed.
func (b *bar) clear() {
	if b.line != nil {
		_ = errors.Join(b.line.Exit(), b.line.Clear())
		b.line, b.phase = nil, ""
	}
}

// size spells a number of bytes for people.
func size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	div, exp := int64(unit), 0
	for m := n / unit; m >= unit; m /= unit {
		div *= unit
		exp++
	}
	return fmt.Sprintf("%.1f %cB", float64(n)/float64(div), "kMGTPE"[exp])
}

// plural is "1 file" or "2 files".
func plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func count(n int64) string { return strconv.FormatInt(n, 10) }
