package bucket

import (
	"errors"
	"net/url"
	"strings"
)

// PublicURL is what may be shown and kept of the URL of a service: scheme, host, port
// and path, without user, password, query and fragment, which may be tokens. Of what
// cannot be read it is the scheme alone, such as "https://?".
func PublicURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme == "" {
		scheme, _, found := strings.Cut(raw, "://")
		if !found || !isScheme(scheme) {
			return "?"
		}
		return scheme + "://?"
	}
	head, _, _ := strings.Cut(raw, "?")
	head, _, _ = strings.Cut(head, "#")
	scheme, rest, _ := strings.Cut(head, "://")
	host, path, slashed := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	// The head of a password that holds a slash or a question mark looks like a host.
	if strings.Contains(raw[len(head):], "@") || strings.Contains(path, "@") || strings.Contains(host, "%40") {
		return u.Scheme + "://?"
	}
	if slashed {
		path = "/" + path
	}
	return scheme + "://" + host + path
}

func isScheme(s string) bool {
	for i, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && (c >= '0' && c <= '9' || strings.ContainsRune("+-.", c))) {
			return false
		}
	}
	return s != ""
}

var (
	errUnreadURL   = errors.New("the URL of the endpoint cannot be read")
	errUnreadProxy = errors.New("the address of the proxy (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) cannot be read")
)

// PublicCause is an error of net/http without the addresses that it quotes, as they
// may hold a password.
func PublicCause(err error) error {
	if err == nil {
		return nil
	}
	if strings.Contains(err.Error(), "invalid proxy address") {
		return errUnreadProxy
	}
	at, ok := errors.AsType[*url.Error](err)
	switch {
	case !ok:
		return err
	case at.Op == "parse":
		return errUnreadURL
	}
	return PublicCause(at.Err)
}
