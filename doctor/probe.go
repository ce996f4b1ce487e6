package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/medialift/medialift/bucket"
)

// probeName is what the names of probes start with.
const probeName = ".medialift-doctor-"

// probe writes a small object, and sees that it is guarded, reads back, and can
// be deleted. Whatever happens, deleting it is tried.
func (e *examiner) probe(ctx context.Context, l bucket.Location, view bucket.View) {
	p := &prober{examiner: e, blind: view.Sight == bucket.Blind, store: l.Store, key: l.Key(probeName + rand.Text()), text: []byte(rand.Text() + rand.Text())}
	p.url = l.Naming.Base + p.key
	if _, err := l.Naming.URL(p.key); err != nil {
		e.fail("write", err)
		return
	}
	if p.write(ctx) {
		p.guarded(ctx)
		p.reads(ctx)
		p.deletes(context.WithoutCancel(ctx))
	}
}

// A prober tries out one object.
type prober struct {
	*examiner
	blind    bool // as far as was seen, nothing may be looked at
	store    bucket.Store
	key, url string
	text     []byte
}

func source(text []byte) bucket.Source {
	return bucket.Source{ReaderAt: bytes.NewReader(text), Size: int64(len(text)), ContentType: "text/plain"}
}

// write tells whether the object is there.
func (p *prober) write(ctx context.Context) bool {
	var obj bucket.Object
	tried := false
	err := p.try(ctx, func(ctx context.Context) (err error) {
		obj, err = p.store.Put(ctx, p.key, source(p.text), bucket.Condition{})
		if tried && errors.Is(err, bucket.ErrExists) { // the first try went through
			obj, err = p.store.Stat(ctx, p.key)
		}
		tried = true
		return err
	})
	if err != nil {
		p.fail("write", err)
		// The answer may have been lost, and not the object.
		_ = p.try(context.WithoutCancel(ctx), func(ctx context.Context) error { return p.store.Delete(ctx, p.key) })
		return false
	}
	p.add(OK, "write", "", "an object of %d bytes was written", len(p.text))
	if obj.Confirmed {
		p.add(OK, "checksum", "", "the store confirmed its bytes")
	} else {
		p.add(Warning, "checksum", "verify --download reads objects back", "the store confirmed no checksum")
	}
	return true
}

// guarded tries to create another object over the first one.
func (p *prober) guarded(ctx context.Context) {
	other := []byte("another object " + rand.Text())
	err := p.try(ctx, func(ctx context.Context) error {
		_, err := p.store.Put(ctx, p.key, source(other), bucket.Condition{})
		return err
	})
	switch {
	case errors.Is(err, bucket.ErrExists):
		p.add(OK, "overwrite", "", "an object that is there is not overwritten")
	case err == nil:
		p.text = other
		p.add(Failed, "overwrite", "use this store only for targets that nobody else writes to", "an object that was there was overwritten")
	default:
		p.add(Warning, "overwrite", hintFor(err), "unknown whether objects are guarded: %v", err)
	}
}

// reads reads the object back.
func (p *prober) reads(ctx context.Context) {
	var got []byte
	err := p.try(ctx, func(ctx context.Context) error {
		obj, err := p.store.Stat(ctx, p.key)
		if err != nil {
			return err
		}
		if obj.Size != int64(len(p.text)) {
			return fmt.Errorf("the store says that it has %d bytes, not %d", obj.Size, len(p.text))
		}
		body, err := p.store.Open(ctx, p.key)
		if err != nil {
			return err
		}
		defer body.Close()
		got, err = io.ReadAll(io.LimitReader(body, int64(len(p.text))+1))
		return err
	})
	switch {
	case p.blind && errors.Is(err, bucket.ErrDenied):
		p.add(Warning, "read", "upload can send all the same; verify needs credentials that may read", "%v", err)
	case err != nil:
		p.fail("read", err)
	case !bytes.Equal(got, p.text):
		p.add(Failed, "read", "something between here and the store changes what is sent", "other bytes were read than written")
	default:
		p.add(OK, "read", "", "the same bytes were read")
	}
}

// deletes removes the object and sees that it is gone.
func (p *prober) deletes(ctx context.Context) {
	err := p.try(ctx, func(ctx context.Context) error {
		if err := p.store.Delete(ctx, p.key); err != nil {
			return err
		}
		_, err := p.store.Stat(ctx, p.key)
		if err == nil {
			return errors.New("it is still there")
		}
		if errors.Is(err, bucket.ErrNotFound) {
			return nil
		}
		if p.blind && errors.Is(err, bucket.ErrDenied) {
			return nil // as an object is denied that is not there
		}
		return fmt.Errorf("looking whether it is gone: %w", err)
	})
	if err != nil {
		p.add(Warning, "delete", "delete "+p.url+" by other means; upload itself deletes nothing", "%v", err)
		return
	}
	p.add(OK, "delete", "", "the object was deleted")
}

// readable reads one byte; none is as good where there is none.
func readable(r io.Reader) error {
	_, err := r.Read(make([]byte, 1))
	if err == io.EOF {
		return nil
	}
	return err
}
