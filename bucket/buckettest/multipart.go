package buckettest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/medialift/medialift/bucket"
)

// partSize is how long the parts of all objects here are.
const partSize = 5 << 20

// RunMultipart puts the stores that open returns, which are bucket.Multiparts,
// through everything that callers rely on of that interface. Run does it too.
func RunMultipart(t *testing.T, open func(t *testing.T) bucket.Location) {
	for _, c := range []struct {
		name string
		run  func(p parted)
	}{
		{"sizes", parted.sizes},
		{"any order", parted.anyOrder},
		{"wrong parts", parted.wrongParts},
		{"resume", parted.resume},
		{"part twice", parted.partTwice},
		{"abort", parted.abort},
		{"finish twice", parted.finishTwice},
		{"condition", parted.condition},
		{"replace", parted.replaceInParts},
		{"changed source", parted.changedMidway},
		{"fickle source", parted.fickleMidway},
		{"unusable key", parted.unusableKey},
		{"cancelled", parted.cancelledMidway},
	} {
		t.Run(c.name, func(t *testing.T) {
			loc := open(t)
			c.run(parted{place{t, loc}, loc.Store.(bucket.Multipart)})
		})
	}
}

// A parted is a place whose store takes parts.
type parted struct {
	place
	multi bucket.Multipart
}

func (p parted) start(rel string, src bucket.Source) string {
	p.Helper()
	upload, err := p.multi.Start(p.Context(), p.Key(rel), src)
	if err != nil || upload == "" {
		p.Fatalf("Start %q: %q, %v", rel, upload, err)
	}
	return upload
}

// send puts the parts numbered, and returns what PutPart said of each.
func (p parted) send(rel, upload string, src bucket.Source, numbers ...int) []bucket.Part {
	p.Helper()
	var parts []bucket.Part
	for _, n := range numbers {
		part, err := p.multi.PutPart(p.Context(), p.Key(rel), upload, n, src.Part(n))
		if err != nil {
			p.Fatalf("PutPart %d of %q: %v", n, rel, err)
		}
		want, err := bucket.Sum(src.Part(n), src.Part(n).Size, bucket.CRC64NVME)
		if err != nil {
			p.Fatal(err)
		}
		if part.N != n || part.Size != src.Part(n).Size || part.ETag == "" || part.Checksums[bucket.CRC64NVME] != want[bucket.CRC64NVME] {
			p.Errorf("PutPart %d returned %+v", n, part)
		}
		parts = append(parts, part)
	}
	return parts
}

func (p parted) finish(rel, upload string, data []byte, parts []bucket.Part, cond bucket.Condition) bucket.Object {
	p.Helper()
	src := Source(data)
	src.ContentType = "video/mp4"
	obj, err := p.multi.Finish(p.Context(), p.Key(rel), upload, src, parts, cond)
	if err != nil {
		p.Fatalf("Finish %q: %v", rel, err)
	}
	if obj.Key != p.Key(rel) || obj.Size != int64(len(data)) || obj.ETag == "" || !obj.Confirmed {
		p.Errorf("Finish %q returned %+v", rel, obj)
	}
	p.agree(obj.Checksums, data)
	if now := p.holds(rel, data); now.ETag != obj.ETag {
		p.Errorf("Finish said ETag %q, Stat says %q", obj.ETag, now.ETag)
	}
	return obj
}

func (p parted) sizes() {
	for name, size := range map[string]int{
		"one": 1, "less": partSize - 1, "part": partSize, "more": partSize + 1, "three": 2*partSize + 1,
	} {
		data := pattern(size, 6)
		src := Source(data)
		src.ContentType = "video/mp4"
		upload := p.start(name, src)
		var numbers []int
		for n := range bucket.Parts(src.Size) {
			numbers = append(numbers, n+1)
		}
		parts := p.send(name, upload, src, numbers...)
		p.absent(name)
		p.finish(name, upload, data, parts, bucket.Condition{})
		if obj := p.holds(name, data); obj.ContentType != "" && obj.ContentType != "video/mp4" {
			p.Errorf("content type is %q", obj.ContentType)
		}
	}
}

func (p parted) anyOrder() {
	data := pattern(2*partSize+7, 7)
	upload := p.start("order", Source(data))
	parts := p.send("order", upload, Source(data), 3, 1, 2)
	p.finish("order", upload, data, []bucket.Part{parts[1], parts[2], parts[0]}, bucket.Condition{})
}

func (p parted) wrongParts() {
	data := pattern(2*partSize+7, 8)
	upload := p.start("wrong", Source(data))
	parts := p.send("wrong", upload, Source(data), 1, 2, 3)
	for what, list := range map[string][]bucket.Part{
		"none": {}, "the last is missing": parts[:2], "order": {parts[1], parts[0], parts[2]}, "twice": {parts[0], parts[0], parts[2]},
	} {
		if _, err := p.multi.Finish(p.Context(), p.Key("wrong"), upload, Source(data), list, bucket.Condition{}); err == nil {
			p.Errorf("%s: no error", what)
		}
	}
	p.absent("wrong")
	p.finish("wrong", upload, data, parts, bucket.Condition{})
}

// resume goes on where a process died that knew what it had sent.
func (p parted) resume() {
	data := pattern(3*partSize+9, 9)
	upload := p.start("resume", Source(data))
	if there, err := p.multi.Parts(p.Context(), p.Key("resume"), upload); err != nil || len(there) != 0 {
		p.Errorf("Parts before the first: %+v, %v", there, err)
	}
	known := p.send("resume", upload, Source(data), 1, 3)
	there, err := p.multi.Parts(p.Context(), p.Key("resume"), upload)
	if err != nil {
		p.Fatal(err)
	}
	same := func(a, b bucket.Part) bool { return a.N == b.N && a.Size == b.Size && a.ETag == b.ETag }
	if !slices.EqualFunc(known, there, same) {
		p.Errorf("Parts gave %+v, sent were %+v", there, known)
	}
	rest := p.send("resume", upload, Source(data), 2, 4)
	p.finish("resume", upload, data, []bucket.Part{known[0], rest[0], known[1], rest[1]}, bucket.Condition{})
}

func (p parted) partTwice() {
	data, other := pattern(partSize+1, 10), pattern(partSize+1, 11)
	upload := p.start("twice", Source(data))
	p.send("twice", upload, Source(other), 1, 2)
	parts := p.send("twice", upload, Source(data), 1, 2)
	p.finish("twice", upload, data, parts, bucket.Condition{})
}

func (p parted) abort() {
	data := pattern(partSize+1, 12)
	kept, dropped := p.start("abort", Source(data)), p.start("abort", Source(data))
	p.send("abort", dropped, Source(data), 1)
	parts := p.send("abort", kept, Source(data), 1, 2)
	for range 2 {
		if err := p.multi.Abort(p.Context(), p.Key("abort"), dropped); err != nil && !errors.Is(err, bucket.ErrNoUpload) {
			p.Errorf("Abort: %v", err)
		}
	}
	if there, err := p.multi.Parts(p.Context(), p.Key("abort"), dropped); err != nil && !errors.Is(err, bucket.ErrNoUpload) {
		p.Errorf("Parts after Abort: %+v, %v", there, err)
	}
	p.absent("abort")
	p.finish("abort", kept, data, parts, bucket.Condition{})
}

func (p parted) finishTwice() {
	data := pattern(partSize+1, 13)
	upload := p.start("again", Source(data))
	parts := p.send("again", upload, Source(data), 1, 2)
	obj := p.finish("again", upload, data, parts, bucket.Condition{})
	for _, cond := range []bucket.Condition{{}, overwrite} {
		again, err := p.multi.Finish(p.Context(), p.Key("again"), upload, Source(data), parts, cond)
		if err == nil && again.ETag != obj.ETag || err != nil && !errors.Is(err, bucket.ErrExists) && !errors.Is(err, bucket.ErrNoUpload) {
			p.Errorf("Finish again: %+v, %v", again, err)
		}
	}
	p.holds("again", data)
}

func (p parted) condition() {
	data := pattern(partSize+1, 14)
	upload := p.start("cond", Source(data))
	parts := p.send("cond", upload, Source(data), 1, 2)
	p.mustPut("cond", []byte("somebody else's"), overwrite) // Azurite takes blocks alone for an object
	for _, cond := range []bucket.Condition{{}, {Replaces: bucket.Object{ETag: "none"}}} {
		if _, err := p.multi.Finish(p.Context(), p.Key("cond"), upload, Source(data), parts, cond); !errors.Is(err, bucket.ErrExists) {
			p.Errorf("Finish over another object: %v, want ErrExists", err)
		}
	}
	p.holds("cond", []byte("somebody else's"))
	p.finishOrRepeat("cond", upload, data, parts, overwrite)
}

// finishOrRepeat allows for stores that drop the parts of a key when something
// else is put there.
func (p parted) finishOrRepeat(rel, upload string, data []byte, parts []bucket.Part, cond bucket.Condition) {
	p.Helper()
	src := Source(data)
	if _, err := p.multi.Finish(p.Context(), p.Key(rel), upload, src, parts, cond); errors.Is(err, bucket.ErrNoUpload) {
		upload = p.start(rel, src)
		p.finish(rel, upload, data, p.send(rel, upload, src, 1, 2), cond)
	} else if err != nil {
		p.Errorf("Finish %q: %v", rel, err)
	}
	p.holds(rel, data)
}

func (p parted) replaceInParts() {
	data := pattern(partSize+1, 15)
	old := p.mustPut("repl", []byte("old"), bucket.Condition{})
	upload := p.start("repl", Source(data))
	parts := p.send("repl", upload, Source(data), 1, 2)
	newer := p.mustPut("repl", []byte("newer"), bucket.Condition{Replaces: old})
	if _, err := p.multi.Finish(p.Context(), p.Key("repl"), upload, Source(data), parts, bucket.Condition{Replaces: old}); !errors.Is(err, bucket.ErrExists) {
		p.Errorf("replacing an older version: %v, want ErrExists", err)
	}
	p.holds("repl", []byte("newer"))
	p.finishOrRepeat("repl", upload, data, parts, bucket.Condition{Replaces: newer})
}

func (p parted) changedMidway() {
	data := pattern(partSize+1, 16)
	upload := p.start("changed", Source(data))
	parts := p.send("changed", upload, Source(data), 1, 2)
	src := Source(data)
	src.Unchanged = func() error { return bucket.ErrSourceChanged }
	if _, err := p.multi.PutPart(p.Context(), p.Key("changed"), upload, 2, src.Part(2)); !errors.Is(err, bucket.ErrSourceChanged) {
		p.Errorf("PutPart: %v, want ErrSourceChanged", err)
	}
	if _, err := p.multi.Finish(p.Context(), p.Key("changed"), upload, src, parts, bucket.Condition{}); !errors.Is(err, bucket.ErrSourceChanged) {
		p.Errorf("Finish: %v, want ErrSourceChanged", err)
	}
	shorter := bucket.Source{ReaderAt: bytes.NewReader(data[:partSize-1]), Size: int64(len(data))}
	for n := 1; n <= 2; n++ {
		if _, err := p.multi.PutPart(p.Context(), p.Key("changed"), upload, n, shorter.Part(n)); !errors.Is(err, bucket.ErrSourceChanged) {
			p.Errorf("PutPart %d of a shorter file: %v, want ErrSourceChanged", n, err)
		}
	}
	p.absent("changed")
}

func (p parted) unusableKey() {
	if _, err := p.multi.Start(p.Context(), p.Key("a//b"), Source(nil)); !errors.Is(err, bucket.ErrKey) {
		p.Errorf("Start: %v, want ErrKey", err)
	}
}

func (p parted) cancelledMidway() {
	data := pattern(partSize+1, 17)
	upload := p.start("stop", Source(data))
	ctx, cancel := context.WithCancel(p.Context())
	defer cancel()
	src := Source(data)
	src.ReaderAt = cancelling{src.ReaderAt, cancel}
	if _, err := p.multi.PutPart(ctx, p.Key("stop"), upload, 1, src.Part(1)); !errors.Is(err, context.Canceled) || errors.Is(err, bucket.ErrTemporary) {
		p.Errorf("PutPart cancelled midway: %v, want Canceled", err)
	}
	if _, err := p.multi.Start(ctx, p.Key("stop"), Source(data)); !errors.Is(err, context.Canceled) {
		p.Errorf("Start: %v, want Canceled", err)
	}
	p.finish("stop", upload, data, p.send("stop", upload, Source(data), 1, 2), bucket.Condition{})
}
