package main

import (
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/report"
)

// secrets are what this invocation knows and must not print. The packages that use
// them keep them out of what they say; this is for what they do not know of, such as
// a URI among arguments where it does not belong.
type secrets struct {
	mu    sync.Mutex
	uris  map[string]string // to what may be shown
	words []string
	// Of people's lines, errors and JSON.
	lines, errors, json *strings.Replacer
}

// shortest is the length of the shortest word that is hidden: a shorter one may well
// be a part of others.
const shortest = 8

// learn finds secrets among arguments and NAME=VALUE variables.
func (s *secrets) learn(args, environ []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, arg := range args {
		s.uri(arg)
	}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		s.uri(value)
		s.variable(strings.ToUpper(name), value)
	}
	s.build()
}

// learnURI takes a database URI that was read from a file or a setting.
func (s *secrets) learnURI(uri string) {
	s.learn([]string{uri}, nil)
}

// uri finds a database URI in a text.
func (s *secrets) uri(text string) {
	at := strings.Index(text, "mongodb")
	if at < 0 || !strings.HasPrefix(text[at:], "mongodb://") && !strings.HasPrefix(text[at:], "mongodb+srv://") {
		return
	}
	uri := strings.TrimSpace(text[at:])
	if s.uris == nil {
		s.uris = map[string]string{}
	}
	if shown := mongostore.Address(uri); shown != uri {
		s.uris[uri] = shown
	}
	s.words = append(s.words, mongostore.Secrets(uri)...)
}

// variable takes what an environment variable holds that is a secret by its name, or
// a URL with a password.
func (s *secrets) variable(name, value string) {
	switch {
	case name == "AZURE_STORAGE_CONNECTION_STRING":
		s.words = append(s.words, value)
		for part := range strings.SplitSeq(value, ";") {
			if key, secret, _ := strings.Cut(part, "="); strings.EqualFold(key, "AccountKey") || strings.EqualFold(key, "SharedAccessSignature") {
				s.words = append(s.words, secret)
			}
		}
	case slices.ContainsFunc([]string{"SECRET_ACCESS_KEY", "SESSION_TOKEN", "SECRET_KEY", "_STORAGE_KEY", "SAS_TOKEN", "CLIENT_SECRET", "AUTH_TOKEN"},
		func(end string) bool { return strings.HasSuffix(name, end) }):
		s.words = append(s.words, value)
	case strings.HasSuffix(name, "_PROXY"), strings.HasSuffix(name, "_URL"):
		if public := bucket.PublicURL(value); public == value || !strings.Contains(value, "@") {
			return
		}
		s.words = append(s.words, value)
		if u, err := url.Parse(value); err == nil && u.User != nil {
			password, _ := u.User.Password()
			s.words = append(s.words, password)
		}
	}
}

// build makes the replacers; the longest come first, since they hold others.
func (s *secrets) build() {
	byLength := func(a, b string) int { return len(b) - len(a) }
	var lines, errors, json []string
	var uris []string
	for uri := range s.uris {
		uris = append(uris, uri)
	}
	slices.SortFunc(uris, byLength)
	for _, uri := range uris {
		for _, spelled := range []string{uri, quoted(uri), report.Visible(uri)} {
			lines = append(lines, spelled, s.uris[uri])
		}
		json = append(json, inJSON(uri), inJSON(s.uris[uri]))
	}
	errors = slices.Clone(lines)
	slices.SortFunc(s.words, byLength)
	for _, word := range s.words {
		if len(word) >= shortest {
			for _, spelled := range []string{word, quoted(word), report.Visible(word)} {
				errors = append(errors, spelled, "…")
			}
		}
	}
	s.lines, s.errors, s.json = strings.NewReplacer(lines...), strings.NewReplacer(errors...), strings.NewReplacer(json...)
}

// inLine hides the URIs in a text, inError all secrets, inDocument the URIs in JSON.
func (s *secrets) inLine(text string) string {
	return s.without(text, func() *strings.Replacer { return s.lines })
}
func (s *secrets) inError(text string) string {
	return s.without(text, func() *strings.Replacer { return s.errors })
}
func (s *secrets) inDocument(text string) string {
	return s.without(text, func() *strings.Replacer { return s.json })
}

func (s *secrets) without(text string, kind func() *strings.Replacer) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := kind(); r != nil {
		return r.Replace(text)
	}
	return text
}
