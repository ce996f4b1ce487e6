package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/medialift/medialift/bucket"
)

// A peer that says nothing ends a Read, but not as long as we are sending.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer here.Close()
		defer there.Close()
		go io.Copy(io.Discard, there)
		const patience = 200 * time.Millisecond
		c := &liveConn{Conn: here, silence: patience}
		failed := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 1))
			failed <- err
		}()
		for start := time.Now(); time.Since(start) < 2*patience; time.Sleep(patience / 10) {
			if _, err := c.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case err := <-failed:
			t.Fatalf("given up while sending: %v", err)
		default:
		}
		if err := Network(<-failed); !errors.Is(err, bucket.ErrTemporary) {
			t.Error(err)
		}
	})
}

func TestNetwork(t *testing.T) {
	wrap := func(err error) error { return &url.Error{Op: "Put", URL: "https://host/?sig=hush", Err: err} }
	reset := &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	for _, c := range []struct {
		err, want error
	}{
		{wrap(reset), bucket.ErrTemporary},
		{wrap(io.EOF), bucket.ErrTemporary},
		{io.ErrUnexpectedEOF, bucket.ErrTemporary},
		{wrap(&net.DNSError{Err: "no such host", Name: "host"}), bucket.ErrUnreachable},
		{wrap(&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}), bucket.ErrUnreachable},
		{wrap(http.ErrSchemeMismatch), bucket.ErrUnreachable},
		{wrap(&tls.CertificateVerificationError{Err: errors.New("unknown authority")}), nil},
		{errors.New("anything else"), nil},
	} {
		err := Network(c.err)
		for _, s := range []error{bucket.ErrTemporary, bucket.ErrUnreachable} {
			if errors.Is(err, s) != (s == c.want) {
				t.Errorf("%v: is %q: %v", err, s, errors.Is(err, s))
			}
		}
		if !errors.Is(err, c.err) || bytes.Contains([]byte(err.Error()), []byte("hush")) {
			t.Errorf("%v", err)
		}
	}
	again := Recast(Fail(bucket.ErrNotFound, "HTTP 404", reset), bucket.ErrNoBucket, "no bucket")
	if errors.Is(again, bucket.ErrNotFound) || !errors.Is(again, bucket.ErrNoBucket) || !errors.Is(again, reset) {
		t.Error(again)
	}
}

func TestBuffers(t *testing.T) {
	var b Buffers
	for _, n := range []int{0, 1, Least, Least + 1, 8 << 20} {
		buf := b.Get(n)
		if len(*buf) < n || len(*buf) > max(2*n, Least) {
			t.Errorf("%d bytes for %d", len(*buf), n)
		}
		b.Put(buf)
	}
}

func TestBodyTakenBack(t *testing.T) {
	b := NewBody([]byte("abc"))
	one := make([]byte, 1)
	if _, err := b.Read(one); err != nil || one[0] != 'a' {
		t.Fatal(err)
	}
	if at, err := b.Seek(0, io.SeekStart); err != nil || at != 0 {
		t.Fatal(err)
	}
	b.TakeBack()
	if _, err := b.Read(one); err == nil {
		t.Error("still read")
	}
	if _, err := b.Seek(0, io.SeekStart); err == nil || b.Close() != nil {
		t.Error("still sought")
	}
}

// Dialling fails at once where nobody listens, and knows contexts.
func TestTransport(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewTransport().RoundTrip(r); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
