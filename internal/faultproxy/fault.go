package faultproxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// Answer answers itself, with an error as S3 spells it; a code that is empty
// leaves the body away. Headers are given as name and value in turn.
func Answer(status int, code string, headers ...string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		if code == "" {
			w.WriteHeader(status)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>injected</Message></Error>", code)
		}
	}
}

// Reset breaks the connection before the server hears of the request.
func Reset() Fault {
	return func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }
}

// LoseAnswer has the server do what is asked, and breaks the connection.
func LoseAnswer() Fault {
	return func(_ http.ResponseWriter, r *http.Request, server http.Handler) {
		server.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
}

// Stall never answers, though the connection stays.
func Stall() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// StallUpload does not take the body of the request.
func StallUpload() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// Trickle has the server do what is asked and passes its answer on a byte at a
// time, with a pause after each.
func Trickle(pause time.Duration) Fault {
	return raw(func(w io.Writer, answer []byte) { drip(w, answer, pause) })
}

// TrickleBody is Trickle for the body of the answer; its headers come at once.
func TrickleBody(pause time.Duration) Fault {
	return raw(func(w io.Writer, answer []byte) {
		at := bytes.Index(answer, []byte("\r\n\r\n")) + 4
		if _, err := w.Write(answer[:at]); err != nil {
			return
		}
		drip(w, answer[at:], pause)
	})
}

func drip(w io.Writer, text []byte, pause time.Duration) {
	for i := range text {
		if _, err := w.Write(text[i : i+1]); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

// Truncate has the server do what is asked and passes on so many bytes of its
// answer, headers included, or half of it if that is shorter.
func Truncate(n int) Fault {
	return raw(func(w io.Writer, answer []byte) { _, _ = w.Write(answer[:min(n, len(answer)/2)]) })
}

// raw writes the server's answer to the connection by hand, and closes it.
func raw(write func(io.Writer, []byte)) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		recorded := httptest.NewRecorder()
		server.ServeHTTP(recorded, r)
		result := recorded.Result()
		defer func() { _ = result.Body.Close() }()
		var answer bytes.Buffer
		if err := result.Write(&answer); err != nil {
			panic(http.ErrAbortHandler)
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer func() { _ = conn.Close() }()
		write(conn, answer.Bytes())
	}
}

// OtherAnswer has the server do what is asked, and changes headers of its
// answer, given as name and value in turn; an empty value removes one.
func OtherAnswer(headers ...string) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		recorded := httptest.NewRecorder()
		server.ServeHTTP(recorded, r)
		for name, values := range recorded.Header() {
			w.Header()[name] = values
		}
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Del(headers[i])
			if headers[i+1] != "" {
				w.Header().Set(headers[i], headers[i+1])
			}
		}
		w.WriteHeader(recorded.Code)
		_, _ = recorded.Body.WriteTo(w)
	}
}

// Damage changes a bit of the body on its way to the server.
func Damage() Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) == 0 {
			panic(http.ErrAbortHandler)
		}
		body[len(body)/2] ^= 1
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
		server.ServeHTTP(w, r)
	}
}

// Skew answers as a server whose clock is so far ahead of this machine's (or
// behind, where negative), and which is strict: it takes requests that are
// signed within tolerance of its own time.
func Skew(ahead, tolerance time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		now := time.Now().Add(ahead)
		date := now.UTC().Format(http.TimeFormat)
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || now.Sub(signed).Abs() > tolerance {
			Answer(http.StatusForbidden, "RequestTimeTooSkewed", "Date", date)(w, r, server)
			return
		}
		OtherAnswer("Date", date)(w, r, server)
	}
}

// Token answers as a server that takes only requests with the session token
// that current returns.
func Token(current func() string) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		if r.Header.Get("X-Amz-Security-Token") != current() {
			Answer(http.StatusBadRequest, "ExpiredToken")(w, r, server)
			return
		}
		server.ServeHTTP(w, r)
	}
}

// Delay waits and then lets the request through.
func Delay(pause time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		select {
		case <-time.After(pause):
		case <-r.Context().Done():
		}
		server.ServeHTTP(w, r)
	}
}

// CutBody passes on the first half of the request's body, after which both
// connections break.
func CutBody() Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		if r.ContentLength > 0 {
			r.Body = &cutBody{r.Body, (r.ContentLength + 1) / 2}
			server.ServeHTTP(httptest.NewRecorder(), r) // it panics as a rule
		}
		panic(http.ErrAbortHandler)
	}
}

// A cutBody breaks off when so many bytes are left to read.
type cutBody struct {
	io.ReadCloser
	left int64
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
