package dataset

import (
	"cmp"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Strays collects, while documents are read, strings that look like paths of local
// files and that the Finder of these documents does not find. It keeps some of each
// field, whatever the order and however many there are. It is safe for concurrent use.
type Strays struct {
	mu     sync.Mutex
	fields map[string]*strayField
}

// What bounds the memory of a Strays, and what is looked at.
const (
	strayFields  = 500
	straySamples = 16
	longestPath  = 4096
)

type strayField struct {
	values int64
	sample []strayValue // those of the least hashes, in their order
}

type strayValue struct {
	hash  uint64
	value string
}

// A Stray is a field with values that name local files, though it is not among those
// that were looked for.
type Stray struct {
	Field string `json:"field"`
	// Values counts those that look like paths. Of them Looked were looked at, a sample,
	// and Found name a file.
	Values int64 `json:"values"`
	Looked int   `json:"looked"`
	Found  int   `json:"found"`
	// Example is one that does.
	Example string `json:"example"`
	// Media tells a field that is a media field of the dataset.
	Media bool `json:"media"`
	// Sent tells that all files found are sent as those of other fields.
	Sent bool `json:"sent"`
}

// Watching is f, which tells s of what it passes over.
func (f *Finder) Watching(s *Strays) *Finder {
	watching := *f
	watching.watch = s
	return &watching
}

// looksLikePath tells an absolute path of any system, or a relative one of more than one
// element, from other strings.
func looksLikePath(text []byte) bool {
	if len(text) < 2 || len(text) > longestPath {
		return false
	}
	slash := false
	for i, c := range text {
		switch {
		case c < ' ':
			return false
		case c == '/' && i > 0 && text[i-1] == ':' && i+1 < len(text) && text[i+1] == '/':
			return false // a URL
		case c == '/' || c == '\\':
			slash = true
		}
	}
	return slash
}

func (s *Strays) offer(field, value string) {
	h := fnv.New64a()
	_, _ = io.WriteString(h, value)
	one := strayValue{h.Sum64(), value}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fields == nil {
		s.fields = map[string]*strayField{}
	}
	f := s.fields[field]
	if f == nil {
		if len(s.fields) >= strayFields {
			return
		}
		f = &strayField{}
		s.fields[field] = f
	}
	f.values++
	at, there := slices.BinarySearchFunc(f.sample, one, func(a, b strayValue) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), strings.Compare(a.value, b.value))
	})
	if there || at == straySamples {
		return
	}
	f.sample = slices.Insert(f.sample, at, one)
	f.sample = f.sample[:min(len(f.sample), straySamples)]
}

// Find looks at the sample of each field, and returns the fields that name files. Exists
// tells whether a value names one, and whether that is sent for another field.
func (s *Strays) Find(f *Finder, exists func(value string) (is, sent bool, err error)) ([]Stray, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Stray
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		field := s.fields[name]
		stray := Stray{Field: name, Values: field.values, Looked: len(field.sample), Sent: true, Media: slices.Contains(f.Names(), name)}
		for _, one := range field.sample {
			is, sent, err := exists(one.value)
			if err != nil {
				return nil, err
			}
			if !is {
				continue
			}
			stray.Found++
			if stray.Example == "" || stray.Sent && !sent || stray.Sent == sent && one.value < stray.Example {
				stray.Example = one.value
			}
			stray.Sent = stray.Sent && sent
		}
		if stray.Found > 0 {
			list = append(list, stray)
		}
	}
	return list, nil
}
