package mongostore

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

const (
	plainMark = connstring.SchemeMongoDB + "://"
	srvMark   = connstring.SchemeMongoDBSRV + "://"
)

// parseURI reads a connection string as the driver does, without looking the
// hosts of mongodb+srv up. What it says in an error may quote a password.
func parseURI(uri string) (*connstring.ConnString, error) {
	rest, srv := strings.CutPrefix(uri, srvMark)
	if !srv {
		return connstring.Parse(uri)
	}
	parts, err := connstring.Parse(plainMark + withoutSRV(rest))
	if err == nil {
		parts.Scheme = connstring.SchemeMongoDBSRV
	}
	return parts, err
}

// withoutSRV drops the options that only mongodb+srv has. The driver ends the user
// at the first "@", so that options come after it.
func withoutSRV(rest string) string {
	user, hosts, found := strings.Cut(rest, "@")
	if !found {
		user, hosts = "", rest
	}
	hosts, query, asked := strings.Cut(hosts, "?")
	if !asked {
		return rest
	}
	var kept []string
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		key, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(key); err == nil {
			key = plain
		}
		if !strings.EqualFold(key, "srvMaxHosts") && !strings.EqualFold(key, "srvServiceName") {
			kept = append(kept, pair)
		}
	}
	hosts += "?" + strings.Join(kept, "&")
	if found {
		hosts = user + "@" + hosts
	}
	return hosts
}

// checkURI makes sure that FiftyOne, given the same URI and name, would find the
// same database. It uses the URI's for one half of its collections and the named
// one for the others where the two differ.
func checkURI(uri, name string) error {
	if !strings.HasPrefix(uri, plainMark) && !strings.HasPrefix(uri, srvMark) {
		return fmt.Errorf("%w: it has to begin with mongodb:// or mongodb+srv://", ErrURI)
	}
	parts, err := parseURI(uri)
	if err != nil {
		return uriError(uri, err)
	}
	if name == "" || strings.ContainsAny(name, "/\\. \"$\x00") {
		return fmt.Errorf("%w: %q cannot be the name of a database", ErrURI, name)
	}
	path := parts.Database
	if strings.ContainsAny(path, "@:/") { // a part of a user that has an "@" of its own
		return fmt.Errorf("%w: it names a database that is not shown, since it may be a part of a password; escape the user and the password", ErrURI)
	}
	if path != "" && path != name {
		return fmt.Errorf("%w: it names the database %q, but the database to use is %q: FiftyOne needs both to be the same, or none in the URI (to log in at %q, end the URI in /?authSource=%s)",
			ErrURI, path, name, path, path)
	}
	return nil
}

// Address is what may be shown of a connection string, and what a server is known
// by: the scheme and the hosts as the driver reads them, without user, password
// and options. Of what the driver does not take, it holds the scheme alone.
func Address(uri string) string {
	scheme := plainMark
	if strings.HasPrefix(uri, srvMark) {
		scheme = srvMark
	}
	parts, err := parseURI(uri)
	if err != nil {
		return scheme + "?"
	}
	hosts := make([]string, len(parts.RawHosts))
	for i, host := range parts.RawHosts {
		if strings.Contains(host, "@") { // an escaped one: a user that the driver takes for a host
			return scheme + "?"
		}
		if hosts[i] = host; !plainHost.MatchString(host) {
			hosts[i] = url.PathEscape(host)
		}
	}
	return scheme + strings.Join(hosts, ",")
}

// plainHost is a host that stands in a URI as it is; a socket's path does not.
var plainHost = regexp.MustCompile(`^[\w.:\[\]-]+$`)

// Secrets lists what a connection string holds that may be shown to nobody, as it
// stands there and as it is meant: the password, the password of a TLS key, the
// properties of a login and options that the driver does not know. What the driver
// does not take is a secret as a whole.
func Secrets(uri string) []string {
	parts, err := parseURI(uri)
	if err != nil {
		return []string{uri}
	}
	var list []string
	add := func(secret string) {
		if secret != "" {
			list = append(list, secret)
		}
	}
	if user, _, found := strings.Cut(uri, "@"); found && parts.PasswordSet {
		_, user, _ = strings.Cut(user, "://")
		_, password, _ := strings.Cut(user, ":")
		add(password)
		add(parts.Password)
	}
	if parts.SSLClientCertificateKeyPasswordSet {
		add(parts.SSLClientCertificateKeyPassword())
	}
	if parts.AuthMechanismPropertiesSet {
		for _, value := range parts.AuthMechanismProperties {
			add(value)
		}
	}
	for _, values := range parts.UnknownOptions {
		for _, value := range values {
			add(value)
		}
	}
	_, query, _ := strings.Cut(uri[strings.IndexByte(uri, '@')+1:], "?")
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		key, value, _ := strings.Cut(pair, "=")
		if secretOption.MatchString(key) || parts.UnknownOptions[strings.ToLower(key)] != nil {
			add(value)
		}
	}
	return list
}

var secretOption = regexp.MustCompile(`(?i)^(tlscertificatekeyfilepassword|sslclientcertificatekeypassword|authmechanismproperties)$`)
