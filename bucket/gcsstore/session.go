package gcsstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"google.golang.org/api/googleapi"
	raw "google.golang.org/api/storage/v1"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

var _ bucket.Resumable = (*Store)(nil)

// quantum is what the service keeps of an object that is not finished: a multiple
// of so many bytes. The last request has at most that many, from memory, as the
// checksum of the whole goes ahead of them.
const quantum = 256 << 10

// A session is an upload by Google's JSON resumable protocol
// (https://cloud.google.com/storage/docs/performing-resumable-uploads). The
// service keeps it for seven days. Its URI, with the upload_id in it, is all that
// is needed to send its bytes: it is in no error and no note.
type session struct {
	s        *Store
	key, uri string
	src      bucket.Source
	received int64
	crc      uint32 // CRC32C of what was received
	unsure   bool   // of received
	stuck    int    // how often in a row nothing more was kept than before
}

// Begin opens a session. The condition is that of its first and its last request.
func (s *Store) Begin(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Session, error) {
	if err := s.usable(key); err != nil {
		return nil, err
	}
	if src.Size > MaxSize {
		return nil, fmt.Errorf("%d bytes are more than an object can have (%d)", src.Size, int64(MaxSize))
	}
	c, err := s.connection(ctx)
	if err != nil {
		return nil, err
	}
	query := url.Values{"uploadType": {"resumable"}}
	switch generation, err := s.generation(ctx, key, cond); {
	case err != nil:
		return nil, err
	case generation != whatever:
		query.Set("ifGenerationMatch", strconv.FormatInt(generation, 10))
	}
	as := s.opts.Attributes
	if as.KMSKey != "" {
		query.Set("kmsKeyName", as.KMSKey)
	}
	if as.ACL != "" {
		query.Set("predefinedAcl", as.ACL)
	}
	body, err := json.Marshal(&raw.Object{Name: key, ContentType: src.ContentType, StorageClass: as.StorageClass})
	if err != nil {
		return nil, err
	}
	at := c.base + "/upload/storage/v1/b/" + url.PathEscape(s.name) + "/o?" + query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json; charset=UTF-8")
	r.Header.Set("X-Upload-Content-Length", strconv.FormatInt(src.Size, 10))
	if src.ContentType != "" {
		r.Header.Set("X-Upload-Content-Type", src.ContentType)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, classify(ctx, err)
	}
	defer drain(answer)
	if err := googleapi.CheckResponse(answer); err != nil {
		return nil, s.noBucket(classify(ctx, err))
	}
	uri := answer.Header.Get("Location")
	if uri == "" {
		if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)); err != nil {
			return nil, classify(ctx, err)
		}
		return nil, strange("a session")
	}
	return &session{s: s, key: key, uri: uri, src: src}, nil
}

// Resume asks how much of a session has arrived, and reads that much of src.
func (s *Store) Resume(ctx context.Context, key, name string, src bucket.Source) (bucket.Session, error) {
	u := &session{s: s, key: key, uri: name, src: src}
	if err := u.ask(ctx); err != nil {
		return nil, err
	}
	return u, nil
}

// Cancel ends a session. The service says so by the status 499.
func (s *Store) Cancel(ctx context.Context, name string) error {
	answer, err := s.request(ctx, http.MethodDelete, name, http.NoBody, 0, nil)
	if err != nil {
		return err
	}
	defer drain(answer)
	if answer.StatusCode == 499 {
		return nil
	}
	return failed(ctx, answer)
}

// Name is the URI of the session.
func (u *session) Name() string { return u.uri }

// Received is how much the service has said to have.
func (u *session) Received() int64 { return u.received }

// Send sends the next bytes.
func (u *session) Send(ctx context.Context, n int64) (bucket.Object, bool, error) {
	if u.unsure {
		if err := u.ask(ctx); err != nil {
			return bucket.Object{}, false, err
		}
	}
	left := u.src.Size - u.received
	if left <= quantum {
		return u.last(ctx)
	}
	n = min(max(n, quantum), left-1)
	part := bucket.Source{ReaderAt: io.NewSectionReader(u.src, u.received, left), Size: n / quantum * quantum}
	sum := &running{crc: u.crc}
	body := wire.NewFileBody(part, sum)
	u.unsure = true
	answer, err := u.put(ctx, body, u.received, part.Size, "")
	body.TakeBack()
	if err != nil {
		return bucket.Object{}, false, err
	}
	defer drain(answer)
	if answer.StatusCode != http.StatusPermanentRedirect {
		return u.finished(ctx, answer, false)
	}
	switch to, before := kept(answer), u.received; {
	case to > before+part.Size:
		err = strange("word of how much of %q has arrived", u.key)
	case to == before+sum.n && sum.n == part.Size:
		u.received, u.crc, u.stuck = to, sum.crc, 0
	default:
		if u.stuck++; to > before {
			u.stuck = 0
		}
		const most = 3 // the service may forget what it had
		if err = u.advance(ctx, to); err == nil && u.stuck > most {
			err = wire.Fail(bucket.ErrTemporary, "nothing was kept of the bytes that were sent", errors.New("no progress"))
		}
	}
	u.unsure = err != nil
	return bucket.Object{}, false, err
}

// last sends the last bytes, which make the object, with the checksum of all.
func (u *session) last(ctx context.Context) (bucket.Object, bool, error) {
	buf := u.s.buffers.Get(quantum)
	defer u.s.buffers.Put(buf)
	data := (*buf)[:u.src.Size-u.received]
	rest := bucket.Source{ReaderAt: io.NewSectionReader(u.src, u.received, int64(len(data))), Size: int64(len(data))}
	if err := rest.ReadAll(ctx, data); err != nil {
		return bucket.Object{}, false, err
	}
	if err := u.src.Changed(); err != nil {
		return bucket.Object{}, false, err
	}
	whole := crc32.Update(u.crc, castagnoli(), data)
	body := wire.NewBody(data)
	u.unsure = true
	answer, err := u.put(ctx, body, u.received, rest.Size, spell(whole))
	body.TakeBack()
	if err != nil {
		return bucket.Object{}, false, err
	}
	defer drain(answer)
	if answer.StatusCode == http.StatusPermanentRedirect { // it has lost something
		return bucket.Object{}, false, u.advance(ctx, kept(answer))
	}
	if answer.StatusCode/100 == 2 {
		u.received, u.crc = u.src.Size, whole
	}
	return u.finished(ctx, answer, true)
}

// ask finds out how much has arrived. That all has, and there is an object, is
// left for last to hear again.
func (u *session) ask(ctx context.Context) error {
	answer, err := u.put(ctx, http.NoBody, 0, 0, "")
	if err != nil {
		return err
	}
	defer drain(answer)
	switch {
	case answer.StatusCode == http.StatusPermanentRedirect:
		err = u.advance(ctx, kept(answer))
	case answer.StatusCode/100 == 2 && u.said(answer) == nil:
		err = strange("word of how much of %q has arrived", u.key)
	case answer.StatusCode/100 == 2:
		err = u.advance(ctx, u.src.Size)
	default:
		err = failed(ctx, answer)
	}
	u.unsure = err != nil
	return err
}

// finished reads the description of an object that is there now. Before all was
// sent there can only be one if the answer describes it.
func (u *session) finished(ctx context.Context, answer *http.Response, all bool) (bucket.Object, bool, error) {
	if answer.StatusCode/100 != 2 {
		return bucket.Object{}, false, failed(ctx, answer)
	}
	said := u.said(answer)
	if said == nil && !all {
		return bucket.Object{}, false, strange("word of how much of %q has arrived", u.key)
	}
	if err := u.advance(ctx, u.src.Size); err != nil {
		return bucket.Object{}, false, err
	}
	obj, err := u.s.settled(ctx, u.key, said, u.src.Size, u.crc)
	return obj, err == nil, err
}

// said is the description of the object in an answer, or nil.
func (u *session) said(answer *http.Response) *raw.Object {
	var o raw.Object
	if json.NewDecoder(answer.Body).Decode(&o) != nil || o.Name != u.key || o.Generation <= 0 {
		return nil
	}
	return &o
}

// advance computes the checksum of all that was received, from the file.
func (u *session) advance(ctx context.Context, to int64) error {
	if to > u.src.Size {
		return fmt.Errorf("%w: it has more bytes than the file", bucket.ErrNoUpload)
	}
	if to < u.received { // the service may forget what it had
		u.received, u.crc = 0, 0
	}
	buf := u.s.buffers.Get(quantum)
	defer u.s.buffers.Put(buf)
	sum := &running{crc: u.crc}
	part := bucket.Source{ReaderAt: io.NewSectionReader(u.src, u.received, to-u.received), Size: to - u.received}
	err := part.Blocks(ctx, *buf, func(block []byte) error {
		_, err := sum.Write(block)
		return err
	})
	if err != nil {
		return err
	}
	u.received, u.crc = to, sum.crc
	return nil
}
