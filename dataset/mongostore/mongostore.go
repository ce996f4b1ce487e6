// Package mongostore keeps datasets where FiftyOne keeps them: in a MongoDB
// database. [Open] connects to one, [Database.Dataset] opens a dataset of it to
// be read and changed in place, [Database.New] begins a new one.
//
// A dataset is a document in the collection datasets, which names a collection
// of samples and one of frames, and refers to documents of the collections
// views, workspaces and runs; run results are GridFS files
// (fiftyone.core.odm.dataset, fiftyone.core.dataset). Documents are bson.Raw
// from end to end.
//
// Writes that a caller may count on are acknowledged by the journal, and by a
// majority of a replica set: a mongod that is killed loses what it has only
// acknowledged.
package mongostore

import (
	"errors"
	"fmt"
	"strings"
)

// Sentinels that callers branch on.
var (
	// ErrLookup: the server that a mongodb+srv URI names cannot be looked up. It comes
	// with ErrUnreachable.
	ErrLookup = errors.New("its SRV record cannot be looked up")
	// ErrURI: the URI is not one of a MongoDB server, or it names another
	// database than the one that was asked for.
	ErrURI = errors.New("unusable database URI")
	// ErrUnreachable: no server answers.
	ErrUnreachable = errors.New("cannot reach the database")
	// ErrCredentials: the server refuses the user, or wants one.
	ErrCredentials = errors.New("the database refuses access")
	// ErrRole is an ErrCredentials of a user who is known and may not do this.
	ErrRole = fmt.Errorf("%w: the user has not the role for it", ErrCredentials)
	// ErrForeign: the database does not say that it is FiftyOne's.
	ErrForeign = errors.New("not a FiftyOne database")
	// ErrNoConfig: no FiftyOne has ever worked with the database.
	ErrNoConfig = errors.New("no FiftyOne has used this database yet")
	// ErrVersion: the version of the database or of the dataset is one that
	// nothing is known about.
	ErrVersion = errors.New("unknown FiftyOne version")
	// ErrNotFound: the database has no such dataset.
	ErrNotFound = errors.New("no such dataset")
	// ErrTaken: a dataset of that name, or of the same slug, exists.
	ErrTaken = errors.New("dataset name is not available")
	// ErrName: FiftyOne would not accept the name.
	ErrName = errors.New("not a dataset name")
	// ErrLost: what this process wrote or locked is not its own any more: it was so
	// long without its server that others take it for dead, or the
	// server crashed.
	ErrLost = errors.New("lost hold of the dataset")
)

// Newest is the newest version of FiftyOne whose datasets are known here.
const Newest = "1.22.1"

// Names of FiftyOne's collections (fiftyone.core.odm).
const (
	datasetsName   = "datasets"
	configName     = "config"
	viewsName      = "views"
	workspacesName = "workspaces"
	runsName       = "runs"
	tagsName       = "tags"
	filesName      = "fs.files"
	chunksName     = "fs.chunks"
)

// A NotFoundError says which dataset there is not, and which have a name like
// it. It is ErrNotFound.
type NotFoundError struct {
	Name string
	// Database, if not empty, is where it was looked for.
	Database string
	Near     []string
}

func (e *NotFoundError) Error() string {
	text := fmt.Sprintf("%v: %q", ErrNotFound, e.Name)
	if e.Database != "" {
		text += fmt.Sprintf(" in database %q", e.Database)
	}
	if len(e.Near) > 0 {
		text += `; there is "` + strings.Join(e.Near, `", "`) + `"`
	}
	return text
}

// Unwrap makes e an ErrNotFound.
func (e *NotFoundError) Unwrap() error { return ErrNotFound }
