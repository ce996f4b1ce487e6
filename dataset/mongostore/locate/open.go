package locate

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/dataset/mongostore"
)

// Open connects to the database at p. Stop ends what Open has started, after the
// database has been closed; it is never nil.
func Open(ctx context.Context, p Place, o mongostore.Options) (d *mongostore.Database, stop func() error, err error) {
	stop = func() error { return nil }
	uri := p.URI
	if uri == "" {
		server, err := p.server(ctx)
		if err != nil {
			return nil, stop, err
		}
		uri, stop = server.uri, server.stop
	}
	if o.Compressor == "" {
		o.Compressor = p.Compressor
	}
	d, err = mongostore.Open(ctx, uri, p.Name, o)
	if err != nil {
		return nil, func() error { return nil }, errors.Join(err, stop())
	}
	return d, stop, nil
}

// A server is an embedded mongod in use.
type server struct {
	uri  string
	stop func() error
}

func at(port uint32) string { return fmt.Sprintf("mongodb://127.0.0.1:%d", port) }

// server joins the embedded mongod or starts it.
func (p Place) server(ctx context.Context) (server, error) {
	if p.port != "" {
		return server{uri: "mongodb://127.0.0.1:" + p.port, stop: func() error { return nil }}, nil
	}
	running, err := p.join(ctx)
	if err == nil || !errors.Is(err, errNotRunning) {
		return running, err
	}
	return p.start(ctx)
}
