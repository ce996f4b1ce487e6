package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/medialift/medialift/internal/lease"
)

// appName tells connections of ours from FiftyOne's own: a dataset that is not
// persistent lives as long as there is a connection of the name "fiftyone".
const appName = "medialift"

// selectionTimeout is how long a server is waited for where the URI does not
// say.
const selectionTimeout = 10 * time.Second

// Options say how a database is opened.
type Options struct {
	// Compressor, if not empty, is "zstd", "zlib", "snappy" or several of them with
	// commas between (FIFTYONE_DATABASE_COMPRESSOR).
	Compressor string
	// Force opens a database whose type is not one of FiftyOne's.
	Force bool
	// Waiting, if not nil, is told every few seconds what a run waits for, while the
	// database confirms none of its writes. Several goroutines may call it.
	Waiting func(text string)
}

// A Database is a connection to a database of FiftyOne's. Its methods may be
// used at the same time.
type Database struct {
	client  *mongo.Client
	db      *mongo.Database
	durable *mongo.Database // waits for the journal
	address string
	config  Config
	leases  *lease.Table

	resultFaults sync.Map // what is wrong with results, by the bytes of their _id
}

// OpenSource is the Config.Type of open-source FiftyOne's databases.
const OpenSource = "fiftyone"

// A Config is what FiftyOne has noted about the database as a whole.
type Config struct {
	// Version is the version of FiftyOne that the database stands at. Both are
	// empty where no FiftyOne has used the database yet.
	Version string
	// Type is "fiftyone", or "fiftyone-teams" for an Enterprise deployment.
	Type string
	// OfDatasets tells that the database notes no version, as FiftyOne before 0.15 did
	// not: Version is that of its newest dataset.
	OfDatasets bool
}

// Open connects to the database of that name on the server that uri names. The
// error is ErrURI, ErrUnreachable, ErrCredentials or ErrForeign, and never holds
// a password.
func Open(ctx context.Context, uri, name string, o Options) (*Database, error) {
	if err := checkURI(uri, name); err != nil {
		return nil, err
	}
	opts, err := clientOptions(uri)
	if err != nil {
		return nil, err
	}
	opts.SetAppName(appName)
	if opts.ServerSelectionTimeout == nil {
		opts.SetServerSelectionTimeout(selectionTimeout)
	}
	if o.Compressor != "" {
		opts.SetCompressors(strings.Split(o.Compressor, ","))
	}
	client, err := mongo.Connect(opts)
	if err != nil {
		return nil, uriError(uri, err)
	}
	journal := true
	durable := writeconcern.WriteConcern{W: "majority", Journal: &journal}
	d := &Database{
		client: client, address: Address(uri),
		// Whatever the URI says: writes that nobody acknowledges would be lost unseen, and
		// what is decided by a read, of a copy or of a deletion, has to be read where it was
		// written.
		db:      client.Database(name, fromPrimary().SetWriteConcern(writeconcern.Majority())),
		durable: client.Database(name, fromPrimary().SetWriteConcern(&durable)),
	}
	d.leases = lease.New(d.db, lease.Options{Waiting: o.Waiting})
	d.config, err = d.readConfig(ctx)
	if err == nil && !o.Force && d.config.Type != "" && !strings.HasPrefix(d.config.Type, "fiftyone") {
		err = fmt.Errorf("%w: %q says that its type is %q", ErrForeign, name, d.config.Type)
	}
	if err != nil {
		return nil, errors.Join(connectionError(d.address, err), d.Close())
	}
	return d, nil
}

// fromPrimary are options of a database whose reads see all writes before them. Of a
// direct connection to a secondary the driver reads all the same.
func fromPrimary() *options.DatabaseOptionsBuilder {
	return options.Database().SetReadPreference(readpref.Primary()).SetReadConcern(readconcern.Local())
}

// Close ends the connection.
func (d *Database) Close() error {
	// What it waits for is of no use to anybody once the caller is done.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := d.client.Disconnect(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("closing the database: %w", err)
	}
	return nil
}

// Name is the database's name on its server.
func (d *Database) Name() string { return d.db.Name() }

// Address is the server as a URI without credentials and options.
func (d *Database) Address() string { return d.address }

// Handle is the driver's handle of the database, for what concerns all of it, such
// as migrations. Its writes are acknowledged by a majority, not by the journal.
func (d *Database) Handle() *mongo.Database { return d.db }

// Config is what FiftyOne has noted about the database.
func (d *Database) Config() Config { return d.config }

// readConfig reads the one document of config. Where a race has left more of
// them, FiftyOne goes by the one with the greatest _id.
func (d *Database) readConfig(ctx context.Context) (Config, error) {
	newest := options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}})
	doc, err := d.db.Collection(configName).FindOne(ctx, bson.D{}, newest).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return d.unnoted(ctx)
	}
	if err != nil {
		return Config{}, err
	}
	version, _ := doc.Lookup("version").StringValueOK()
	kind, _ := doc.Lookup("type").StringValueOK()
	if kind == "" && version != "" && Older(version, typedSince) {
		kind = OpenSource // there was no other
	}
	return Config{Version: version, Type: kind}, nil
}

// unnoted tells the version of a database that notes none by its newest dataset. Where
// that one is of a FiftyOne that would have noted it, nobody can tell.
func (d *Database) unnoted(ctx context.Context) (Config, error) {
	var versions []any
	if err := d.db.Collection(datasetsName).Distinct(ctx, "version", bson.D{}).Decode(&versions); err != nil {
		return Config{}, err
	}
	newest := ""
	for _, v := range versions {
		if text, ok := v.(string); ok && (newest == "" || Older(newest, text)) {
			newest = text
		}
	}
	if newest == "" || !Older(newest, notedSince) {
		return Config{}, nil
	}
	return Config{Version: newest, Type: OpenSource, OfDatasets: true}, nil
}

// connectionError tells what a user can do something about.
func connectionError(address string, err error) error {
	var command mongo.CommandError
	var selection interface{ Unwrap() error }
	text := err.Error()
	const unauthorized, authenticationFailed = 13, 18
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, ErrForeign):
		return err
	case Unauthorized(err):
		return fmt.Errorf("%w: %s: %s", ErrRole, address, withoutDocuments(text))
	case errors.As(err, &command) && slices.Contains([]int32{unauthorized, authenticationFailed}, command.Code),
		strings.Contains(text, "auth error"), strings.Contains(text, "AuthenticationFailed"):
		return fmt.Errorf("%w: %s: %s", ErrCredentials, address, lastCause(text))
	case mongo.IsTimeout(err), mongo.IsNetworkError(err), errors.As(err, &selection) && strings.Contains(text, "server selection"):
		return fmt.Errorf("%w: %s: %s", ErrUnreachable, address, lastCause(text))
	}
	return fmt.Errorf("opening the database at %s: %w", address, err)
}

// lastCause cuts the driver's description of its topology down to why it did
// not connect.
func lastCause(text string) string {
	if _, after, found := strings.Cut(text, "Last error: "); found {
		text, _, _ = strings.Cut(after, " }")
	}
	return text
}
