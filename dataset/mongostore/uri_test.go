package mongostore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

func TestAddress(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://h":                              "mongodb://h",
		"mongodb://lee:hun?ter2@h:27642/":          "mongodb://h:27642",
		"mongodb://lee:hun#ter2@h:27642/db":        "mongodb://h:27642",
		"mongodb://lee:%3F%2F%40%23%25@h/":         "mongodb://h",
		"mongodb://lee:a?b=c&d;e@h1:1,h2:2/x?w=1":  "mongodb://h1:1,h2:2",
		"mongodb://lee:pw@[::1]:27017/?tls=true":   "mongodb://[::1]:27017",
		"mongodb://lee:pw@%2Ftmp%2Fm-27017.sock/x": "mongodb://%2Ftmp%2Fm-27017.sock",
		"mongodb+srv://lee:p?w@c.example.net/x?srvMaxHosts=3&srvServiceName=x&tlsCertificateKeyFilePassword=p": "mongodb+srv://c.example.net",
		"mongodb+srv://c.example.net": "mongodb+srv://c.example.net",
		// What the driver does not take is not shown.
		"mongodb://lee:hun/ter2@h/":   "mongodb://?",
		"mongodb://lee:hun@ter2@h/":   "mongodb://?",
		"mongodb://lee:hun%ter2@h/":   "mongodb://?",
		"mongodb://lee:hun:ter2@h/":   "mongodb://?",
		"mongodb://lee:hunter2%40h/":  "mongodb://?",
		"mongodb://hunter2%40h/":      "mongodb://?",
		"mongodb+srv://lee:a/b@h":     "mongodb+srv://?",
		"postgres://lee:hunter2@h/db": "mongodb://?",
		"lee:hunter2@h":               "mongodb://?",
		"":                            "mongodb://?",
	} {
		if got := Address(uri); got != want {
			t.Errorf("%s: got %s, want %s", uri, got, want)
		}
	}
}

func TestSecrets(t *testing.T) {
	for uri, want := range map[string][]string{
		"mongodb://h/?w=1":               nil,
		"mongodb://lee@h/":               nil,
		"mongodb://lee:hun%3Fter@h/":     {"hun%3Fter", "hun?ter"},
		"mongodb://lee:hun?x=ter@h/?w=1": {"hun?x=ter"},
		"mongodb://h/?tlsCertificateKeyFile=/k.pem&tlsCertificateKeyFilePassword=ke%20y": {"ke y", "ke%20y"},
		"mongodb://AKIA:sec@h/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:tok%2Fen": {
			"sec", "tok/en", "AWS_SESSION_TOKEN:tok%2Fen"},
		"mongodb://h/?proxyHost=p&proxyPassword=hush": {"p", "hush"},
		"mongodb+srv://lee:pw@h/?srvMaxHosts=1":       {"pw"},
		"mongodb://lee:a/b@h":                         {"mongodb://lee:a/b@h"},
	} {
		got := Secrets(uri)
		for _, secret := range want {
			if !slices.Contains(got, secret) {
				t.Errorf("%s: %q is missing in %q", uri, secret, got)
			}
		}
		if len(want) == 0 && len(got) > 0 {
			t.Errorf("%s: got %q", uri, got)
		}
	}
}

// The reason of a refusal is worth something, and holds nothing of the URI.
func TestURIErrors(t *testing.T) {
	const secret = "hunter2"
	for uri, says := range map[string]string{
		"mongodb://lee:hunter2/x@h/":                "unescaped slash in password",
		"mongodb://lee:hunter2@x@h/":                "unescaped @ sign in user info",
		"mongodb://lee:hunter2%zz@h/":               "invalid password",
		"mongodb://lee:x:hunter2@h/":                "unescaped colon in password",
		"mongodb://lee:hunter2":                     "port must be an integer",
		"mongodb://lee:x:hunter2":                   "too many colons in address",
		"mongodb://lee:hunter2@h?w=1":               "must have a / before the query ?",
		"mongodb://h/?w=-1&x=hunter2":               "the option w has a value",
		"mongodb://h/?connect=hunter2":              "the option connect has a value",
		"mongodb://h/?maxPoolSize=hunter2":          "the option maxPoolSize has a value",
		"mongodb://h/?hunter2":                      "invalid option",
		"mongodb://h/?authMechanism=hunter2":        "invalid auth mechanism",
		"mongodb://lee:hunter2@h/?w=0&journal=true": "a write concern cannot have both",
		"mongodb://lee@h/:hunter2@i":                "a database that is not shown",
		"mongodb://:hunter2@h/":                     "username required",
		"mongodb://h/?tlsCAFile=/none/such":         "/none/such",
		"mongodb://lee:none@h/?tlsCAFile=/none":     "the driver does not take it",
	} {
		_, err := Open(context.Background(), uri, "fiftyone", Options{})
		if !errors.Is(err, ErrURI) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want %q", uri, err, says)
		}
	}
}

// Nothing of a password is in anything that is written, whatever it consists of, and
// the hosts are those that the driver goes to.
func FuzzAddress(f *testing.F) {
	for _, password := range []string{"", "?", "/", "@", "#", "%", "%2F", "%zz", ":", "a?b=c&d", "?w=-1", "\x00\x1b", "ü", " ", "mongodb://", "@h/?w=", "&tls=true;"} {
		f.Add("lee", password, "h:27017,i", "/db", "w=1")
		f.Add("", password, "[::1]", "", password)
	}
	f.Add("l?e/e", "x", "%2Ftmp%2Fm.sock", "/", "tlsCertificateKeyFilePassword=a&authMechanismProperties=A:b")
	f.Fuzz(func(t *testing.T, user, password, hosts, database, query string) {
		const head, tail = "S3CRhead", "tailT3ZQ"
		check := func(where, text string) {
			if strings.Contains(text, head) || strings.Contains(text, tail) {
				t.Errorf("%s tells the password: %s", where, text)
			}
		}
		for _, secret := range []string{user + ":" + head + password + tail + "@", ""} {
			uri := plainMark + secret + hosts + database + "?" + query
			if secret == "" { // a password among the options
				uri += "&tlsCertificateKeyFilePassword=" + head + tail + "&authMechanismProperties=A:" + head + tail
			}
			address := Address(uri)
			check("the address", address)
			if err := checkURI(uri, "fiftyone"); err != nil {
				check("the check", err.Error())
			}
			if _, err := clientOptions(uri); err != nil {
				check("the refusal", err.Error())
			}
			parts, err := connstring.Parse(uri)
			if err != nil && address != "mongodb://?" {
				t.Errorf("%q does not parse, but is shown as %s", uri, address)
			}
			if err == nil && strings.Contains(parts.Password, head) && !slices.Contains(Secrets(uri), parts.Password) {
				t.Errorf("%q: the password is not among the secrets", uri)
			}
		}
	})
}
