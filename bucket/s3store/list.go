package s3store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/medialift/medialift/bucket"
)

// List yields the objects whose key starts with prefix.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		at := ""
		for more := true; more; {
			page, err := s.page(ctx, prefix, at)
			if err != nil {
				yield(bucket.Object{}, err)
				return
			}
			for _, obj := range page.objects {
				if !yield(obj, nil) {
					return
				}
			}
			if more = page.more; more && (page.next == "" || page.next == at) {
				yield(bucket.Object{}, strange("the list is cut off, and does not say where it goes on"))
				return
			}
			at = page.next
		}
	}
}

// A page is a piece of a list.
type listPage struct {
	objects []bucket.Object
	more    bool
	next    string // what asks for the next one
}

// A raw page is what an endpoint says, of either version of the list.
type rawPage struct {
	name, prefix string
	contents     []types.Object
	encoding     types.EncodingType
	truncated    *bool
	next         string
}

// page asks for a piece of a list, which starts behind the last key of the one
// before. Where the endpoint does not know the newer list, it asks for the older.
func (s *Store) page(ctx context.Context, prefix, at string) (listPage, error) {
	raw, err := s.rawPage(ctx, prefix, at)
	if err != nil {
		return listPage{}, listing(s.classify(ctx, err))
	}
	return s.read(raw, prefix)
}

func (s *Store) rawPage(ctx context.Context, prefix, at string) (rawPage, error) {
	if !s.oldList.Load() {
		in := &s3.ListObjectsV2Input{Bucket: &s.name, Prefix: &prefix, EncodingType: types.EncodingTypeUrl, ContinuationToken: optional(at)}
		out, err := s.client.ListObjectsV2(ctx, in, s.with)
		switch {
		case err == nil && aws.ToBool(out.IsTruncated) && aws.ToString(out.NextContinuationToken) == "" && at == "":
			// It has taken the question for the older one.
		case err == nil:
			return rawPage{
				aws.ToString(out.Name), aws.ToString(out.Prefix), out.Contents, out.EncodingType,
				out.IsTruncated, aws.ToString(out.NextContinuationToken),
			}, nil
		case !noList(err) || at != "":
			return rawPage{}, err
		}
	}
	in := &s3.ListObjectsInput{Bucket: &s.name, Prefix: &prefix, EncodingType: types.EncodingTypeUrl, Marker: optional(at)}
	out, err := s.client.ListObjects(ctx, in, s.with)
	if err != nil {
		return rawPage{}, err
	}
	s.oldList.Store(true)
	next := aws.ToString(out.NextMarker)
	if n := len(out.Contents); n > 0 && next == "" {
		next = aws.ToString(out.Contents[n-1].Key)
	}
	if next, err = decode(next, out.EncodingType); err != nil {
		return rawPage{}, err
	}
	return rawPage{aws.ToString(out.Name), aws.ToString(out.Prefix), out.Contents, out.EncodingType, out.IsTruncated, next}, nil
}

// noList tells that the endpoint may not know the newer list.
func noList(err error) bool {
	code := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	switch httpStatus(err) {
	case http.StatusNotImplemented, http.StatusMethodNotAllowed:
		return true
	case http.StatusBadRequest:
		return slices.Contains([]string{"NotImplemented", "InvalidArgument", "InvalidRequest", "UnsupportedOperation", "UnsupportedArgument"}, code)
	}
	return false
}

// read takes a page at its word only where it is about what was asked: the name
// of the bucket and the prefix stand in it, and each key begins with that.
func (s *Store) read(raw rawPage, prefix string) (listPage, error) {
	name, prefixed := raw.name, raw.prefix
	if said, err := decode(prefixed, raw.encoding); err == nil && said == prefix {
		prefixed = prefix
	}
	alias := strings.Contains(s.name, ":") || strings.HasSuffix(s.name, "-s3alias")
	switch {
	case name != "" && name != s.name && !alias:
		return listPage{}, strange(fmt.Sprintf("it lists the bucket %q", name))
	case prefixed != "" && prefixed != prefix:
		return listPage{}, strange(fmt.Sprintf("it lists the prefix %q", prefixed))
	case name == "" && raw.truncated == nil && len(raw.contents) == 0:
		return listPage{}, strange("it lists nothing, and does not say of what")
	}
	page := listPage{more: aws.ToBool(raw.truncated), next: raw.next, objects: make([]bucket.Object, 0, len(raw.contents))}
	for _, o := range raw.contents {
		obj, err := listed(o, raw.encoding)
		if err != nil {
			return listPage{}, err
		}
		if !strings.HasPrefix(obj.Key, prefix) || obj.Key == "" {
			return listPage{}, strange(fmt.Sprintf("it lists the key %q below the prefix %q", obj.Key, prefix))
		}
		page.objects = append(page.objects, obj)
	}
	return page, nil
}

// strange is the failure of a list that is none of what was asked for.
func strange(why string) error {
	return &failure{kind: bucket.ErrAnswer, text: fmt.Sprintf("%v (%s)", bucket.ErrAnswer, why), err: errors.New("another list")}
}

// listing never lets "cannot see" pass for "nothing there". A signature that does
// not match where nothing but a prefix was signed is one of a wrong key.
func listing(err error) error {
	f, ok := err.(*failure) //nolint:errorlint // our own, not wrapped
	if ok && f.kind == bucket.ErrNotFound {
		return &failure{kind: bucket.ErrNoBucket, text: f.text, err: f.err}
	}
	if ok && f.kind == bucket.ErrDenied {
		if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "SignatureDoesNotMatch" {
			f.kind = bucket.ErrIdentity
		}
	}
	return err
}

// listed decodes a key: XML cannot carry all that a key can hold.
func listed(o types.Object, encoding types.EncodingType) (bucket.Object, error) {
	key, err := decode(aws.ToString(o.Key), encoding)
	if err != nil {
		return bucket.Object{}, err
	}
	return bucket.Object{
		Key:     key,
		Size:    aws.ToInt64(o.Size),
		ModTime: aws.ToTime(o.LastModified),
		ETag:    unquote(o.ETag),
	}, nil
}

func decode(text string, encoding types.EncodingType) (string, error) {
	if encoding != types.EncodingTypeUrl {
		return text, nil
	}
	decoded, err := url.QueryUnescape(text)
	if err != nil {
		return "", &failure{text: "the endpoint lists a key that cannot be decoded", err: err}
	}
	return decoded, nil
}
