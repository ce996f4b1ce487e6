package buckettest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/medialift/medialift/bucket"
)

// RunResumable puts the stores that open returns, which are bucket.Resumables,
// through everything that callers rely on of that interface. Run does it too.
func RunResumable(t *testing.T, open func(t *testing.T) bucket.Location) {
	for _, c := range []struct {
		name string
		run  func(p resumed)
	}{
		{"sizes", resumed.sizes},
		{"resume", resumed.resume},
		{"other bytes", resumed.otherBytes},
		{"cancel", resumed.cancel},
		{"condition", resumed.condition},
		{"changed source", resumed.changedMidway},
		{"unusable key", resumed.unusableKey},
		{"cancelled", resumed.cancelledMidway},
	} {
		t.Run(c.name, func(t *testing.T) {
			loc := open(t)
			c.run(resumed{place{t, loc}, loc.Store.(bucket.Resumable)})
		})
	}
}

// A resumed is a place whose store takes objects in sessions.
type resumed struct {
	place
	store bucket.Resumable
}

func video(data []byte) bucket.Source {
	src := Source(data)
	src.ContentType = "video/mp4"
	return src
}

func (p resumed) begin(rel string, src bucket.Source, cond bucket.Condition) bucket.Session {
	p.Helper()
	s, err := p.store.Begin(p.Context(), p.Key(rel), src, cond)
	if err != nil || s.Name() == "" || s.Received() != 0 {
		p.Fatalf("Begin %q: %+v, %v", rel, s, err)
	}
	return s
}

// send sends until something happens.
func (p resumed) send(s bucket.Session) (bucket.Object, error) {
	for {
		before := s.Received()
		obj, done, err := s.Send(p.Context(), 1<<20)
		if done || err != nil {
			return obj, err
		}
		if now := s.Received(); now <= before {
			p.Fatalf("%d bytes had arrived, and now %d", before, now)
		}
	}
}

func (p resumed) finish(rel string, s bucket.Session, data []byte) bucket.Object {
	p.Helper()
	obj, err := p.send(s)
	if err != nil {
		p.Fatalf("Send %q: %v", rel, err)
	}
	if obj.Key != p.Key(rel) || obj.Size != int64(len(data)) || obj.ETag == "" || !obj.Confirmed {
		p.Errorf("the last Send of %q returned %+v", rel, obj)
	}
	p.agree(obj.Checksums, data)
	if now := p.holds(rel, data); now.ETag != obj.ETag || now.ContentType != "" && now.ContentType != "video/mp4" {
		p.Errorf("Send said ETag %q, Stat says %+v", obj.ETag, now)
	}
	return obj
}

func (p resumed) sizes() {
	for name, size := range map[string]int{
		"none": 0, "one": 1, "less": quantum - 1, "quantum": quantum, "more": quantum + 1, "large": 3<<20 + 5, "round": 4 << 20,
	} {
		data := pattern(size, 21)
		s := p.begin(name, video(data), bucket.Condition{})
		p.absent(name)
		p.finish(name, s, data)
	}
}

// resume goes on where a process died.
func (p resumed) resume() {
	data := pattern(5<<20+9, 22)
	s := p.begin("resume", video(data), bucket.Condition{})
	for want := int64(0); want < 3; want++ {
		again, err := p.store.Resume(p.Context(), p.Key("resume"), s.Name(), video(data))
		if err != nil || again.Received() != s.Received() || again.Name() != s.Name() {
			p.Fatalf("Resume: %+v, %v; want %d bytes", again, err, s.Received())
		}
		s = again
		if _, done, err := s.Send(p.Context(), 1<<20); done || err != nil {
			p.Fatalf("Send: %v, %v", done, err)
		}
	}
	p.absent("resume")
	p.finish("resume", s, data)
	again, err := p.store.Resume(p.Context(), p.Key("resume"), s.Name(), video(data))
	if err == nil {
		_, err = p.send(again) // its answer may have been lost
	}
	if err != nil && !errors.Is(err, bucket.ErrNoUpload) {
		p.Errorf("Resume of what is finished: %v", err)
	}
	p.holds("resume", data)
}

// otherBytes goes on with a file that has changed, though nobody noticed.
func (p resumed) otherBytes() {
	data, other := pattern(3<<20, 23), pattern(3<<20, 24)
	s := p.begin("other", video(data), bucket.Condition{})
	if _, _, err := s.Send(p.Context(), 1<<20); err != nil {
		p.Fatal(err)
	}
	s, err := p.store.Resume(p.Context(), p.Key("other"), s.Name(), video(other))
	if err != nil {
		p.Fatal(err)
	}
	if _, err := p.send(s); !errors.Is(err, bucket.ErrChecksum) {
		p.Errorf("%v, want ErrChecksum", err)
	}
	p.absent("other")
}

func (p resumed) cancel() {
	data := pattern(2<<20, 25)
	s := p.begin("cancel", video(data), bucket.Condition{})
	if _, _, err := s.Send(p.Context(), 1<<20); err != nil {
		p.Fatal(err)
	}
	for range 2 {
		if err := p.store.Cancel(p.Context(), s.Name()); err != nil && !errors.Is(err, bucket.ErrNoUpload) {
			p.Errorf("Cancel: %v", err)
		}
	}
	if _, err := p.store.Resume(p.Context(), p.Key("cancel"), s.Name(), video(data)); !errors.Is(err, bucket.ErrNoUpload) {
		p.Errorf("Resume: %v, want ErrNoUpload", err)
	}
	if _, _, err := s.Send(p.Context(), 1<<20); !errors.Is(err, bucket.ErrNoUpload) {
		p.Errorf("Send: %v, want ErrNoUpload", err)
	}
	p.absent("cancel")
}

func (p resumed) condition() {
	data := pattern(2<<20, 26)
	s := p.begin("cond", video(data), bucket.Condition{})
	theirs := p.mustPut("cond", []byte("somebody else's"), bucket.Condition{})
	if _, err := p.send(s); !errors.Is(err, bucket.ErrExists) {
		p.Errorf("Send over another object: %v, want ErrExists", err)
	}
	for _, cond := range []bucket.Condition{{}, {Replaces: bucket.Object{ETag: "none"}}} {
		if _, err := p.store.Begin(p.Context(), p.Key("cond"), video(data), cond); !errors.Is(err, bucket.ErrExists) {
			p.Errorf("Begin over another object: %v, want ErrExists", err)
		}
	}
	p.holds("cond", []byte("somebody else's"))
	first := p.begin("cond", video(data), bucket.Condition{Replaces: theirs})
	second := p.begin("cond", video(data), bucket.Condition{Replaces: theirs})
	p.finish("cond", first, data)
	if _, err := p.send(second); !errors.Is(err, bucket.ErrExists) {
		p.Errorf("replacing what was replaced: %v, want ErrExists", err)
	}
	more := pattern(2<<20, 27)
	p.finish("cond", p.begin("cond", video(more), overwrite), more)
}

func (p resumed) changedMidway() {
	data := pattern(2<<20, 28)
	src := video(data)
	src.Unchanged = func() error { return bucket.ErrSourceChanged }
	if _, err := p.send(p.begin("changed", src, bucket.Condition{})); !errors.Is(err, bucket.ErrSourceChanged) {
		p.Errorf("%v, want ErrSourceChanged", err)
	}
	for _, size := range []int{len(data) - 1, 1<<20 + 1} {
		shorter := bucket.Source{ReaderAt: bytes.NewReader(data[:size]), Size: int64(len(data))}
		if _, err := p.send(p.begin("changed", shorter, bucket.Condition{})); !errors.Is(err, bucket.ErrSourceChanged) {
			p.Errorf("a shorter file: %v, want ErrSourceChanged", err)
		}
	}
	p.absent("changed")
}

func (p resumed) unusableKey() {
	if _, err := p.store.Begin(p.Context(), p.Key("a//b"), Source(nil), overwrite); !errors.Is(err, bucket.ErrKey) {
		p.Errorf("Begin: %v, want ErrKey", err)
	}
}

// cancelledMidway goes on in the same session after a Send was cancelled.
func (p resumed) cancelledMidway() {
	data := pattern(large, 29)
	src := video(data)
	s := p.begin("stop", src, bucket.Condition{})
	ctx, cancel := context.WithCancel(p.Context())
	defer cancel()
	src.ReaderAt = cancelling{src.ReaderAt, cancel}
	again, err := p.store.Resume(ctx, p.Key("stop"), s.Name(), src)
	if err != nil {
		p.Fatal(err)
	}
	if _, _, err := again.Send(ctx, large); !errors.Is(err, context.Canceled) || errors.Is(err, bucket.ErrTemporary) {
		p.Errorf("Send cancelled midway: %v, want Canceled", err)
	}
	p.finish("stop", again, data)
}
