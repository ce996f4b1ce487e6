package revisions

import (
	"fmt"
	"strings"
	"time"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// maxName is how many characters of a name and a slug 0.19.0 allows. Later
// versions allow more; what a migration calls a dataset must not depend on that.
const maxName = 100

// setSlug gives a dataset a slug, and another name where the slug of its own is
// taken or empty. Unlike FiftyOne's the new name is free for certain, and the
// dataset's way ends under it instead of halfway.
func setSlug(s *dbmigrate.State) {
	id, old := dbmigrate.IDKey(s.ID()), edit.Get(s.Doc, "name")
	name, isText := old.(string)
	slug := slugOf(firstRunes(name, maxName))
	switch {
	case slug == "":
		name, slug = freeName(s, func(stamp string) string { return stamp })
		if old != nil {
			why := "has no letter or digit that a slug could keep"
			if !isText {
				why = "is no text"
			}
			s.Warn("the name of dataset %q %s: it is renamed to %q", fmt.Sprint(old), why, name)
		}
	case s.Names.NameTaken(id, name) || s.Names.SlugTaken(id, slug):
		before := name
		name, slug = freeName(s, func(stamp string) string { return lastRunes(before+"-RENAMED-"+stamp, maxName) })
		s.Warn("the name of dataset %q is another dataset's in lower case and without signs: it is renamed to %q", before, name)
	}
	edit.Set(&s.Doc, "name", name)
	edit.Set(&s.Doc, "slug", slug)
}

// freeName makes names of time stamps as FiftyOne does, local time, until one is
// free; after the first, with microseconds.
func freeName(s *dbmigrate.State, of func(stamp string) string) (name, slug string) {
	id, now := dbmigrate.IDKey(s.ID()), s.Now.Local()
	for layout := "2006.01.02.15.04.05"; ; layout = "2006.01.02.15.04.05.000000" {
		name = of(now.Format(layout))
		slug = slugOf(name)
		if !s.Names.NameTaken(id, name) && !s.Names.SlugTaken(id, slug) {
			return name, slug
		}
		if strings.HasSuffix(layout, "0") {
			now = now.Add(time.Microsecond)
		}
	}
}

// slugOf is the slug of a name by the rules of 0.19.0: ASCII letters and digits
// stay, in lower case, ASCII blanks and "+_.-" become hyphens, one for any number,
// none at the ends, and the rest is dropped. "" where nothing is left.
func slugOf(name string) string {
	var b strings.Builder
	hyphen := false
	for _, c := range name {
		switch {
		case 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			if hyphen && b.Len() > 0 {
				b.WriteByte('-')
			}
			hyphen = false
			b.WriteRune(c)
		case strings.ContainsRune(" \t\n\r\v\f+_.-", c):
			hyphen = true
		}
	}
	return strings.ToLower(b.String())
}

func firstRunes(text string, n int) string {
	runes := []rune(text)
	return string(runes[:min(n, len(runes))])
}

func lastRunes(text string, n int) string {
	runes := []rune(text)
	return string(runes[max(0, len(runes)-n):])
}
