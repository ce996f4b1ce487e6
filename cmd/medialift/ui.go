package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/execmap"
	"github.com/medialift/medialift/pathmap/starmap"
	"github.com/medialift/medialift/upload"
)

// Exit codes, as the manual promises them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPartial     = 3
	exitRefused     = 4
	exitLocked      = 5
	exitInterrupted = 130
)

// partialError ends a command that did part of its work: exit code 3.
type partialError struct {
	msg, hint string
	// stuck tells that the same command would get no further.
	stuck bool
	err   error // what stood in the way, if it has more to say
}

func (e *partialError) Error() string { return e.msg }
func (e *partialError) Unwrap() error { return e.err }

// A ui prints, and turns errors into hints and exit codes. Nothing else in the
// project does either.
type ui struct {
	out, err   io.Writer
	json       bool
	progress   string
	noProgress bool
	doc        document
	bar        bar
	// known is what lastWords may say: a copy, since others write to doc.
	known atomic.Pointer[document]
	said  sync.Once // the document
}

func newUI(out, err io.Writer) *ui {
	return &ui{out: out, err: err, doc: document{Command: "medialift", Version: version}}
}

// start checks the flags that say how to print.
func (u *ui) start() error {
	if u.noProgress {
		u.progress = "none"
	}
	return u.bar.start(u.progress, u.err)
}

// say prints a line for people; with --json there are none.
func (u *ui) say(format string, args ...any) {
	u.bar.clear()
	if !u.json {
		_, _ = fmt.Fprintf(u.out, format+"\n", args...)
	}
}

// warn prints a line on stderr and keeps it for the document.
func (u *ui) warn(format string, args ...any) {
	u.bar.clear()
	msg := fmt.Sprintf(format, args...)
	u.doc.Warnings = append(u.doc.Warnings, msg)
	_, _ = fmt.Fprintf(u.err, "medialift: warning: %s\n", msg)
}

// shownProblems is how many problems people see; the document holds more.
const shownProblems = 40

// problems adds rows to the document and, for people, to stderr.
func (u *ui) problems(list []dataset.Problem, total int64) {
	u.bar.clear()
	room := max(0, dataset.KeptProblems-len(u.doc.Problems))
	u.doc.Problems = append(u.doc.Problems, list[:min(room, len(list))]...)
	shown := list[:min(shownProblems, len(list))]
	for _, p := range shown {
		_, _ = fmt.Fprintf(u.err, "  %s\n", problemLine(p))
	}
	if more := total - int64(len(shown)); more > 0 {
		_, _ = fmt.Fprintf(u.err, "  … and %d more\n", more)
	}
}

func problemLine(p dataset.Problem) string {
	var b strings.Builder
	b.WriteString(p.Kind + ":")
	if p.ID != "" {
		fmt.Fprintf(&b, " %s", p.ID)
	}
	if p.Field != "" {
		fmt.Fprintf(&b, " %s", p.Field)
	}
	if p.Path != "" {
		fmt.Fprintf(&b, " %q", p.Path)
	}
	if p.URL != "" {
		fmt.Fprintf(&b, " → %s", p.URL)
	}
	if p.Hint != "" {
		fmt.Fprintf(&b, " (%s)", p.Hint)
	}
	return b.String()
}

// finish prints the error and the document, and returns the exit code.
func (u *ui) finish(err error) int {
	u.bar.clear()
	v := judge(err)
	var refusal *dataset.Refusal
	if errors.As(err, &refusal) {
		u.problems(refusal.Problems, refusal.Total)
	}
	if err != nil {
		u.doc.Error, u.doc.Hint = err.Error(), v.hint
		_, _ = fmt.Fprintf(u.err, "medialift: error: %v\n", err)
		if v.hint != "" {
			_, _ = fmt.Fprintf(u.err, "hint: %s\n", v.hint)
		}
	}
	u.doc.ExitCode, u.doc.RetryHelp = v.code, v.retry
	if u.doc.Status == "" || err != nil {
		u.doc.Status = v.status
	}
	if u.doc.Problems == nil {
		u.doc.Problems = []dataset.Problem{}
	}
	if werr := u.print(u.doc); werr != nil && v.code == exitDone {
		return exitFailed
	}
	return v.code
}

// print prints the document, once.
func (u *ui) print(doc document) (err error) {
	u.said.Do(func() {
		if !u.json {
			return
		}
		e := json.NewEncoder(u.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(doc)
	})
	return err
}

// know keeps what is known of the invocation for lastWords.
func (u *ui) know() {
	doc := u.doc
	u.known.Store(&doc)
}

// lastWords prints a document for a process that ends before its command does:
// what reads a disk that does not answer, say, cannot be stopped.
func (u *ui) lastWords() {
	doc := document{Command: "medialift", Version: version}
	if known := u.known.Load(); known != nil {
		doc = *known
	}
	v := judge(errSignal)
	doc.Status, doc.ExitCode, doc.RetryHelp, doc.Hint = v.status, v.code, v.retry, v.hint
	doc.Error, doc.Problems = errSignal.Error(), []dataset.Problem{}
	_ = u.print(doc)
}

// A verdict is what an error means to the caller of the process.
type verdict struct {
	code   int
	status string
	hint   string
	retry  bool // the same command may get further
}

// judge maps an error to its verdict: one table for the whole program.
func judge(err error) verdict {
	var (
		use     *usageError
		part    *partialError
		wrong   *wrongError
		refusal *dataset.Refusal
	)
	switch {
	case err == nil:
		return verdict{code: exitDone, status: "done"}
	case errors.As(err, &use):
		return verdict{code: exitUsage, status: "usage", hint: use.hint}
	case errors.Is(err, errSignal):
		return verdict{exitInterrupted, "interrupted", "the same command goes on from here", true}
	case errors.As(err, &part):
		return verdict{exitPartial, "partial", part.hint, !part.stuck}
	case errors.As(err, &wrong):
		return verdict{code: exitFailed, status: "failed", hint: wrong.hint}
	case errors.As(err, &refusal):
		return verdict{code: exitRefused, status: "refused", hint: refusal.Hint}
	case strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "unknown shorthand"):
		return verdict{code: exitUsage, status: "usage", hint: "see medialift --help"}
	}
	for _, row := range verdicts {
		if errors.Is(err, row.err) {
			return row.verdict
		}
	}
	return verdict{code: exitFailed, status: "failed", hint: "the message above says where it stopped; nothing that the ledger calls done is lost"}
}

var verdicts = []struct {
	err error
	verdict
}{
	{ledger.ErrLocked, verdict{exitLocked, "locked", "wait for the other run to end, or stop it; it can be resumed", true}},
	{dataset.ErrUnknownField, verdict{exitUsage, "usage", "choose one of the listed fields with --media-field", false}},
	{dataset.ErrNotDataset, verdict{exitUsage, "usage", "export the dataset with dataset_type=fo.types.FiftyOneDataset, and name the directory that holds metadata.json", false}},
	{dataset.ErrUnsupported, verdict{exitRefused, "refused", "import it into a current FiftyOne and export it again", false}},
	{dataset.ErrMalformed, verdict{exitRefused, "refused", "export the dataset again; nothing was changed", false}},
	{pathmap.ErrSpec, verdict{exitUsage, "usage", "a map is prefix:FROM=TO, regexp:PATTERN=REPLACEMENT, table:FILE.csv, template:TEXT, star:FILE.star, exec:COMMAND or run:RUN; write \\= for an = inside", false}},
	{starmap.ErrFunction, verdict{exitFailed, "failed", "mend the function; nothing was changed", false}},
	{execmap.ErrProgram, verdict{exitFailed, "failed", "the program must write one line for each line it reads, and end without an error; nothing was changed", false}},
	{exec.ErrNotFound, verdict{exitUsage, "usage", "check the spelling; the program must be on the PATH or be written with its folder", false}},
	{open.ErrURL, verdict{exitUsage, "usage", "write s3://bucket/prefix, file:///dir or a path", false}},
	{open.ErrScheme, verdict{exitUsage, "usage", "write s3://bucket/prefix, file:///dir or a path", false}},
	{upload.ErrTemplate, verdict{exitUsage, "usage", "a URL may hold {dataset} and {field}", false}},
	{ledger.ErrNoRun, verdict{exitUsage, "usage", "medialift runs lists them", false}},
	{ledger.ErrOtherPlan, verdict{exitRefused, "refused", "use another --state folder, or remove that ledger if it is not needed", false}},
	{ledger.ErrFull, verdict{exitFailed, "failed", "make room on that disk, or put the state of runs elsewhere with --state", true}},
	{ledger.ErrDamaged, verdict{exitFailed, "failed", "move that file away, or use another --state folder; without it the run stays safe, only its undo is lost", false}},
	{bucket.ErrNoBucket, verdict{exitFailed, "failed", "create the bucket first, or check its name and --endpoint-url", false}},
	{bucket.ErrDenied, verdict{exitFailed, "failed", "check the credentials (AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT, …) and what they allow", false}},
	{bucket.ErrUnreachable, verdict{exitFailed, "failed", "check the network, --endpoint-url and AWS_ENDPOINT_URL", true}},
	{bucket.ErrExists, verdict{exitRefused, "refused", "--overwrite=own replaces what an earlier run sent, --overwrite anything", false}},
	{bucket.ErrSourceChanged, verdict{exitFailed, "failed", "run the same command again once the files are still", true}},
	{bucket.ErrChecksum, verdict{exitFailed, "failed", "the store holds other bytes than were sent: run the same command again, and suspect the network or the disk", true}},
	{bucket.ErrTemporary, verdict{exitFailed, "failed", "run the same command again: it goes on from here", true}},
	{syscall.ENOSPC, verdict{exitFailed, "failed", "make room on that disk, or put the state of runs elsewhere with --state", true}},
	{fs.ErrPermission, verdict{exitFailed, "failed", "check the permissions of the file or folder named above", false}},
	{os.ErrNotExist, verdict{exitUsage, "usage", "check the spelling of the file named above", false}},
}
