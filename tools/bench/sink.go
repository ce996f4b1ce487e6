package main

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// sinkTotals is the path at which the sink tells what it was sent.
const sinkTotals = "/-/totals"

// checksum is the one header of its kind that is repeated in answers.
const checksum = "X-Amz-Checksum-Crc64nvme"

// totals is what the sink was sent.
type totals struct {
	Objects int
	Bytes   int64
}

// A sink answers S3 requests and keeps nothing but the size and MD5 of what it
// is sent. It believes every signature, and every checksum but the MD5.
type sink struct {
	mu      sync.Mutex
	objects map[string]stored
	uploads map[string]map[string]int64 // bytes of the parts of unfinished uploads, by path and number
	buffers sync.Pool                   // of *receiver
}

type stored struct {
	size int64
	etag string
}

// A receiver is what one request needs.
type receiver struct {
	block [256 << 10]byte
	md5   hash.Hash
}

// serveSink prints the sink's address and serves until it is killed.
func serveSink() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	s := &sink{objects: map[string]stored{}, uploads: map[string]map[string]int64{}}
	s.buffers.New = func() any { return &receiver{md5: md5.New()} }
	return (&http.Server{Handler: s, ReadHeaderTimeout: time.Minute}).Serve(l)
}

// ServeHTTP answers as S3 does, as far as uploads need it.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case r.URL.Path == sinkTotals:
		s.mu.Lock()
		defer s.mu.Unlock()
		t := totals{Objects: len(s.objects)}
		for _, o := range s.objects {
			t.Bytes += o.size
		}
		_ = json.NewEncoder(w).Encode(t)
	case r.Method == http.MethodPut:
		s.put(w, r, query.Get("partNumber"))
	case r.Method == http.MethodPost && query.Has("uploads"):
		say(w, "InitiateMultipartUploadResult", "<UploadId>1</UploadId>")
	case r.Method == http.MethodPost && query.Has("uploadId"):
		s.complete(w, r)
	case r.Method == http.MethodHead:
		s.head(w, r)
	case r.Method == http.MethodGet && query.Has("location"):
		say(w, "LocationConstraint", "")
	case r.Method == http.MethodGet:
		say(w, "ListBucketResult", "<Name>"+bucketName+"</Name><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>")
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
}

func say(w http.ResponseWriter, root, inner string) {
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><%s xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</%s>`, root, inner, root)
}

// put takes an object, or a part of one.
func (s *sink) put(w http.ResponseWriter, r *http.Request, part string) {
	if strings.HasPrefix(r.Header.Get("Content-Encoding"), "aws-chunked") {
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	in := s.buffers.Get().(*receiver)
	defer s.buffers.Put(in)
	in.md5.Reset()
	size, err := io.CopyBuffer(struct{ io.Writer }{in.md5}, struct{ io.Reader }{r.Body}, in.block[:])
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	etag := hex.EncodeToString(in.md5.Sum(nil))
	s.mu.Lock()
	_, there := s.objects[r.URL.Path]
	refused := part == "" && there && r.Header.Get("If-None-Match") != ""
	switch {
	case part != "":
		if s.uploads[r.URL.Path] == nil {
			s.uploads[r.URL.Path] = map[string]int64{}
		}
		s.uploads[r.URL.Path][part] = size
	case !refused:
		s.objects[r.URL.Path] = stored{size, etag}
	}
	s.mu.Unlock()
	if refused {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	if sum := r.Header.Get(checksum); sum != "" {
		w.Header().Set(checksum, sum)
	}
	w.Header().Set("ETag", `"`+etag+`"`)
}

// complete makes an object of its parts.
func (s *sink) complete(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Parts []struct{ ETag string } `xml:"Part"`
	}
	if err := xml.NewDecoder(r.Body).Decode(&body); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	all := md5.New()
	for _, p := range body.Parts {
		sum, err := hex.DecodeString(strings.Trim(p.ETag, `"`))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		all.Write(sum)
	}
	o := stored{etag: fmt.Sprintf("%x-%d", all.Sum(nil), len(body.Parts))}
	s.mu.Lock()
	for _, size := range s.uploads[r.URL.Path] {
		o.size += size
	}
	s.objects[r.URL.Path] = o
	delete(s.uploads, r.URL.Path)
	s.mu.Unlock()
	inner := "<Bucket>" + bucketName + "</Bucket><ETag>&quot;" + o.etag + "&quot;</ETag>"
	if sum := r.Header.Get(checksum); sum != "" {
		inner += "<ChecksumCRC64NVME>" + sum + "</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>"
	}
	say(w, "CompleteMultipartUploadResult", inner)
}

// head tells of a bucket that it is there, and of objects what is known.
func (s *sink) head(w http.ResponseWriter, r *http.Request) {
	if strings.Trim(r.URL.Path, "/") == bucketName {
		return
	}
	s.mu.Lock()
	o, there := s.objects[r.URL.Path]
	s.mu.Unlock()
	if !there {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("ETag", `"`+o.etag+`"`)
	w.Header().Set("Content-Length", fmt.Sprint(o.size))
	w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
}
