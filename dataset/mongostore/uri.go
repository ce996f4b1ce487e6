package mongostore

import (
	"fmt"
	"net/url"
	"strings"
)

// A uriParts is a connection string in pieces. Go's net/url does not take lists
// of hosts.
type uriParts struct {
	scheme, user, hosts, database, options string
}

func splitURI(uri string) (parts uriParts, ok bool) {
	parts.scheme, uri, ok = strings.Cut(uri, "://")
	if !ok || parts.scheme != "mongodb" && parts.scheme != "mongodb+srv" {
		return uriParts{}, false
	}
	uri, parts.options, _ = strings.Cut(uri, "?")
	if at := strings.LastIndexByte(uri, '@'); at >= 0 {
		parts.user, uri = uri[:at], uri[at+1:]
	}
	parts.hosts, parts.database, _ = strings.Cut(uri, "/")
	return parts, true
}

// checkURI makes sure that FiftyOne, given the same URI and name, would find the
// same database. It uses the URI's for one half of its collections and the named
// one for the others where the two differ.
func checkURI(uri, name string) error {
	parts, ok := splitURI(uri)
	if !ok {
		return fmt.Errorf("%w: it has to begin with mongodb:// or mongodb+srv://", ErrURI)
	}
	if name == "" || strings.ContainsAny(name, "/\\. \"$\x00") {
		return fmt.Errorf("%w: %q cannot be the name of a database", ErrURI, name)
	}
	path, err := url.PathUnescape(parts.database)
	if err != nil {
		path = parts.database
	}
	if path != "" && path != name {
		return fmt.Errorf("%w: it names the database %q, but the database to use is %q: FiftyOne needs both to be the same, or none in the URI (to log in at %q, end the URI in /?authSource=%s)",
			ErrURI, path, name, path, path)
	}
	return nil
}

// Address is what may be shown of a connection string: no user, no password, no
// options.
func Address(uri string) string {
	parts, ok := splitURI(uri)
	if !ok {
		return "mongodb://?"
	}
	return parts.scheme + "://" + parts.hosts
}

// redact takes out of text what uri holds that is nobody's business.
func redact(uri, text string) string {
	parts, _ := splitURI(uri)
	text = strings.ReplaceAll(text, uri, Address(uri))
	secrets := []string{parts.user}
	_, password, _ := strings.Cut(parts.user, ":")
	if plain, err := url.PathUnescape(password); err == nil {
		secrets = append(secrets, plain)
	}
	for _, secret := range append(secrets, password, parts.options) {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}
