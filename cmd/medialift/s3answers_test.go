package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket/buckettest"
)

// pageFor answers with a page what a predicate chooses, as a captive portal does.
func pageFor(is func(*http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !is(r) {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><body>Please log in</body></html>")
		return true
	}
}

// What a page says has arrived has not, and no path names it.
func TestUploadIsAnsweredByAPage(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	large := strings.Repeat("0123456789abcdef", 17<<16)
	for name, is := range map[string]func(*http.Request) bool{
		"everything": func(*http.Request) bool { return true },
		"lists":      func(r *http.Request) bool { return r.URL.Query().Has("list-type") },
		"objects":    func(r *http.Request) bool { return r.Method == http.MethodPut && !r.URL.Query().Has("uploadId") },
		"parts":      func(r *http.Request) bool { return r.Method == http.MethodPut && r.URL.Query().Has("uploadId") },
		"the end of large objects": func(r *http.Request) bool {
			return r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newTool(t, between(t, s3, pageFor(is))...)
			files := t.TempDir()
			dir := filepath.Join(files, "export")
			if err := layOutSynthetic(files, 1, ""); err != nil {
				t.Fatal(err)
			}
			if name == "parts" || name == "the end of large objects" {
				if err := os.WriteFile(imagePath(files, 0), []byte(large), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			doc := m.run(1, "upload", dir, "s3://media/"+strings.ReplaceAll(name, " ", "-"), "--rel-dir", files, "--media-field", "filepath", "--update-filepaths")
			if !strings.Contains(doc.Error, "the answer is not the store's") || !strings.Contains(doc.Hint, "a login page") || doc.Counts.Rewritten > 0 {
				t.Errorf("%+v", doc)
			}
			if text, err := os.ReadFile(filepath.Join(dir, "samples.json")); err != nil || strings.Contains(string(text), "s3://") {
				t.Errorf("paths were rewritten (%v)", err)
			}
		})
	}
}

// Policies that allow the least: upload and doctor agree on what they are good for.
func TestLeastPrivilegeOfCommands(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	bucket := func(r *http.Request) bool { return strings.Trim(r.URL.Path, "/") == "media" }
	for name, denied := range map[string]func(*http.Request) bool{
		"prefix": func(r *http.Request) bool {
			return bucket(r) && !strings.HasPrefix(r.URL.Query().Get("prefix"), "prefix/")
		},
		"objects": bucket,
		"writing": func(r *http.Request) bool {
			return bucket(r) || r.Method == http.MethodHead || r.Method == http.MethodGet
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newTool(t, between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
				if !denied(r) {
					return false
				}
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusForbidden)
				return true
			})...)
			files := t.TempDir()
			dir := filepath.Join(files, "export")
			if err := layOutSynthetic(files, 3, ""); err != nil {
				t.Fatal(err)
			}
			m.run(0, "doctor", "s3://media/"+name)
			if doc := m.run(0, "upload", dir, "s3://media/"+name, "--rel-dir", files, "--update-filepaths"); doc.Counts.Rewritten != 6 {
				t.Errorf("%+v", doc)
			}
		})
	}
}

// Who pays for requests may stand beside the flag, as other programs have it.
func TestRequestPayerFlag(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	env := between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("X-Amz-Request-Payer") == "requester" {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	m := newTool(t, env...)
	m.run(1, "doctor", "s3://media/p")
	for _, flags := range [][]string{{"--request-payer"}, {"--request-payer=requester"}, {"--request-payer", "requester"}} {
		m.run(0, append(append([]string{"doctor"}, flags...), "s3://media/p")...)
	}
	m.with([]string{"MEDIALIFT_REQUEST_PAYER=requester", "MEDIALIFT_ADDRESSING=path"}).run(0, "doctor", "s3://media/p")
	m.run(2, "doctor", "s3://media/p", "--addressing", "host")
	m.with([]string{"MEDIALIFT_ADDRESSING=host"}).run(2, "doctor", "s3://media/p")
}
