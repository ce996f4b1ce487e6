package s3store

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"

	"github.com/medialift/medialift/bucket"
)

// Operations of the protocol, as the SDK calls them.
const (
	opPut, opPart           = "PutObject", "UploadPart"
	opHead, opGet           = "HeadObject", "GetObject"
	opHeadBucket            = "HeadBucket"
	opDelete, opAbort       = "DeleteObject", "AbortMultipartUpload"
	opComplete              = "CompleteMultipartUpload"
	errorRoot               = "Error"
	peekLimit         int64 = 64 << 10 // of an answer, in search of its root element
)

// rootOf is the root element of what answers an operation.
func rootOf(op string) string {
	switch op {
	case "ListObjectsV2", "ListObjects":
		return "ListBucketResult"
	case "ListParts":
		return "ListPartsResult"
	case "CreateMultipartUpload":
		return "InitiateMultipartUploadResult"
	case opComplete:
		return "CompleteMultipartUploadResult"
	case "GetBucketCors":
		return "CORSConfiguration"
	}
	return ""
}

// inspect fails unless an answer is one of the protocol. The SDK takes any page
// for an empty list or for an object that has arrived. An error in an answer that
// says that all is well becomes an answer that says so, and what came with a page
// loses the headers that would be evidence.
func inspect(op string, answer *http.Response) error {
	good := answer.StatusCode/100 == 2
	if answer.Request != nil && answer.Request.Method == http.MethodHead || op == opHead || op == opHeadBucket {
		return inspectHead(op, answer)
	}
	if op == opGet && good {
		if !stored(answer) || page(answer) {
			return foreign(answer, "it has no ETag")
		}
		return nil
	}
	if answer.ContentLength == 0 && !(good && rootOf(op) != "" && op != opComplete) {
		return nil
	}
	root, text, blank, err := peek(answer)
	if err != nil {
		return err
	}
	switch {
	case !good:
		return inspectFailure(answer, root, text, blank)
	case root == errorRoot: // it was too late to say so
		answer.StatusCode = http.StatusInternalServerError
		answer.Status = ""
	case blank && op == opComplete, root != "" && root == rootOf(op):
	case rootOf(op) != "":
		return foreign(answer, spell(text))
	case op == opPut || op == opPart:
		if !blank {
			for _, name := range []string{"Etag", "X-Amz-Checksum-Crc64nvme", "X-Amz-Checksum-Crc32"} {
				answer.Header.Del(name)
			}
		}
	case !blank && (op == opDelete || op == opAbort) && (root == "" || strings.EqualFold(root, "html")):
		return foreign(answer, spell(text))
	}
	return nil
}

// inspectHead judges an answer without a body: what tells of an object has its
// ETag and its size.
func inspectHead(op string, answer *http.Response) error {
	switch good := answer.StatusCode/100 == 2; {
	case page(answer) && (good || answer.StatusCode == http.StatusNotFound):
		return foreign(answer, "it is a page")
	case op != opHead || !good:
		return nil
	case !stored(answer):
		return foreign(answer, "it has no ETag")
	case answer.ContentLength < 0:
		return foreign(answer, "it has no size")
	}
	return nil
}

// inspectFailure judges an answer that says no. What is missing, or is there
// already, only the store can tell.
func inspectFailure(answer *http.Response, root, text string, blank bool) error {
	if root == errorRoot || blank {
		return nil
	}
	switch answer.StatusCode {
	case http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed:
		return foreign(answer, spell(text))
	}
	// The SDK makes nothing of a page: it is told what stands there.
	var said bytes.Buffer
	_ = xml.EscapeText(&said, []byte("a page in place of an answer: "+spell(text)))
	setBody(answer, io.NopCloser(strings.NewReader("<Error><Message>"+said.String()+"</Message></Error>")), answer.Body)
	return nil
}

// stored tells that an answer is about an object: it has its ETag. Stores on a file
// system have none of a file that came to be there without them, and say who they
// are and when it was changed.
func stored(answer *http.Response) bool {
	if answer.Header.Get("Etag") != "" {
		return true
	}
	return answer.Header.Get("Last-Modified") != "" && named(answer) && !markup(answer)
}

// page tells that an answer is for people and names no store.
func page(answer *http.Response) bool { return markup(answer) && !named(answer) }

func markup(answer *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	return kind == "text/html"
}

// named tells that an answer has a header of a store.
func named(answer *http.Response) bool {
	for name := range answer.Header {
		for _, store := range []string{"X-Amz-", "X-Goog-", "X-Guploader-", "X-Oss-", "X-Cos-", "X-Obs-", "X-Minio-", "X-Rgw-", "X-Emc-"} {
			if strings.HasPrefix(name, store) {
				return true
			}
		}
	}
	return false
}

// foreign is the failure of an answer that is not the protocol's.
func foreign(answer *http.Response, why string) error {
	text := fmt.Sprintf("%v (HTTP %d, %s)", bucket.ErrAnswer, answer.StatusCode, why)
	return &failure{kind: bucket.ErrAnswer, text: text, err: errors.New("not an answer of S3")}
}

// peek returns the root element of an answer, and what it begins with; it is blank
// if there is nothing but white space. All of it can still be read.
func peek(answer *http.Response) (root, text string, blank bool, err error) {
	var read bytes.Buffer
	d := xml.NewDecoder(io.TeeReader(io.LimitReader(answer.Body, peekLimit), &read))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var found xml.StartElement
	var odd bool
	for err == nil && found.Name.Local == "" && !odd {
		var token xml.Token
		token, err = d.Token()
		switch t := token.(type) {
		case xml.StartElement:
			found = t.Copy()
		case xml.CharData: // outside of any element
			odd = len(bytes.TrimSpace(t)) > 0 && !bytes.Equal(t, []byte("\ufeff"))
		}
	}
	var syntax *xml.SyntaxError
	if err != nil && err != io.EOF && !errors.As(err, &syntax) {
		return "", "", false, err
	}
	text = read.String()
	setBody(answer, io.NopCloser(io.MultiReader(&read, answer.Body)), answer.Body)
	return found.Name.Local, text, err == io.EOF && !odd, nil
}

// A body reads from one place and closes another.
type body struct {
	io.Reader
	io.Closer
}

func setBody(answer *http.Response, text io.Reader, from io.Closer) { answer.Body = body{text, from} }

// spell quotes the first words of a page, without its markup.
func spell(text string) string {
	var words strings.Builder
	inside := false
	for _, r := range text {
		switch {
		case r == '<':
			inside = true
		case r == '>':
			inside = false
			words.WriteByte(' ')
		case inside:
		case unicode.IsSpace(r):
			words.WriteByte(' ')
		case unicode.IsPrint(r):
			words.WriteRune(r)
		}
		if words.Len() > 1<<10 {
			break
		}
	}
	const shown = 60
	line := []rune(strings.Join(strings.Fields(words.String()), " "))
	if len(line) > shown {
		line = append(line[:shown], '…')
	}
	if len(line) == 0 {
		return "nothing in it"
	}
	return fmt.Sprintf("%q", string(line))
}
