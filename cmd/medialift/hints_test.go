package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/dataset/extjson"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dataset/mongostore/locate"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/lift"
	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/tablemap"
	"github.com/medialift/medialift/rewrite"
	"github.com/medialift/medialift/upload"
)

// Errors of the system, of TLS and of servers that people can do something about.
func TestHintsOfCauses(t *testing.T) {
	tlsError := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	unreachable := func(err error) error { return fmt.Errorf("%w: %w", bucket.ErrUnreachable, err) }
	seen := map[string]string{}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"issuer":    {tlsError(x509.UnknownAuthorityError{}), "AWS_CA_BUNDLE"},
		"host name": {tlsError(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}), "host name"},
		"expired":   {tlsError(x509.CertificateInvalidError{Reason: x509.Expired}), "clock"},
		"database":  {fmt.Errorf("%w: tls: x509: certificate signed by unknown authority", mongostore.ErrUnreachable), "tlsCAFile"},
		"plain":     {unreachable(http.ErrSchemeMismatch), "http://"},
		"region":    {unreachable(&net.DNSError{Name: "b.s3.nowhere-1.amazonaws.com", IsNotFound: true}), "AWS_REGION"},
		"files":     {&os.PathError{Op: "open", Path: "x", Err: syscall.EMFILE}, "ulimit -n"},
		"files, connecting": {
			unreachable(&net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}), "ulimit -n",
		},
		"disk full": {&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, "make room"},
		"quota":     {&os.PathError{Op: "write", Path: "x", Err: syscall.EDQUOT}, "make room"},
		"read-only": {&os.PathError{Op: "write", Path: "x", Err: syscall.EROFS}, "read-only"},
		"no locks":  {ledger.ErrNoLocks, "--state"},
		"ENOLCK":    {&os.PathError{Op: "flock", Path: "x", Err: syscall.ENOLCK}, "--state"},
		"role":      {mongo.CommandError{Code: 13, Message: "not authorized on fiftyone"}, "readWrite"},
		"password":  {mongostore.ErrCredentials, "authSource"},
		"scheme":    {bucket.ErrEndpoint, "http://localhost:9000"},
		"table":     {tablemap.ErrTable, "from,to"},
		"moved":     {bucket.ErrMoved, "--endpoint-url"},
		"payer":     {bucket.ErrDenied, "--request-payer"},
		"identity":  {bucket.ErrIdentity, "credentials"},
		"in region": {bucket.ErrRegion, "AWS_REGION"},
	} {
		hint := judge(fmt.Errorf("sending %q: %w", "x", c.err)).hint
		if !strings.Contains(hint, c.want) {
			t.Errorf("%s: hint %q, want one of %s", name, hint, c.want)
		}
		group := strings.Split(name, ",")[0]
		if other := seen[hint]; other != "" && other != group && group != "quota" && other != "quota" {
			t.Errorf("%s and %s have the same hint", name, other)
		}
		seen[hint] = group
	}
}

// sentinels are the exported errors of packages that reach people, by their names.
var sentinels = map[string]map[string]error{
	"bucket": {
		"ErrNotFound": bucket.ErrNotFound, "ErrExists": bucket.ErrExists, "ErrNoBucket": bucket.ErrNoBucket, "ErrDenied": bucket.ErrDenied,
		"ErrQuota": bucket.ErrQuota, "ErrUnreachable": bucket.ErrUnreachable, "ErrTemporary": bucket.ErrTemporary,
		"ErrSourceChanged": bucket.ErrSourceChanged, "ErrRead": bucket.ErrRead, "ErrChecksum": bucket.ErrChecksum, "ErrKey": bucket.ErrKey,
		"ErrEndpoint": bucket.ErrEndpoint, "ErrMoved": bucket.ErrMoved, "ErrRegion": bucket.ErrRegion, "ErrNoUpload": bucket.ErrNoUpload,
		"ErrAttribute": bucket.ErrAttribute, "ErrAnswer": bucket.ErrAnswer, "ErrUnseen": bucket.ErrUnseen, "ErrThrottled": bucket.ErrThrottled,
		"ErrIdentity": bucket.ErrIdentity,
	},
	"bucket/open": {"ErrURL": open.ErrURL, "ErrScheme": open.ErrScheme},
	"ledger": {
		"ErrNoRun": ledger.ErrNoRun, "ErrLocked": ledger.ErrLocked, "ErrOtherPlan": ledger.ErrOtherPlan, "ErrFull": ledger.ErrFull,
		"ErrNoState": ledger.ErrNoState, "ErrDamaged": ledger.ErrDamaged, "ErrKind": ledger.ErrKind, "ErrNoLocks": ledger.ErrNoLocks,
	},
	"dataset": {
		"ErrNotDataset": dataset.ErrNotDataset, "ErrUnsupported": dataset.ErrUnsupported, "ErrMalformed": dataset.ErrMalformed,
		"ErrUnknownField": dataset.ErrUnknownField, "ErrChanged": dataset.ErrChanged, "ErrNoResult": dataset.ErrNoResult,
	},
	"dataset/dirstore": {
		"ErrOccupied": dirstore.ErrOccupied, "ErrBusy": dirstore.ErrBusy, "ErrChanged": dirstore.ErrChanged, "ErrAtWork": dirstore.ErrAtWork,
		"ErrReadOnly": dirstore.ErrReadOnly,
	},
	"dataset/extjson": {
		"ErrSyntax": extjson.ErrSyntax, "ErrAmbiguous": extjson.ErrAmbiguous, "ErrTooLarge": extjson.ErrTooLarge, "ErrBSON": extjson.ErrBSON,
		"ErrTruncated": extjson.ErrTruncated, "ErrNoKey": extjson.ErrNoKey,
	},
	"dataset/mongostore": {
		"ErrURI": mongostore.ErrURI, "ErrUnreachable": mongostore.ErrUnreachable, "ErrCredentials": mongostore.ErrCredentials,
		"ErrRole": mongostore.ErrRole, "ErrForeign": mongostore.ErrForeign, "ErrNoConfig": mongostore.ErrNoConfig,
		"ErrVersion": mongostore.ErrVersion, "ErrNotFound": mongostore.ErrNotFound, "ErrTaken": mongostore.ErrTaken,
		"ErrName": mongostore.ErrName, "ErrLost": mongostore.ErrLost, "ErrLocked": mongostore.ErrLocked,
		"ErrNoView": mongostore.ErrNoView, "ErrView": mongostore.ErrView, "ErrLookup": mongostore.ErrLookup,
	},
	"dataset/mongostore/locate": {
		"ErrEnterprise": locate.ErrEnterprise, "ErrNone": locate.ErrNone, "ErrNotAllowed": locate.ErrNotAllowed,
		"ErrNoMongod": locate.ErrNoMongod, "ErrBusy": locate.ErrBusy, "ErrSettings": locate.ErrSettings,
	},
	"lift": {"ErrPending": lift.ErrPending, "ErrUnfinished": lift.ErrUnfinished}, "pathmap": {"ErrSpec": pathmap.ErrSpec, "ErrNoAnswer": pathmap.ErrNoAnswer},
	"pathmap/tablemap": {"ErrTable": tablemap.ErrTable}, "rewrite": {"ErrNoPaths": rewrite.ErrNoPaths, "ErrKeptAll": rewrite.ErrKeptAll},
	"upload": {"ErrTemplate": upload.ErrTemplate, "ErrOutsideBase": upload.ErrOutsideBase, "ErrStopped": upload.ErrStopped},
}

// notJudged are never the end of a command.
var notJudged = map[string]string{"bucket.ErrOnce": "it goes with another kind of error"}

// Every error that a package of a layer below declares has a hint of its own: a new
// one without is found here.
func TestHintsOfSentinels(t *testing.T) {
	for pkg, known := range sentinels {
		declared := declaredErrors(t, filepath.Join("..", "..", pkg))
		for _, name := range declared {
			if _, ok := known[name]; !ok && notJudged[pkg+"."+name] == "" {
				t.Errorf("%s.%s is not in this table", pkg, name)
			}
		}
		if len(declared) == 0 {
			t.Errorf("%s declares no errors", pkg)
		}
		for _, name := range slices.Sorted(maps.Keys(known)) {
			v := judge(fmt.Errorf("doing: %w", known[name]))
			if v.hint == "" || v.hint == unknownHint {
				t.Errorf("%s.%s has no hint of its own", pkg, name)
			}
		}
	}
	if judge(fmt.Errorf("doing: %w", os.ErrInvalid)).hint != unknownHint {
		t.Error("an unknown error has a hint that is not the generic one")
	}
}

// declaredErrors are the exported errors that a package declares as values.
func declaredErrors(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.VAR {
				continue
			}
			for _, s := range decl.Specs {
				for _, name := range s.(*ast.ValueSpec).Names {
					if strings.HasPrefix(name.Name, "Err") {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}
