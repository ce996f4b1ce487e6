package buckettest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/medialift/medialift/bucket"
)

func (p place) roundTrip() {
	src := Source([]byte("a picture"))
	src.ContentType = "image/png"
	put, err := p.Store.Put(p.Context(), p.Key("dir/a.png"), src, bucket.Condition{})
	if err != nil {
		p.Fatal(err)
	}
	got := p.holds("dir/a.png", []byte("a picture"))
	if got.ETag != put.ETag {
		p.Errorf("Put said ETag %q, Stat says %q", put.ETag, got.ETag)
	}
	if got.ContentType != "" && got.ContentType != "image/png" {
		p.Errorf("content type is %q", got.ContentType)
	}
	if keys := p.keys("dir/"); !slices.Equal(keys, []string{"dir/a.png"}) {
		p.Errorf("List gave %q", keys)
	}
	if err := p.Store.Delete(p.Context(), p.Key("dir/a.png")); err != nil {
		p.Fatal(err)
	}
	p.absent("dir/a.png")
	if keys := p.keys("dir/"); len(keys) != 0 {
		p.Errorf("List gave %q after Delete", keys)
	}
}

func (p place) sizes() {
	for name, size := range map[string]int{
		"none": 0, "one": 1, "block": 256 << 10, "less": 8<<20 - 1, "small": 8 << 20, "more": 8<<20 + 1, "large": large,
	} {
		data := pattern(size, 1)
		p.mustPut(name, data, bucket.Condition{})
		p.holds(name, data)
	}
}

func (p place) oddKeys() {
	keys := []string{
		"a b.jpg", " lead", "trail ", "a#1.png", "a%20b", "a%2Fb", "100%", "a?b=c&d", "a+b", "a  b", `a"b'c`, `back\slash`,
		"a;b,c:d=e@f$g", "(a)[b]{c}", "a~b!c*d", "<a>|^`", "nfc/\u00e9.jpg", "nfd/e\u0301.jpg", "\u65e5\u672c/\U0001f600.png",
		"UPPER/lower", ".hidden", "a..b", "...", "dot./x", "-rf", "x.tar.gz", "&amp;",
	}
	for i, key := range keys {
		data := []byte{byte(i), 'x'}
		if _, err := p.Naming.URL(p.Key(key)); err != nil {
			p.refuses(key)
			continue
		}
		p.mustPut("odd/"+key, data, bucket.Condition{})
		p.holds("odd/"+key, data)
		if got := p.keys("odd/" + key); !slices.Contains(got, "odd/"+key) {
			p.Errorf("List %q gave %q", key, got)
		}
		url, err := p.Naming.URL(p.Key("odd/" + key))
		if back, ok := p.Naming.Cut(url); err != nil || !ok || back != p.Key("odd/"+key) {
			p.Errorf("URL of %q is %q (%v), Cut gives %q", key, url, err, back)
		}
	}
}

// refuses checks that nothing is made of a key that the naming does not allow.
func (p place) refuses(key string) {
	p.Helper()
	if _, err := p.put(key, []byte("x"), overwrite); !errors.Is(err, bucket.ErrKey) {
		p.Errorf("Put %q: %v, want ErrKey", key, err)
	}
}

func (p place) unusableKeys() {
	p.mustPut("a", []byte("a"), bucket.Condition{})
	keys := []string{"a//b", "/b", "b/", "./b", "b/.", "x/../b", "..", "b\nc", "b\x00c", "b\xffc", strings.Repeat("long/", 1000)}
	for _, key := range keys {
		if _, err := p.Naming.URL(p.Key(key)); err == nil {
			p.Errorf("URL takes %q", key)
		}
		p.refuses(key)
	}
	if keys := p.keys(""); !slices.Equal(keys, []string{"a"}) {
		p.Errorf("List gave %q", keys)
	}
}

func (p place) longestKey() {
	if p.Naming.MaxKey == 0 {
		return
	}
	room := p.Naming.MaxKey - len(p.Key("")) // elements of 100 bytes and a slash
	rel := strings.Repeat(strings.Repeat("l", 100)+"/", room/101)
	rel += strings.Repeat("k", room-len(rel))
	if rel = strings.TrimPrefix(rel, "/"); strings.HasSuffix(rel, "/") {
		rel = rel[:len(rel)-2] + "/k"
	}
	p.mustPut(rel, []byte("deep"), bucket.Condition{})
	p.holds(rel, []byte("deep"))
	p.refuses(rel + "k")
}

func (p place) list() {
	want := []string{"l/a", "l/a-b", "l/a.txt", "l/ab/c", "l/ab/d/e", "l/b"}
	for _, key := range append([]string{"k", "m/a"}, want...) {
		p.mustPut(key, []byte(key), bucket.Condition{})
	}
	p.mustPut("l/a.d/x", nil, bucket.Condition{})
	for _, c := range []struct {
		prefix string
		want   []string
	}{
		{"l/", []string{"l/a", "l/a-b", "l/a.d/x", "l/a.txt", "l/ab/c", "l/ab/d/e", "l/b"}},
		{"l/a.", []string{"l/a.d/x", "l/a.txt"}},
		{"l/ab", []string{"l/ab/c", "l/ab/d/e"}},
		{"l/ab/d", []string{"l/ab/d/e"}},
		{"none/", []string{}},
	} {
		if got := p.keys(c.prefix); !slices.Equal(got, c.want) {
			p.Errorf("List %q gave %q, want %q", c.prefix, got, c.want)
		}
	}
	for range p.Store.List(p.Context(), p.Key("l/")) {
		break // must not panic
	}
}

func (p place) createOnly() {
	p.mustPut("first", []byte("first"), bucket.Condition{})
	for _, data := range []string{"second", "first"} { // the first one may be a probe
		if _, err := p.put("first", []byte(data), bucket.Condition{}); !errors.Is(err, bucket.ErrExists) {
			p.Errorf("second Put of %q: %v, want ErrExists", data, err)
		}
	}
	p.holds("first", []byte("first"))
	p.mustPut("next", []byte("next"), bucket.Condition{})
	if _, err := p.put("next", []byte("other"), bucket.Condition{}); !errors.Is(err, bucket.ErrExists) {
		p.Errorf("second Put: %v, want ErrExists", err)
	}
	p.holds("next", []byte("next"))
}

func (p place) createAtOnce() {
	for _, key := range []string{"race/1", "race/2", "race/3"} {
		var wg sync.WaitGroup
		var winner atomic.Int64
		winner.Store(-1)
		for i := range 8 {
			wg.Go(func() {
				_, err := p.put(key, pattern(1000+i, byte(i)), bucket.Condition{})
				switch {
				case err == nil:
					if !winner.CompareAndSwap(-1, int64(i)) {
						p.Errorf("%q: a second writer won", key)
					}
				case !errors.Is(err, bucket.ErrExists) && !errors.Is(err, bucket.ErrTemporary):
					p.Errorf("%q: %v, want ErrExists", key, err)
				}
			})
		}
		wg.Wait()
		i := winner.Load()
		if i < 0 {
			p.Fatalf("%q: no writer won", key)
		}
		p.holds(key, pattern(1000+int(i), byte(i)))
	}
}

func (p place) overwrite() {
	p.mustPut("o", []byte("old"), overwrite)
	p.mustPut("o", []byte("newer"), overwrite)
	p.holds("o", []byte("newer"))
	p.mustPut("o", nil, overwrite)
	p.holds("o", nil)
}

func (p place) replace() {
	one := p.mustPut("r", []byte("one"), bucket.Condition{Replaces: bucket.Object{ETag: "none"}})
	two := p.mustPut("r", []byte("two"), bucket.Condition{Replaces: one})
	p.holds("r", []byte("two"))
	if _, err := p.put("r", []byte("three"), bucket.Condition{Replaces: one}); !errors.Is(err, bucket.ErrExists) {
		p.Errorf("replacing an older version: %v, want ErrExists", err)
	}
	now := p.holds("r", []byte("two"))
	if now.ETag != two.ETag {
		p.Errorf("ETag is %q, was %q", now.ETag, two.ETag)
	}
	p.mustPut("r", []byte("three"), bucket.Condition{Replaces: now})
	p.holds("r", []byte("three"))
}

func (p place) changedSource() {
	for name, size := range map[string]int{"c/small": 10, "c/large": large} {
		src := Source(pattern(size, 2))
		src.Unchanged = func() error { return bucket.ErrSourceChanged }
		if _, err := p.Store.Put(p.Context(), p.Key(name), src, bucket.Condition{}); !errors.Is(err, bucket.ErrSourceChanged) {
			p.Errorf("%v, want ErrSourceChanged", err)
		}
		p.absent(name)
	}
	p.mustPut("c/old", []byte("old"), bucket.Condition{})
	src := Source([]byte("new"))
	src.Unchanged = func() error { return bucket.ErrSourceChanged }
	if _, err := p.Store.Put(p.Context(), p.Key("c/old"), src, overwrite); !errors.Is(err, bucket.ErrSourceChanged) {
		p.Errorf("%v, want ErrSourceChanged", err)
	}
	p.holds("c/old", []byte("old"))
	if keys := p.keys("c/"); !slices.Equal(keys, []string{"c/old"}) {
		p.Errorf("List gave %q", keys)
	}
}

func (p place) shorterSource() {
	for name, size := range map[string]int64{"s/small": 10, "s/large": large} {
		src := bucket.Source{ReaderAt: bytes.NewReader(pattern(int(size)-1, 3)), Size: size}
		if _, err := p.Store.Put(p.Context(), p.Key(name), src, bucket.Condition{}); !errors.Is(err, bucket.ErrSourceChanged) {
			p.Errorf("%v, want ErrSourceChanged", err)
		}
		p.absent(name)
	}
}

func (p place) missing() {
	p.absent("none")
	p.absent("no/such/dir")
	if _, err := p.Store.Open(p.Context(), p.Key("none")); !errors.Is(err, bucket.ErrNotFound) {
		p.Errorf("Open: %v, want ErrNotFound", err)
	}
	for _, key := range []string{"none", "no/such/dir"} {
		if err := p.Store.Delete(p.Context(), p.Key(key)); err != nil {
			p.Errorf("Delete %q: %v", key, err)
		}
	}
}

func (p place) cancelled() {
	ctx, cancel := context.WithCancel(p.Context())
	cancel()
	if _, err := p.Store.Put(ctx, p.Key("x"), Source([]byte("x")), bucket.Condition{}); !errors.Is(err, context.Canceled) {
		p.Errorf("Put: %v, want Canceled", err)
	}
	if _, err := p.Store.Stat(ctx, p.Key("x")); !errors.Is(err, context.Canceled) {
		p.Errorf("Stat: %v, want Canceled", err)
	}
	var last error
	for _, err := range p.Store.List(ctx, p.Key("")) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		p.Errorf("List: %v, want Canceled", last)
	}
	midway, stop := context.WithCancel(p.Context())
	defer stop()
	src := Source(pattern(large, 4))
	src.ReaderAt = cancelling{src.ReaderAt, stop}
	_, err := p.Store.Put(midway, p.Key("y"), src, bucket.Condition{})
	if !errors.Is(err, context.Canceled) || errors.Is(err, bucket.ErrTemporary) {
		p.Errorf("Put cancelled midway: %v, want Canceled", err)
	}
	p.absent("x")
	p.absent("y")
}

// A cancelling reader cancels something when the second half is read.
type cancelling struct {
	r interface {
		ReadAt(b []byte, off int64) (int, error)
	}
	cancel func()
}

func (c cancelling) ReadAt(b []byte, off int64) (int, error) {
	if off > large/2 {
		c.cancel()
	}
	return c.r.ReadAt(b, off)
}
