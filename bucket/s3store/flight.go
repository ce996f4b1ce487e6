package s3store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/medialift/medialift/bucket"
)

const (
	// userAgent names the sender to the endpoint.
	userAgent = "medialift"
	// unsignedPayload stands in a signature for the hash of the body.
	unsignedPayload = "UNSIGNED-PAYLOAD"
	// continueAt is the size in bytes from which on the endpoint is asked before
	// the body is sent, as the SDK does.
	continueAt = 2 << 20
	// answerLimit is how much of an answer is read.
	answerLimit = 64 << 10
)

// A flight is one request of the hot path; it is used again once it has landed.
// The body is a plain bytes.Reader, as net/http sends headers and body together
// only then; so it has to be known when net/http has read the last of it.
type flight struct {
	url    url.URL
	header http.Header
	values [14]string // that header refers to
	used   int
	data   []byte
	reader bytes.Reader
	body   io.ReadCloser
	base   http.Request
	trace  httptrace.ClientTrace
	// begun and done count the connections that were asked to send the body, and
	// those that have finished with it.
	begun, done atomic.Int32
}

func newFlight() *flight {
	f := &flight{header: make(http.Header, len(flight{}.values))}
	f.body = io.NopCloser(&f.reader)
	f.trace.GotConn = func(httptrace.GotConnInfo) { f.begun.Add(1) }
	f.trace.WroteRequest = func(httptrace.WroteRequestInfo) { f.done.Add(1) }
	f.base = http.Request{
		Method: http.MethodPut, URL: &f.url, Header: f.header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		// For a connection that turned out to be closed before a byte was written.
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(f.data)), nil },
	}
	return f
}

// set sets a header; name is in canonical form.
func (f *flight) set(name, value string) {
	f.values[f.used] = value
	f.header[name] = f.values[f.used : f.used+1 : f.used+1]
	f.used++
}

// request prepares a request to send data; GotConn and WroteRequest are called
// on the way.
func (f *flight) request(ctx context.Context, data []byte) *http.Request {
	f.data = data
	f.reader.Reset(data)
	f.base.ContentLength = int64(len(data))
	f.base.Body = http.NoBody
	if len(data) > 0 {
		f.base.Body = f.body
	}
	return f.base.WithContext(httptrace.WithClientTrace(ctx, &f.trace))
}

// landed tells that nothing reads the body or the headers any more. It may only
// be asked once the transport is done with the request.
func (f *flight) landed() bool { return f.begun.Load() == f.done.Load() }

func (f *flight) reset() {
	clear(f.header)
	clear(f.values[:f.used])
	f.used, f.data = 0, nil
	f.reader.Reset(nil)
	f.begun.Store(0)
	f.done.Store(0)
}

// fly makes one request on the hot path. It waits at the gate before it is signed:
// signatures expire.
func (s *Store) fly(ctx context.Context, t *target, key string, p *payload, how shot) (sent, error) {
	h := &s.quirks.hot
	if err := bucket.Gate(ctx); err != nil {
		return sent{}, s.classify(ctx, err)
	}
	f, ok := h.flights.Get().(*flight)
	if !ok {
		f = newFlight()
	}
	t.object(&f.url, key)
	hash := f.headers(t, p, how)
	f.attributes(s.as)
	if s.payer {
		f.set(payerHeader, payerValue)
	}
	if p.src.Size >= continueAt && !s.quirks.get().refusesExpect {
		f.set("Expect", "100-continue")
	}
	keys, err := h.credentials.Retrieve(ctx)
	if err != nil {
		return sent{}, s.classify(ctx, err)
	}
	r := f.request(ctx, p.bytes())
	if err := h.signer.SignHTTP(ctx, keys, r, hash, "s3", t.signed, h.now()); err != nil {
		return sent{}, s.classify(ctx, err)
	}
	answer, err := h.transport.RoundTrip(r)
	if err != nil {
		p.lent = true
		return sent{}, s.classify(ctx, &smithyhttp.RequestSendError{Err: err})
	}
	out, err := h.read(answer)
	out.shot = how
	if f.landed() {
		f.reset()
		h.flights.Put(f)
	} else {
		p.lent = true
	}
	return out, s.classify(ctx, err)
}

// headers sets all headers but those of the signature, and returns the hash of
// the body that goes into it. Over TLS the checksum is enough, as for the SDK;
// without TLS only a signed hash keeps somebody in between from changing both.
func (f *flight) headers(t *target, p *payload, how shot) string {
	hash := unsignedPayload
	if !how.checksum || t.base.Scheme != "https" {
		sum := sha256.Sum256(p.bytes())
		hash = hex.EncodeToString(sum[:])
	}
	f.set("User-Agent", userAgent)
	f.set("X-Amz-Content-Sha256", hash)
	if p.src.ContentType != "" {
		f.set("Content-Type", p.src.ContentType)
	} else { // as the SDK does
		f.set("Content-Type", "application/octet-stream")
	}
	switch {
	case how.crc32:
		f.set("X-Amz-Checksum-Crc32", p.crc32)
	case how.checksum:
		f.set("X-Amz-Checksum-Crc64nvme", p.crc)
	}
	if how.absent {
		f.set("If-None-Match", "*")
	}
	if how.match != "" {
		f.set("If-Match", `"`+how.match+`"`)
	}
	if p.md5Sum != "" {
		f.set("Content-Md5", p.md5Sum)
	}
	return hash
}

// attributes sets the headers of what objects are written with.
func (f *flight) attributes(as bucket.Attributes) {
	if as == (bucket.Attributes{}) {
		return
	}
	const encryption = "X-Amz-Server-Side-Encryption"
	for _, h := range [...][2]string{
		{"X-Amz-Storage-Class", as.StorageClass}, {encryption, as.Encryption},
		{encryption + "-Aws-Kms-Key-Id", as.KMSKey}, {"X-Amz-Acl", as.ACL},
	} {
		if h[1] != "" {
			f.set(h[0], h[1])
		}
	}
}

// read takes from an answer what Put wants to know, and ends it.
func (h *hot) read(answer *http.Response) (sent, error) {
	defer answer.Body.Close()
	if err := inspect(opPut, answer); err != nil {
		return sent{}, err
	}
	var text []byte
	if answer.ContentLength != 0 {
		var err error
		text, err = io.ReadAll(io.LimitReader(answer.Body, answerLimit))
		if err != nil && answer.StatusCode < http.StatusMultipleChoices {
			return sent{}, &smithyhttp.RequestSendError{Err: err}
		}
	}
	if answer.StatusCode/100 != 2 {
		h.learnTime(answer.Header)
		return sent{}, refusal(answer, text)
	}
	const encryption = "X-Amz-Server-Side-Encryption-"
	etag := answer.Header.Get("Etag")
	return sent{
		etag:  unquote(&etag),
		crc:   usable(bucket.CRC64NVME, answer.Header.Get("X-Amz-Checksum-Crc64nvme")),
		crc32: usable(bucket.CRC32, answer.Header.Get("X-Amz-Checksum-Crc32")),
		encrypted: answer.Header.Get(encryption+"Customer-Algorithm") != "" ||
			answer.Header.Get(encryption+"Aws-Kms-Key-Id") != "",
	}, nil
}

// refusal makes of an answer the error that the SDK makes of it.
func refusal(answer *http.Response, text []byte) error {
	said := &smithy.GenericAPIError{}
	var body struct{ Code, Message string }
	if err := xml.Unmarshal(text, &body); err == nil || err == io.EOF {
		said.Code, said.Message = body.Code, body.Message
		if said.Code == "" && said.Message == "" {
			said.Message = http.StatusText(answer.StatusCode)
			said.Code = strings.ReplaceAll(said.Message, " ", "")
		}
	}
	answer.Request = nil // its parts are used again
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: answer}, Err: said}
}
