package s3store

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// pages are what answers in place of a store.
var pages = map[string]struct{ kind, text string }{
	"page":      {"text/html; charset=utf-8", "<!DOCTYPE html><html><head><title>Log in</title></head><body>&nbsp;Log in</body></html>"},
	"json":      {"application/json", `{"status":"ok"}`},
	"text":      {"text/plain", "ok"},
	"other XML": {"application/xml", "<Welcome/>"},
}

// An answering fake answers an operation in its own way, and knows of objects and
// uploads besides.
func answering(t *testing.T, op string, status int, kind, text string) (*fake, *Store) {
	t.Helper()
	f := &fake{echoChecksum: true, answer: func(w http.ResponseWriter, r *http.Request) bool {
		if operation(r) != op {
			return false
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
		return true
	}}
	return f, f.start(t)
}

// operation is what a request asks for.
func operation(r *http.Request) string {
	q := r.URL.Query()
	object := len(strings.Trim(r.URL.Path, "/")) > len("bkt")
	switch {
	case r.Method == http.MethodHead && object:
		return opHead
	case r.Method == http.MethodHead:
		return opHeadBucket
	case r.Method == http.MethodPost && q.Has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == http.MethodPost:
		return opComplete
	case r.Method == http.MethodPut && q.Has("uploadId"):
		return opPart
	case r.Method == http.MethodPut:
		return opPut
	case r.Method == http.MethodDelete && q.Has("uploadId"):
		return opAbort
	case r.Method == http.MethodDelete:
		return opDelete
	case q.Has("uploadId"):
		return "ListParts"
	case q.Has("cors"):
		return "GetBucketCors"
	case object:
		return opGet
	}
	return "ListObjectsV2"
}

// No answer but the store's says that an object is there, or is not, or that
// nothing is.
func TestAnswersOfOthers(t *testing.T) {
	large := buckettest.Source(make([]byte, small+1))
	asks := map[string]func(s *Store) error{
		opPut: func(s *Store) error {
			_, err := s.Put(t.Context(), "k", buckettest.Source([]byte("x")), overwrite)
			return err
		},
		opHead: func(s *Store) error { _, err := s.Stat(t.Context(), "there"); return err },
		opGet: func(s *Store) error {
			r, err := s.Open(t.Context(), "there")
			if err == nil {
				_ = r.Close()
			}
			return err
		},
		"ListObjectsV2": func(s *Store) error {
			for _, err := range s.List(t.Context(), "p/") {
				return err
			}
			return nil
		},
		"CreateMultipartUpload": func(s *Store) error { _, err := s.Start(t.Context(), "k", large); return err },
		opPart: func(s *Store) error {
			_, err := s.PutPart(t.Context(), "k", "u", 1, large.Part(1))
			return err
		},
		"ListParts": func(s *Store) error { _, err := s.Parts(t.Context(), "k", "u"); return err },
		opDelete:    func(s *Store) error { return s.Delete(t.Context(), "there") },
		opAbort:     func(s *Store) error { return s.Abort(t.Context(), "k", "u") },
	}
	for op, ask := range asks {
		for name, page := range pages {
			for _, status := range []int{200, 201, 202, 404} {
				switch {
				case op == opHead && status == 404 && name != "page": // it has no body to tell by
					continue
				case op == opPart && status != 404: // it is seen whether the part is there
					continue
				case (op == opDelete || op == opAbort) && name == "other XML" && status != 404:
					continue
				}
				_, s := answering(t, op, status, page.kind, page.text)
				if err := ask(s); !errors.Is(err, bucket.ErrAnswer) || errors.Is(err, bucket.ErrNotFound) || errors.Is(err, bucket.ErrNoUpload) {
					t.Errorf("%s answered %d with a %s: %v", op, status, name, err)
				}
			}
		}
	}
}

// Without an ETag the object itself is the evidence, whatever the status.
func TestPutWithoutETag(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204} {
		for _, kept := range []string{"", "other", "same"} {
			t.Run(fmt.Sprintf("%d %q", status, kept), func(t *testing.T) {
				var f *fake
				f = &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
					if r.Method == http.MethodPut {
						if kept != "" {
							f.objects = map[string][]byte{"k": []byte(kept)}
							f.etags = map[string]string{"k": `"e"`}
						}
						w.WriteHeader(status)
						return true
					}
					return false
				}}
				s := f.start(t)
				obj, err := s.Put(t.Context(), "k", buckettest.Source([]byte("same")), overwrite)
				if kept == "same" {
					if err != nil || obj.ETag != "e" || !obj.Confirmed {
						t.Errorf("%+v, %v", obj, err)
					}
				} else if !errors.Is(err, bucket.ErrAnswer) {
					t.Error(err)
				}
			})
		}
	}
}

// A large object has arrived when it can be seen, not when somebody says so.
func TestCompleteWithoutObject(t *testing.T) {
	result := `<CompleteMultipartUploadResult><Bucket>bkt</Bucket><Key>k</Key><ETag>"%s"</ETag></CompleteMultipartUploadResult>`
	for name, text := range map[string]string{
		"nothing": "", "white space": "<?xml version=\"1.0\"?>\n   ", "page": pages["page"].text, "json": pages["json"].text,
		"result": fmt.Sprintf(result, "0123456789abcdef0123456789abcdef-2"), "no ETag": fmt.Sprintf(result, ""), "other": "<Welcome/>",
	} {
		t.Run(name, func(t *testing.T) {
			_, s := answering(t, opComplete, 200, "application/xml", text)
			data := make([]byte, bucket.PartSize(1)+1)
			src := buckettest.Source(data)
			var parts []bucket.Part
			for n := range 2 {
				p := src.Part(n + 1)
				sums, err := bucket.Sum(p, p.Size, bucket.CRC64NVME, bucket.MD5)
				if err != nil {
					t.Fatal(err)
				}
				parts = append(parts, bucket.Part{N: n + 1, Size: p.Size, ETag: hexMD5(sums[bucket.MD5]), Checksums: sums})
			}
			obj, err := s.Finish(t.Context(), "k", "u", src, parts, overwrite)
			if !errors.Is(err, bucket.ErrAnswer) {
				t.Errorf("%+v, %v", obj, err)
			}
		})
	}
}

// A part without an ETag must be listed, with what proves its bytes.
func TestPartWithoutETag(t *testing.T) {
	data := make([]byte, 10)
	sums, err := bucket.Sum(buckettest.Source(data), 10, bucket.MD5, bucket.CRC64NVME)
	if err != nil {
		t.Fatal(err)
	}
	md5 := hexMD5(sums[bucket.MD5])
	for name, c := range map[string]struct {
		part string
		want bool
	}{
		"not listed":       {"", false},
		"by its MD5":       {"<Part><PartNumber>1</PartNumber><ETag>" + md5 + "</ETag><Size>10</Size></Part>", true},
		"by its checksum":  {"<Part><PartNumber>1</PartNumber><ETag>e</ETag><Size>10</Size><ChecksumCRC64NVME>" + sums[bucket.CRC64NVME] + "</ChecksumCRC64NVME></Part>", true},
		"another size":     {"<Part><PartNumber>1</PartNumber><ETag>" + md5 + "</ETag><Size>9</Size></Part>", false},
		"another number":   {"<Part><PartNumber>2</PartNumber><ETag>" + md5 + "</ETag><Size>10</Size></Part>", false},
		"without a proof":  {"<Part><PartNumber>1</PartNumber><ETag>e</ETag><Size>10</Size></Part>", false},
		"with a short sum": {"<Part><PartNumber>1</PartNumber><ETag>e</ETag><Size>10</Size><ChecksumCRC64NVME>AAAAAA==</ChecksumCRC64NVME></Part>", false},
	} {
		f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
			switch operation(r) {
			case opPart:
			case "ListParts":
				fmt.Fprintf(w, "<ListPartsResult><UploadId>u</UploadId><IsTruncated>false</IsTruncated>%s</ListPartsResult>", c.part)
			default:
				return false
			}
			return true
		}}
		p, err := f.start(t).PutPart(t.Context(), "k", "u", 1, buckettest.Source(data))
		if (err == nil) != c.want || c.want && p.ETag == "" || !c.want && !errors.Is(err, bucket.ErrAnswer) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// A list is one of this bucket and prefix, and whole.
func TestListsOfOthers(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":        "<ListBucketResult></ListBucketResult>",
		"another bucket": "<ListBucketResult><Name>other</Name><Prefix>p/</Prefix><IsTruncated>false</IsTruncated></ListBucketResult>",
		"another prefix": "<ListBucketResult><Name>bkt</Name><Prefix>q/</Prefix><IsTruncated>false</IsTruncated></ListBucketResult>",
		"another key":    "<ListBucketResult><Name>bkt</Name><IsTruncated>false</IsTruncated><Contents><Key>q/x</Key></Contents></ListBucketResult>",
		"cut off":        "<ListBucketResult><Name>bkt</Name><IsTruncated>true</IsTruncated></ListBucketResult>",
		"not all of it":  "<ListBucketResult><Name>bkt</Name><IsTruncated>false</IsTruncated>",
		"an upload":      "<ListMultipartUploadsResult><Bucket>bkt</Bucket><Prefix>p/</Prefix></ListMultipartUploadsResult>",
	} {
		_, s := answering(t, "ListObjectsV2", 200, "application/xml", text)
		var last error
		n := 0
		for _, err := range s.List(t.Context(), "p/") {
			last = err
			n++
		}
		if last == nil {
			t.Errorf("%s: %d objects and no error", name, n)
		}
	}
	_, s := answering(t, "ListObjectsV2", 200, "application/xml", "<ListBucketResult><Name>bkt</Name><Prefix>p/</Prefix><IsTruncated>false</IsTruncated></ListBucketResult>")
	for obj, err := range s.List(t.Context(), "p/") {
		t.Errorf("%+v, %v in an empty list", obj, err)
	}
}

// What is no page of a stranger is the store's, whatever its text.
func TestPagesAreQuoted(t *testing.T) {
	_, s := answering(t, opPut, http.StatusForbidden, "text/html", "<html><head><title>403 Forbidden</title></head><body>\x1b[31mgo away\x00</body></html>")
	err := putFails(t, s, "k", "x", overwrite, bucket.ErrDenied)
	if text := err.Error(); !strings.Contains(text, "403 Forbidden [31mgo away") || strings.ContainsAny(text, "\x1b\x00") {
		t.Errorf("%q", text)
	}
}

// A server that sends a request round in circles is asked ten times.
func TestRedirectLoop(t *testing.T) {
	for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"?token=secret")
			w.WriteHeader(status)
			return true
		}}
		s := f.start(t)
		err := s.Check(t.Context())
		if n := len(f.requests()); !errors.Is(err, bucket.ErrAnswer) || n != 10 || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d requests: %v", n, err)
		}
	}
}

// A store on a file system has no ETag of a file that came there by other ways.
func TestObjectWithoutETag(t *testing.T) {
	for _, c := range []struct {
		kind, header string
		want         bool
	}{{"image/png", "X-Amz-Request-Id", true}, {"text/html", "X-Amz-Request-Id", false}, {"image/png", "X-Request-Id", false}} {
		f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", c.kind)
			w.Header().Set(c.header, "1")
			w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
			w.Header().Set("Content-Length", "4")
			if r.Method == http.MethodGet {
				_, _ = io.WriteString(w, "file")
			}
			return true
		}}
		s := f.start(t)
		obj, err := s.Stat(t.Context(), "k")
		if c.want {
			same, err2 := bucket.Same(t.Context(), s, buckettest.Source([]byte("file")), obj)
			if err != nil || err2 != nil || !same {
				t.Errorf("%+v: %+v, %v; %v, %v", c, obj, err, same, err2)
			}
		} else if !errors.Is(err, bucket.ErrAnswer) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
