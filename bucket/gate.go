package bucket

import "context"

// gateKey is the key of a gate in a context.
type gateKey struct{}

// WithGate returns a context whose HTTP requests wait at gate: a Store calls it
// with the request's own context before each request that it makes, also before
// each page of a list and each redirection that is followed. Where gate fails,
// nothing is sent, and the request fails with that error. gate is called from
// several goroutines, and maybe later than the method of the Store returns: a
// body is read with requests of its own, if need be. Requests for credentials go
// to others than the store, and do not wait. nil takes an outer gate away.
func WithGate(ctx context.Context, gate func(context.Context) error) context.Context {
	return context.WithValue(ctx, gateKey{}, gate)
}

// Gate waits until a request with this context may go out. Without a gate that is
// at once.
func Gate(ctx context.Context) error {
	if gate, _ := ctx.Value(gateKey{}).(func(context.Context) error); gate != nil {
		return gate(ctx)
	}
	return nil
}
