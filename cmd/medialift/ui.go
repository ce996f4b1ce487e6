package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/medialift/medialift/dataset"
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
	report     reporter
	at         *entry // the dataset that is worked on, of a command that takes several
	// known is what lastWords may say: a copy, since others write to doc.
	known   atomic.Pointer[document]
	said    sync.Once // the document
	secrets secrets
}

func newUI(out, err io.Writer) *ui {
	return &ui{out: out, err: err, doc: document{Command: "medialift", Version: ownVersion()}, report: reporter{now: time.Now}}
}

// start checks the flags that say how to print.
func (u *ui) start() error {
	if u.noProgress {
		u.progress = "none"
	}
	if err := u.bar.start(u.progress, u.err); err != nil {
		return err
	}
	return u.report.start()
}

// say prints a line for people; with --json there are none.
func (u *ui) say(format string, args ...any) {
	u.bar.clear()
	if !u.json {
		u.line(u.out, u.secrets.inLine, format+"\n", args...)
	}
}

// line prints what people read. The format is the program's own; in the arguments,
// which others wrote, nothing is left that a terminal would obey, nor a secret.
func (u *ui) line(to io.Writer, hide func(string) string, format string, args ...any) {
	_, _ = io.WriteString(to, hide(fmt.Sprintf(format, shown(hide, args)...)))
}

// ask prints a question, which the caller waits for the answer to.
func (u *ui) ask(format string, args ...any) {
	u.bar.clear()
	u.line(u.err, u.secrets.inLine, format, args...)
}

// warn prints a line on stderr and keeps it for the document.
func (u *ui) warn(format string, args ...any) {
	u.bar.clear()
	u.doc.Warnings = append(u.doc.Warnings, u.secrets.inError(fmt.Sprintf(format, args...)))
	u.line(u.err, u.secrets.inError, "medialift: warning: "+format+"\n", args...)
}

// wait prints on stderr what is waited for. Other goroutines may call it while a
// command is at work.
func (u *ui) wait(text string) {
	u.line(u.err, u.secrets.inError, "medialift: %s\n", text)
}

// shownProblems is how many problems people see; the document holds more.
const shownProblems = 40

// problems adds rows to the document and, for people, to stderr.
func (u *ui) problems(list []dataset.Problem, total int64) {
	u.bar.clear()
	u.report.problems(list, total)
	room := max(0, dataset.KeptProblems-len(u.doc.Problems))
	u.doc.Problems = append(u.doc.Problems, list[:min(room, len(list))]...)
	if u.at != nil {
		u.at.Problems = append(u.at.Problems, list[:min(len(list), max(0, dataset.KeptProblems-len(u.at.Problems)))]...)
	}
	shown := list[:min(shownProblems, len(list))]
	for _, p := range shown {
		u.line(u.err, u.secrets.inError, "  %s\n", problemLine(p))
	}
	if more := total - int64(len(shown)); more > 0 {
		u.line(u.err, u.secrets.inLine, "  … and %d more\n", more)
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
		u.doc.Error, u.doc.Hint = u.secrets.inError(err.Error()), u.secrets.inError(v.hint)
		u.complain(err, v.hint)
	}
	u.doc.ExitCode, u.doc.RetryHelp = v.code, v.retry
	if u.doc.Status == "" || err != nil {
		u.doc.Status = v.status
	}
	if u.doc.Problems == nil {
		u.doc.Problems = []dataset.Problem{}
	}
	code := u.writeReport(v.code)
	if werr := u.print(u.doc); werr != nil && code == exitDone {
		return exitFailed
	}
	return code
}

// complain prints an error and what to do about it.
func (u *ui) complain(msg any, hint string) {
	u.bar.clear()
	u.line(u.err, u.secrets.inError, "medialift: error: %v\n", msg)
	if hint != "" {
		u.line(u.err, u.secrets.inError, "hint: %s\n", hint)
	}
}

// writeReport writes what --report asks for, and returns the exit code.
func (u *ui) writeReport(code int) int {
	err := u.report.write(u.doc)
	if err != nil {
		u.warn("%v", err)
		if code == exitDone {
			code = exitFailed
			u.doc.ExitCode, u.doc.Status, u.doc.Error = code, "failed", err.Error()
			u.doc.Hint = "the work itself is done: run the same command again with another --report"
			u.line(u.err, u.secrets.inError, "hint: %s\n", u.doc.Hint)
		}
	}
	return code
}

// print prints the document, once.
func (u *ui) print(doc document) (err error) {
	u.said.Do(func() {
		if !u.json {
			return
		}
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err = e.Encode(doc); err == nil {
			_, err = io.WriteString(u.out, u.secrets.inDocument(string(visibleJSON(text.Bytes()))))
		}
	})
	return err
}

// know keeps what is known of the invocation for lastWords.
func (u *ui) know() {
	doc := u.doc
	if list, ok := doc.Datasets.([]*entry); ok {
		doc.Datasets = copies(list)
	}
	u.known.Store(&doc)
}

// lastWords prints a document for a process that ends before its command does:
// what reads a disk that does not answer, say, cannot be stopped.
func (u *ui) lastWords() {
	doc := document{Command: "medialift", Version: ownVersion()}
	if known := u.known.Load(); known != nil {
		doc = *known
	}
	v := judge(errSignal)
	doc.Status, doc.ExitCode, doc.RetryHelp, doc.Hint = v.status, v.code, v.retry, v.hint
	doc.Error, doc.Problems = errSignal.Error(), []dataset.Problem{}
	_ = u.print(doc)
	u.report.lastWords(doc)
}
