package buckettest

import (
	"bytes"

	"github.com/medialift/medialift/bucket"
)

func (p place) same() {
	data := pattern(300<<10, 5)
	other := bytes.Clone(data)
	other[len(other)-1]++
	p.mustPut("same", data, bucket.Condition{})
	obj := p.holds("same", data)
	bare := obj // as List may describe it
	bare.ETag, bare.Checksums = "", nil
	odd := bare // an ETag that looks like an MD5 and is none
	odd.ETag = "0123456789abcdef0123456789abcdef"
	for what, o := range map[string]bucket.Object{"Stat": obj, "no checksum": bare, "odd ETag": odd} {
		for _, c := range []struct {
			name string
			data []byte
			want bool
		}{{"equal", data, true}, {"last byte", other, false}, {"shorter", data[1:], false}} {
			got, err := bucket.Same(p.Context(), p.Store, Source(c.data), o)
			if err != nil || got != c.want {
				p.Errorf("Same with %s, %s = %v, %v", what, c.name, got, err)
			}
		}
	}
	src := Source(data)
	src.Unchanged = func() error { return bucket.ErrSourceChanged }
	if _, err := bucket.Same(p.Context(), p.Store, src, obj); err == nil {
		p.Error("Same of a changed file says nothing")
	}
}

func (p place) check() {
	c, ok := p.Store.(bucket.Checker)
	if !ok {
		return
	}
	if err := c.Check(p.Context()); err != nil {
		p.Errorf("Check: %v", err)
	}
	p.mustPut("note", []byte("x"), bucket.Condition{})
	for _, n := range c.Notes() {
		p.Logf("note: %s", n)
	}
}
