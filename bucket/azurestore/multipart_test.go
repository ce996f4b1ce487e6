package azurestore

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// blocks is an answer that remembers blocks, as far as Azure tells of them.
func blocks(list *string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodHead:
			refuse(w, http.StatusNotFound, "BlobNotFound")
		case http.MethodGet:
			w.Header().Set("Content-Type", "application/xml")
			fmt.Fprintf(w, "<BlockList><CommittedBlocks/><UncommittedBlocks>%s</UncommittedBlocks></BlockList>", *list)
		default:
			if id := r.URL.Query().Get("blockid"); id != "" {
				*list += fmt.Sprintf("<Block><Name>%s</Name><Size>%d</Size></Block>", id, r.ContentLength)
			}
			w.Header().Set("ETag", `"0x7"`)
			w.WriteHeader(http.StatusCreated)
		}
	}
}

func sendAll(t *testing.T, s *Store, upload string, src bucket.Source) []bucket.Part {
	t.Helper()
	var parts []bucket.Part
	for n := range bucket.Parts(src.Size) {
		p, err := s.PutPart(t.Context(), "k", upload, n+1, src.Part(n+1))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	return parts
}

// What goes over the wire: an MD5 with each block, that of the whole and the
// condition with the list. Blocks of others are none of ours.
func TestParts(t *testing.T) {
	list := "<Block><Name>c29tZWJvZHkgZWxzZSdzIGJs</Name><Size>7</Size></Block>" // another program's
	list += "<Block><Name>" + blockID{newPrefix(), 1, 2}.String() + "</Name><Size>7</Size></Block>"
	f := &fake{answer: blocks(&list)}
	s := f.start(t)
	data := make([]byte, 6<<20)
	src := buckettest.Source(data)
	upload, err := s.Start(t.Context(), "k", src)
	if err != nil {
		t.Fatal(err)
	}
	parts := sendAll(t, s, upload, src)
	there, err := s.Parts(t.Context(), "k", upload)
	if err != nil || len(there) != 2 || there[1].ETag != parts[1].ETag || there[1].Checksums[bucket.CRC64NVME] != parts[1].Checksums[bucket.CRC64NVME] {
		t.Errorf("%+v, %v; want %+v", there, err, parts)
	}
	obj, err := s.Finish(t.Context(), "k", upload, src, parts, bucket.Condition{})
	whole := md5.Sum(data)
	want := base64.StdEncoding.EncodeToString(whole[:])
	if err != nil || !obj.Confirmed || obj.ETag != "0x7" || obj.Checksums[bucket.MD5] != want {
		t.Errorf("%+v, %v", obj, err)
	}
	last := f.headers[len(f.headers)-1]
	if last.Get("If-None-Match") != "*" || last.Get("X-Ms-Blob-Content-Md5") != want {
		t.Errorf("sent %v", last)
	}
	first := md5.Sum(data[:5<<20])
	if got := f.headers[0].Get("Content-MD5"); got != base64.StdEncoding.EncodeToString(first[:]) {
		t.Errorf("the first block says MD5 %q", got)
	}
	if want := []string{"PUT block", "PUT block", "GET blocklist", "HEAD", "GET blocklist", "PUT blocklist"}; !slices.Equal(f.log, want) {
		t.Errorf("%q, want %q", f.log, want)
	}
}

// Blocks that have expired are an upload that is gone; a file that is not what
// its parts were makes no object, though nobody noticed that it changed.
func TestFinishRefuses(t *testing.T) {
	var list string
	f := &fake{answer: blocks(&list)}
	s := f.start(t)
	src := buckettest.Source(make([]byte, 6<<20))
	upload, err := s.Start(t.Context(), "k", src)
	if err != nil {
		t.Fatal(err)
	}
	parts := sendAll(t, s, upload, src)
	other := buckettest.Source(bytes.Repeat([]byte{1}, 6<<20))
	_, err = s.Finish(t.Context(), "k", upload, other, parts, bucket.Condition{})
	only(t, err, bucket.ErrSourceChanged)
	all := list
	list = list[:len(list)/2]
	_, err = s.Finish(t.Context(), "k", upload, src, parts, bucket.Condition{})
	only(t, err, nil)
	if !strings.Contains(err.Error(), bucket.ErrNoUpload.Error()) {
		t.Error(err)
	}
	list = all
	rest := f.answer
	f.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("comp") == "blocklist" && r.Method == http.MethodPut {
			refuse(w, http.StatusBadRequest, "InvalidBlockList")
			return
		}
		rest(w, r)
	}
	_, err = s.Finish(t.Context(), "k", upload, src, parts, bucket.Condition{})
	only(t, err, nil)
	if !strings.Contains(err.Error(), bucket.ErrNoUpload.Error()) {
		t.Error(err)
	}
	if err := s.Abort(t.Context(), "k", upload); err != nil || len(s.Notes()) != 1 || !strings.Contains(s.Notes()[0], "week") {
		t.Error(err, s.Notes())
	}
}

func TestPartWithAnotherMD5(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-MD5", base64.StdEncoding.EncodeToString(make([]byte, 16)))
		w.WriteHeader(http.StatusCreated)
	}}
	_, err := f.start(t).PutPart(t.Context(), "k", hex.EncodeToString(make([]byte, 8)), 1, buckettest.Source([]byte("x")))
	only(t, err, bucket.ErrChecksum)
	_, err = f.start(t).PutPart(t.Context(), "k", "an S3 upload ID", 1, buckettest.Source([]byte("x")))
	only(t, err, nil)
}

func TestBlockIDs(t *testing.T) {
	id := blockID{newPrefix(), 9_999, 1 << 63}
	if got, ok := parseBlockID(id.String()); !ok || got != id {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, text := range []string{"", "AAAA", "!", strings.Repeat("A", 64)} {
		if _, ok := parseBlockID(text); ok {
			t.Errorf("%q is taken", text)
		}
	}
}
