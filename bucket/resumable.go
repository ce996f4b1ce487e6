package bucket

import "context"

// A Resumable is a Store that takes a large object from its first byte to its
// last, one request after the other, in a session that outlives connections and
// processes. Nothing is under the key before the last byte has arrived. No method
// retries.
type Resumable interface {
	// Begin opens a session for an object of src's size and content type. cond is
	// that of the whole session: it fails with ErrExists where cond is not met now,
	// and Send does where it is not met at the end.
	Begin(ctx context.Context, key string, src Source, cond Condition) (Session, error)
	// Resume goes on with a session that an earlier process began for the same
	// bytes, or fails with ErrNoUpload. What has arrived is read from src again, for
	// its checksum.
	Resume(ctx context.Context, key, name string, src Source) (Session, error)
	// Cancel ends a session that nobody will go on with; one that is gone may be
	// ErrNoUpload or no error.
	Cancel(ctx context.Context, name string) error
}

// A Session is an object on its way to a Resumable. It is for one goroutine.
type Session interface {
	// Name is what Resume and Cancel know the session by. It may be a credential:
	// whoever has it can send the object's bytes. Keep it from others.
	Name() string
	// Received is how many bytes the store is known to have.
	Received() int64
	// Send sends about n bytes more, and returns the object after the last ones,
	// durable and confirmed as Put has it. After a failure Send may be called again;
	// it first asks how far the store has come. It fails with ErrSourceChanged where
	// src has changed, and with ErrNoUpload where the session is gone.
	Send(ctx context.Context, n int64) (obj Object, done bool, err error)
}
