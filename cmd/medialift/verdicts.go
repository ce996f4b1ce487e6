package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/dataset/extjson"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dataset/mongostore/locate"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/lease"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/lift"
	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/execmap"
	"github.com/medialift/medialift/pathmap/starmap"
	"github.com/medialift/medialift/pathmap/tablemap"
	"github.com/medialift/medialift/rewrite"
	"github.com/medialift/medialift/upload"
)

// A verdict is what an error means to the caller of the process.
type verdict struct {
	code   int
	status string
	hint   string
	retry  bool // the same command may get further
}

// judge maps an error to its verdict: one table for the whole program.
func judge(err error) verdict {
	var (
		use     *usageError
		part    *partialError
		wrong   *wrongError
		refusal *dataset.Refusal
		several *severalError
	)
	switch {
	case err == nil:
		return verdict{code: exitDone, status: "done"}
	case errors.As(err, &several):
		return several.verdict
	case errors.As(err, &use):
		return verdict{code: exitUsage, status: "usage", hint: use.hint}
	case errors.Is(err, errSignal):
		return verdict{exitInterrupted, "interrupted", "the same command goes on from here", true}
	case errors.As(err, &part):
		return verdict{exitPartial, "partial", part.hint, !part.stuck}
	case errors.As(err, &wrong):
		return verdict{code: exitFailed, status: "failed", hint: wrong.hint}
	case isLease(err):
		return verdict{exitLocked, "locked", "wait for it (--lock-timeout), or take over with --steal-lock once it has certainly ended", true}
	case errors.As(err, &refusal):
		return verdict{code: exitRefused, status: "refused", hint: refusal.Hint}
	case strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "unknown shorthand"):
		return verdict{code: exitUsage, status: "usage", hint: "see medialift --help"}
	}
	for _, row := range causes {
		if row.is(err) {
			return row.ofTarget(err)
		}
	}
	for _, row := range verdicts {
		if errors.Is(err, row.err) {
			return row.ofTarget(err)
		}
	}
	return verdict{code: exitFailed, status: "failed", hint: unknownHint}
}

// unknownHint goes with an error that nothing is known about.
const unknownHint = "the message above says where it stopped; nothing that the ledger calls done is lost"

// A targetError is one of the database that --to-uri names.
type targetError struct{ error }

func (e *targetError) Unwrap() error { return e.error }

// toTarget names the flags of a target in hints about a database.
var toTarget = strings.NewReplacer(
	"--database-uri and FIFTYONE_DATABASE_URI", "--to-uri", "--database-name", "--to-database-name",
	"; --force uses the database as it is", "",
)

// ofTarget is a verdict on an error, which may be one of a target.
func (v verdict) ofTarget(err error) verdict {
	if _, ok := errors.AsType[*targetError](err); ok {
		v.hint = toTarget.Replace(v.hint)
	}
	return v
}

var verdicts = []struct {
	err error
	verdict
}{
	{runner.ErrBackup, verdict{exitRefused, "refused", "name the folder that --backup wrote; nothing was changed", false}},
	{runner.ErrUnfinished, verdict{exitRefused, "refused", "run the migrate command that was stopped once more, which finishes it; migrate --abandon drops one that has not begun", false}},
	{lease.ErrUnconfirmed, verdict{exitFailed, "failed", "see that a majority of the replica set's members runs and keeps up (rs.status()), then run the same command again: it goes on from here", true}},
	{runner.ErrLeaseLost, verdict{exitFailed, "failed", "the other run goes on; look at it before you try again", true}},
	{mongostore.ErrLocked, verdict{exitLocked, "locked", "wait for the other run to end, or stop it; it can be resumed", true}},
	{mongostore.ErrNoView, verdict{exitUsage, "usage", "name a saved view of the dataset; medialift info --json lists them", false}},
	{mongostore.ErrView, verdict{exitRefused, "refused", "save a view of plain matches and selections, or tag its samples in FiftyOne and use --tag", false}},
	{ledger.ErrNoLocks, verdict{exitFailed, "failed", "keep the state of runs on a file system that has locks: --state DIR", false}},
	{dirstore.ErrAtWork, verdict{exitLocked, "locked", "wait for the other run to end, or stop it; it can be resumed", true}},
	{ledger.ErrLocked, verdict{exitLocked, "locked", "wait for the other run to end, or stop it; it can be resumed", true}},
	{dataset.ErrUnknownField, verdict{exitUsage, "usage", "choose one of the listed fields with --media-field", false}},
	{dataset.ErrNotDataset, verdict{exitUsage, "usage", "export the dataset with dataset_type=fo.types.FiftyOneDataset, and name the directory that holds metadata.json", false}},
	{dataset.ErrUnsupported, verdict{exitRefused, "refused", "import it into a current FiftyOne and export it again", false}},
	{dataset.ErrMalformed, verdict{exitRefused, "refused", "export the dataset again; nothing was changed", false}},
	{pathmap.ErrSpec, verdict{exitUsage, "usage", "a map is prefix:FROM=TO, regexp:PATTERN=REPLACEMENT, table:FILE.csv, template:TEXT, star:FILE.star, exec:COMMAND or run:RUN; write \\= for an = inside", false}},
	{tablemap.ErrTable, verdict{exitUsage, "usage", "a table is CSV with the header from,to and one path and its new one a row; nothing was changed", false}},
	{starmap.ErrFunction, verdict{exitFailed, "failed", "mend the function; nothing was changed", false}},
	{execmap.ErrProgram, verdict{exitFailed, "failed", "the program must write one line for each line it reads, and end without an error; nothing was changed", false}},
	{exec.ErrNotFound, verdict{exitUsage, "usage", "check the spelling; the program must be on the PATH or be written with its folder", false}},
	{dataset.ErrChanged, verdict{exitFailed, "failed", "run the same command again once nobody changes the dataset", true}},
	{extjson.ErrBSON, verdict{exitRefused, "refused", "mend or delete that document in the database; nothing was written", false}},
	{dirstore.ErrOccupied, verdict{exitRefused, "refused", "export into another directory, or replace an export with --overwrite", false}},
	{dirstore.ErrBusy, verdict{exitLocked, "locked", "wait for the other export to end, or stop it", true}},
	{dirstore.ErrReadOnly, verdict{exitRefused, "refused", "let this user write there (chmod u+w, or a mount that is not read-only), or work on a copy of the export", false}},
	{mongostore.ErrURI, verdict{exitUsage, "usage", "write mongodb://host:27017, and the database's name with --database-name", false}},
	{mongostore.ErrUnreachable, verdict{exitFailed, "failed", "check --database-uri and FIFTYONE_DATABASE_URI, and that the server runs", true}},
	{mongostore.ErrRole, verdict{exitFailed, "failed", hintRole, false}},
	{mongostore.ErrCredentials, verdict{exitFailed, "failed", "check the user and password in the URI, and authSource, the database that knows the user (mostly ?authSource=admin)", false}},
	{mongostore.ErrForeign, verdict{exitRefused, "refused", "check --database-name; --force uses the database as it is", false}},
	{mongostore.ErrNoConfig, verdict{exitRefused, "refused", "check --database-name; --create-database uses a new one", false}},
	{mongostore.ErrVersion, verdict{exitRefused, "refused", "medialift migrate brings an older database up; of what is newer a newer medialift may know, and medialift import --force takes a newer dataset as it is", false}},
	{mongostore.ErrNotFound, verdict{exitUsage, "usage", "medialift info lists the datasets of the database", false}},
	{mongostore.ErrTaken, verdict{exitRefused, "refused", "choose another name with --name, or delete that dataset in FiftyOne", false}},
	{mongostore.ErrName, verdict{exitUsage, "usage", "choose another name with --name; it needs letters or digits", false}},
	{mongostore.ErrLost, verdict{exitFailed, "failed", "run the same command again; nothing of it was kept", true}},
	{locate.ErrEnterprise, verdict{exitRefused, "refused", "medialift export from an open-source database or export in FiftyOne, medialift upload DIR URL --update-filepaths, then from_dir with the Enterprise SDK", false}},
	{locate.ErrNone, verdict{exitUsage, "usage", "name a server with --database-uri or FIFTYONE_DATABASE_URI", false}},
	{locate.ErrNotAllowed, verdict{exitRefused, "refused", "--embedded uses it", false}},
	{locate.ErrNoMongod, verdict{exitFailed, "failed", "name one with --mongod, or put FiftyOne's Python on the PATH", false}},
	{locate.ErrBusy, verdict{exitLocked, "locked", "end the program that uses it, or name a server with --database-uri", true}},
	{locate.ErrSettings, verdict{exitUsage, "usage", "mend the setting that is named above", false}},
	{open.ErrURL, verdict{exitUsage, "usage", "write s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, file:///dir or a path", false}},
	{open.ErrScheme, verdict{exitUsage, "usage", "write s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, file:///dir or a path", false}},
	{bucket.ErrAttribute, verdict{exitUsage, "usage", "leave away --storage-class, --sse, --kms-key or --acl where the target has no such thing", false}},
	{lift.ErrUnfinished, verdict{exitRefused, "refused", "run the lift once more, which ends it, or delete the dataset in FiftyOne", false}},
	{upload.ErrTemplate, verdict{exitUsage, "usage", "a URL may hold {dataset} and {field}", false}},
	{ledger.ErrNoRun, verdict{exitUsage, "usage", "medialift runs lists them", false}},
	{ledger.ErrOtherPlan, verdict{exitRefused, "refused", "use another --state folder, or remove that ledger if it is not needed", false}},
	{ledger.ErrFull, verdict{exitFailed, "failed", "make room on that disk, or put the state of runs elsewhere with --state", true}},
	{ledger.ErrDamaged, verdict{exitFailed, "failed", "move that file away, or use another --state folder; without it the run stays safe, only its undo is lost", false}},
	{bucket.ErrAnswer, verdict{exitFailed, "failed", "check --endpoint-url and AWS_ENDPOINT_URL, and whether a proxy, a login page or a web server answers in place of the store", true}},
	{bucket.ErrNoBucket, verdict{exitFailed, "failed", "create the bucket first, or check its name and --endpoint-url", false}},
	{bucket.ErrQuota, verdict{exitFailed, "failed", "make room at the store or have its quota raised; the same command goes on from here", true}},
	{bucket.ErrIdentity, verdict{exitFailed, "failed", "check the credentials (AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT, …), and the clock of this machine", false}},
	{bucket.ErrDenied, verdict{exitFailed, "failed", "check the credentials (AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT, …) and what they allow; for an S3 bucket whose requesters pay add --request-payer", false}},
	{bucket.ErrEndpoint, verdict{exitUsage, "usage", "write the endpoint with its scheme: http://localhost:9000, https://s3.example.com", false}},
	{bucket.ErrMoved, verdict{exitFailed, "failed", "give the address that is named above as --endpoint-url, scheme and all", false}},
	{bucket.ErrRegion, verdict{exitFailed, "failed", "set AWS_REGION to the region of the bucket", false}},
	{bucket.ErrKey, verdict{exitFailed, "failed", "choose another --layout, or rename that file: the store cannot hold the key as it is", false}},
	{bucket.ErrNotFound, verdict{exitFailed, "failed", "somebody has deleted the object, or it was never sent: medialift verify tells which are missing", false}},
	{bucket.ErrNoUpload, verdict{exitFailed, "failed", "the store has dropped what was sent of that file: the same command sends it from the start", true}},
	{bucket.ErrUnreachable, verdict{exitFailed, "failed", "check the network, --endpoint-url and AWS_ENDPOINT_URL", true}},
	{bucket.ErrExists, verdict{exitRefused, "refused", "--overwrite=own replaces what an earlier run sent, --overwrite anything", false}},
	{bucket.ErrSourceChanged, verdict{exitFailed, "failed", "run the same command again once the files are still", true}},
	{bucket.ErrChecksum, verdict{exitFailed, "failed", "the store holds other bytes than were sent: run the same command again, and suspect the network or the disk", true}},
	{bucket.ErrTemporary, verdict{exitFailed, "failed", "run the same command again: it goes on from here", true}},
	{fs.ErrPermission, verdict{exitFailed, "failed", "check the permissions of the file or folder named above", false}},
	{os.ErrNotExist, verdict{exitUsage, "usage", "check the spelling of the file named above", false}},
	{bucket.ErrRead, verdict{exitFailed, "failed", "look at the disk or the mount that the file is on; the same command goes on from here", true}},
	{dataset.ErrNoResult, verdict{exitFailed, "failed", "delete that run in FiftyOne, or compute it again: its results are not in the database", false}},
	{dirstore.ErrChanged, verdict{exitFailed, "failed", "run the same command again once nobody changes the export", true}},
	{extjson.ErrTooLarge, verdict{exitFailed, "failed", "MongoDB holds no document of more than 16 MiB: make that one smaller in FiftyOne", false}},
	{extjson.ErrAmbiguous, verdict{exitRefused, "refused", "one of the two keys must go: mend the file that is named above, or export the dataset again", false}},
	{extjson.ErrTruncated, verdict{exitRefused, "refused", "the file that is named above ends too early: copy it once more, or export the dataset again", false}},
	{extjson.ErrNoKey, verdict{exitRefused, "refused", "the file that is named above lacks something that FiftyOne writes: export the dataset again", false}},
	{extjson.ErrSyntax, verdict{exitRefused, "refused", "the file that is named above is cut short or damaged: export the dataset again", false}},
	{ledger.ErrKind, verdict{exitRefused, "refused", "one file is named as a scene and as something else: let the samples name copies of it", false}},
	{pathmap.ErrNoAnswer, verdict{exitRefused, "refused", "add a --map for that path, or keep such paths with --unmatched keep", false}},
	{upload.ErrOutsideBase, verdict{exitRefused, "refused", "name the directory above all files with --rel-dir", false}},
	{upload.ErrStopped, verdict{exitPartial, "partial", "the same command goes on from here", true}},
	{lift.ErrPending, verdict{exitPartial, "partial", "run the same command again: it sends what is missing", true}},
	{rewrite.ErrNoPaths, verdict{exitRefused, "refused", "choose another --media-field; medialift info lists them", false}},
	{rewrite.ErrKeptAll, verdict{exitRefused, "refused", "check how the --map begins: medialift info lists the roots of the paths", false}},
}

// isLease tells whether another run is migrating the database.
func isLease(err error) bool {
	_, held := errors.AsType[*runner.LeaseError](err)
	return held
}
