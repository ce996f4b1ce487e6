package bucket

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestPublicURL(t *testing.T) {
	for raw, want := range map[string]string{
		"http://localhost:9000":                     "http://localhost:9000",
		"http://localhost:9000/":                    "http://localhost:9000/",
		"https://key:s3cret@host:9000/path":         "https://host:9000/path",
		"https://t0ken@host":                        "https://host",
		"https://key:s3@cret@host":                  "https://host",
		"https://host/c?sv=1&sig=s3cret":            "https://host/c",
		"https://host/c#s3cret":                     "https://host/c",
		"https://key:s3/cret@host":                  "https://?",
		"https://key:12/s3cret@host":                "https://?",
		"https://key:s3%zcret@host":                 "https://?",
		"https://s3?cret@host":                      "https://?",
		"https://s3#cret@host":                      "https://?",
		"https://s3cret%40host":                     "https://?",
		"HTTPS://key:s3cret@host":                   "HTTPS://host",
		"key:s3cret@host":                           "?",
		"s3cret":                                    "?",
		"key:s3cret://host":                         "?",
		"":                                          "?",
		"http://[::1]:9000":                         "http://[::1]:9000",
		"https://a.blob.core.windows.net/c?sig=s3@": "https://?",
	} {
		if got := PublicURL(raw); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}

// What net/http says of an address that it cannot read holds the address.
func TestPublicCause(t *testing.T) {
	unreadable := fmt.Sprintf("http://key:%s@host", "s3/cret")
	_, parse := url.Parse(unreadable)
	proxy := &url.Error{Op: "Get", URL: "http://host", Err: fmt.Errorf("invalid proxy address %q: %v", "http://key:s3cret@host", parse)}
	plain := &url.Error{Op: "Get", URL: "http://s3cret@host", Err: http.ErrSchemeMismatch}
	for _, err := range []error{parse, fmt.Errorf("asking: %w", parse), proxy, plain} {
		if got := PublicCause(err); strings.Contains(got.Error(), "s3") || strings.Contains(got.Error(), "cret") {
			t.Errorf("got %v", got)
		}
	}
	if !errors.Is(PublicCause(plain), http.ErrSchemeMismatch) || PublicCause(nil) != nil {
		t.Error("the cause is lost")
	}
}

// No part of a user or password is in what is shown.
func FuzzPublicURL(f *testing.F) {
	for _, password := range []string{"", "?", "/", "@", "#", "%", "%2F", ":", "a?b=c", "\x00", "ü", "//", "@h/"} {
		f.Add("https", "key", password, "host:9000/path")
	}
	f.Fuzz(func(t *testing.T, scheme, user, password, host string) {
		const head, tail = "S3CRhead", "tailT3ZQ"
		if strings.ContainsAny(host, "@") {
			return // the host would be a part of the password
		}
		got := PublicURL(scheme + "://" + user + ":" + head + password + tail + "@" + host)
		if strings.Contains(got, head) || strings.Contains(got, tail) {
			t.Errorf("%q, %q, %q, %q: got %s", scheme, user, password, host, got)
		}
	})
}
