package gcsstore

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/api/googleapi"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// put sends size bytes from an offset on, or asks how many there are.
func (u *session) put(ctx context.Context, body io.Reader, from, size int64, crc string) (*http.Response, error) {
	h := http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", u.src.Size)}}
	if size > 0 {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+size-1, u.src.Size))
	}
	if crc != "" {
		h.Set("X-Goog-Hash", "crc32c="+crc)
	}
	return u.s.request(ctx, http.MethodPut, u.uri, body, size, h)
}

// request makes a request of a session.
func (s *Store) request(ctx context.Context, method, uri string, body io.Reader, size int64, h http.Header) (*http.Response, error) {
	c, err := s.connection(ctx)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, uri, body)
	if err != nil {
		return nil, fmt.Errorf("%w: its name is no URI", bucket.ErrNoUpload) // which err would repeat
	}
	if r.URL.Scheme != "https" && !strings.HasPrefix(c.base, "http:") {
		return nil, fmt.Errorf("%w: it is elsewhere", bucket.ErrNoUpload) // no credentials go there
	}
	r.ContentLength = size
	for name, values := range h {
		r.Header[name] = values
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, classify(ctx, err)
	}
	return answer, nil
}

// failed classifies an answer about a session that is none of those expected.
// What is missing then is the session.
func failed(ctx context.Context, answer *http.Response) error {
	err := googleapi.CheckResponse(answer)
	if err == nil {
		return nil
	}
	said, ok := errors.AsType[*googleapi.Error](err)
	google := ok && vouched(said) || answer.Header.Get("X-GUploader-UploadID") != ""
	if code := answer.StatusCode; google && (code == http.StatusNotFound || code == http.StatusGone) {
		return &wire.Failure{Kind: bucket.ErrNoUpload, Text: fmt.Sprintf("%v: HTTP %d", bucket.ErrNoUpload, code), Err: err}
	}
	return classify(ctx, err)
}

// kept is how many bytes the service says to have, in "Range: bytes=0-N".
func kept(answer *http.Response) int64 {
	_, last, ok := strings.Cut(answer.Header.Get("Range"), "-")
	n, err := strconv.ParseInt(last, 10, 64)
	if !ok || err != nil {
		return 0
	}
	return n + 1
}

// drain lets the connection be used again.
func drain(answer *http.Response) {
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	_ = answer.Body.Close()
}

// running is a CRC32C of bytes as they go by, and their number.
type running struct {
	crc uint32
	n   int64
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once

// Write never fails.
func (r *running) Write(b []byte) (int, error) {
	r.crc = crc32.Update(r.crc, castagnoli(), b)
	r.n += int64(len(b))
	return len(b), nil
}
