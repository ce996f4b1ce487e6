package buckettest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/medialift/medialift/bucket"
)

// quantum is what Google keeps of an unfinished object: a multiple of so many bytes.
const quantum = 256 << 10

// sessions stands before fake-gcs-server and deals with resumable uploads as
// Google documents them; the object that comes of one goes to the emulator in one
// request. The emulator itself takes a question how much has arrived for the end
// of the object, bytes at any offset for the next ones, and looks at conditions
// only at the end and at checksums not at all.
type sessions struct {
	emulator *url.URL
	rest     http.Handler

	mu   sync.Mutex
	open map[string]*uploading
}

// uploading is one session.
type uploading struct {
	mu        sync.Mutex
	bucket    string
	object    struct{ Name, ContentType string }
	condition string // the value of ifGenerationMatch
	data      []byte
	done      []byte // the description of the object, once it is there
}

func newSessions(emulator *url.URL) *sessions {
	// The emulator knows itself by its own name.
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(emulator) }}
	return &sessions{emulator: emulator, rest: proxy, open: map[string]*uploading{}}
}

func (s *sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch id := query.Get("upload_id"); {
	case query.Get("uploadType") != "resumable":
		s.rest.ServeHTTP(w, r)
	case id == "":
		s.begin(w, r)
	case r.Method == http.MethodDelete:
		s.forget(id)
		w.WriteHeader(499)
	default:
		s.goOn(w, r, id)
	}
}

func (s *sessions) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// unfinished counts the sessions without an object.
func (s *sessions) unfinished() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.open {
		u.mu.Lock()
		if u.done == nil {
			n++
		}
		u.mu.Unlock()
	}
	return n
}

func (s *sessions) begin(w http.ResponseWriter, r *http.Request) {
	_, rest, _ := strings.Cut(r.URL.Path, "/b/")
	name, _, _ := strings.Cut(rest, "/")
	u := &uploading{bucket: name, condition: r.URL.Query().Get("ifGenerationMatch")}
	if err := json.NewDecoder(r.Body).Decode(&u.object); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	generation, status := s.generation(u)
	switch {
	case status != http.StatusOK:
		refuse(w, status, "The specified bucket does not exist.")
	case u.condition != "" && u.condition != generation:
		refuse(w, http.StatusPreconditionFailed, "At least one of the pre-conditions you specified did not hold.")
	default:
		id := rand.Text()
		s.mu.Lock()
		s.open[id] = u
		s.mu.Unlock()
		w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"?uploadType=resumable&upload_id="+id)
	}
}

// generation asks the emulator which version of an object it has, "0" for none.
func (s *sessions) generation(u *uploading) (string, int) {
	at := s.emulator.String() + "/storage/v1/b/" + u.bucket
	answer, err := http.Get(at)
	if err != nil {
		return "", http.StatusServiceUnavailable
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", answer.StatusCode
	}
	if answer, err = http.Get(at + "/o/" + url.PathEscape(u.object.Name)); err != nil {
		return "", http.StatusServiceUnavailable
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound {
		return "0", http.StatusOK
	}
	var object struct{ Generation string }
	if err := json.NewDecoder(answer.Body).Decode(&object); err != nil {
		return "", http.StatusServiceUnavailable
	}
	return object.Generation, http.StatusOK
}

// goOn takes the next bytes of a session, or says how many there are.
func (s *sessions) goOn(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	u := s.open[id]
	s.mu.Unlock()
	if u == nil {
		refuse(w, http.StatusNotFound, "No such session.")
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.done != nil {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(u.done)
		return
	}
	var from, to, total int64
	if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); err != nil {
		if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes */%d", &total); err != nil {
			refuse(w, http.StatusBadRequest, "Failed to parse Content-Range header.")
			return
		}
		if int64(len(u.data)) < total {
			u.incomplete(w)
			return
		}
	} else if from > int64(len(u.data)) || to+1 < total && (to+1-from)%quantum != 0 {
		refuse(w, http.StatusBadRequest, "Invalid request: according to the Content-Range header, the upload offset is wrong.")
		return
	} else if u.take(r.Body, from, to, total); int64(len(u.data)) < total {
		u.incomplete(w)
		return
	}
	s.finish(w, u, r.Header.Get("X-Goog-Hash"), id)
}

// take keeps what arrives, though the connection may break.
func (u *uploading) take(body io.Reader, from, to, total int64) {
	_, _ = io.CopyN(io.Discard, body, int64(len(u.data))-from)
	more := bytes.NewBuffer(u.data)
	_, _ = io.CopyN(more, body, to+1-int64(len(u.data)))
	if u.data = more.Bytes(); int64(len(u.data)) < total {
		u.data = u.data[:len(u.data)/quantum*quantum]
	}
}

func (u *uploading) incomplete(w http.ResponseWriter) {
	if n := len(u.data); n > 0 {
		w.Header().Set("Range", "bytes=0-"+strconv.Itoa(n-1))
	}
	w.WriteHeader(http.StatusPermanentRedirect)
}

// finish makes the object.
func (s *sessions) finish(w http.ResponseWriter, u *uploading, hash, id string) {
	sums, err := bucket.Sum(bytes.NewReader(u.data), int64(len(u.data)), bucket.CRC32C)
	if want, ok := strings.CutPrefix(hash, "crc32c="); err != nil || ok && want != sums[bucket.CRC32C] {
		s.forget(id)
		refuse(w, http.StatusBadRequest, fmt.Sprintf("Provided CRC32C %q doesn't match calculated CRC32C %q.", want, sums[bucket.CRC32C]))
		return
	}
	query := url.Values{"uploadType": {"media"}, "name": {u.object.Name}}
	if u.condition != "" {
		query.Set("ifGenerationMatch", u.condition)
	}
	at := s.emulator.String() + "/upload/storage/v1/b/" + u.bucket + "/o?" + query.Encode()
	answer, err := http.Post(at, u.object.ContentType, bytes.NewReader(u.data))
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode == http.StatusOK {
		u.done, u.data = text, nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(text)
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error": {"code": %d, "message": %q, "errors": [{"message": %q}]}}`, status, message, message)
}
