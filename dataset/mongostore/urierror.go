package mongostore

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// clientOptions are those of a URI, as the driver reads it. The error is ErrURI, and
// holds nothing of the URI; or ErrUnreachable, where a host cannot be looked up.
func clientOptions(uri string) (*options.ClientOptions, error) {
	opts := options.Client().ApplyURI(uri)
	if err := opts.Validate(); err != nil {
		if isLookup(err) {
			return nil, fmt.Errorf("%w: %s: %w", ErrUnreachable, Address(uri), lookupError(uri, err))
		}
		return nil, uriError(uri, err)
	}
	return opts, nil
}

// isLookup reports whether err is that of a DNS server, or of what it answered. The
// driver asks while it reads a mongodb+srv URI.
func isLookup(err error) bool {
	_, dns := errors.AsType[*net.DNSError](err)
	return dns || strings.Contains(err.Error(), "domain suffix from SRV record") || strings.Contains(err.Error(), "should have more domain levels") ||
		strings.Contains(err.Error(), "cannot unmarshal DNS message")
}

// lookupError says why a lookup failed: in the resolver's words, which hold the host
// alone, unless a part of the URI stands there.
func lookupError(uri string, err error) error {
	dns, ok := errors.AsType[*net.DNSError](err)
	if !ok {
		return ErrLookup
	}
	if slices.ContainsFunc(Secrets(uri), func(secret string) bool { return strings.Contains(dns.Error(), secret) }) {
		return ErrLookup
	}
	return fmt.Errorf("%w: %w", ErrLookup, dns)
}

// uriFaults are the words of the driver that are worth repeating: they hold nothing
// of the URI, as its messages around them do.
var uriFaults = []string{
	"unescaped slash in username", "unescaped slash in password", "unescaped colon in password", "unescaped @ sign in user info",
	"must have a / before the query ?", "must have a / separator between hosts and path", "must have at least 1 host",
	"port must be an integer", "port must be in the range [1, 65535]", "too many colons in address", "invalid username", "invalid password",
	"invalid host", "invalid database", "invalid option key", "invalid option value", "invalid option",
	"invalid authMechanism property", "invalid auth mechanism", "invalid auth property", "authSource must be non-empty when supplied in a URI",
	"auth source must be $external", "username required if URI contains user info", "username required", "password required",
	"username without password is invalid", "password without username is invalid", "token without username and password is invalid",
	"password cannot be specified", "cannot have mechanism properties", "ALLOWED_HOSTS cannot be specified in the URI",
	"a direct connection cannot be made if multiple hosts are specified", "a direct connection cannot be made if an SRV URI is used",
	"loadBalanced cannot be set to true", "srvMaxHosts cannot be a positive value", "cannot specify srvMaxHosts on non-SRV URI",
	"cannot specify srvServiceName on non-SRV URI", "URI with srv must not include a port number",
	"URI with SRV must include one and only one hostname",
	"a write concern cannot have both w=0 and j=true", "tls and ssl options, when both specified, must be equivalent",
}

// badValue is how the driver says which of its options has a value that it does not
// take; only names that it knows stand there.
var badValue = regexp.MustCompile(`^error parsing uri: invalid (?:value for "([A-Za-z]+)"|'([A-Za-z]+)' value): "`)

// uriError says what the driver has against a URI, and nothing that it holds.
func uriError(uri string, err error) error {
	text := err.Error()
	if m := badValue.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%w: the option %s has a value that cannot be used", ErrURI, m[1]+m[2])
	}
	for _, fault := range uriFaults {
		if strings.Contains(text, fault) {
			return fmt.Errorf("%w: %s", ErrURI, fault)
		}
	}
	held := func(secret string) bool { return strings.Contains(text, secret) }
	if _, unread := parseURI(uri); unread != nil || held(uri) || slices.ContainsFunc(Secrets(uri), held) {
		return fmt.Errorf("%w: the driver does not take it", ErrURI)
	}
	return fmt.Errorf("%w: %s", ErrURI, text) // such as a file of certificates that is not there
}
