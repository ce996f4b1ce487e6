package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/ledger"
)

// asPrefix stands before the name of an unfinished upload in the ledger, with
// what its object is being written with, if that is anything.
const asPrefix = "as="

// as tells one set of attributes from another.
func as(a bucket.Attributes) string {
	if a == (bucket.Attributes{}) {
		return ""
	}
	sum := sha256.Sum256([]byte(a.String()))
	return asPrefix + hex.EncodeToString(sum[:8]) + ";"
}

// storeName is what the store calls an upload of the ledger.
func storeName(name string) (prefix, rest string) {
	if strings.HasPrefix(name, asPrefix) {
		if prefix, rest, ok := strings.Cut(name, ";"); ok {
			return prefix + ";", rest
		}
	}
	return "", name
}

// keep notes an upload that the store has begun.
func (e *executor) keep(ctx context.Context, f ledger.File, name string) (ledger.Upload, error) {
	u, err := e.plan.job.Ledger.BeginUpload(context.WithoutCancel(ctx), f, as(e.plan.opts.Attributes)+name)
	u.Name = name
	return u, err
}

// begun finds the upload of a file that an earlier run began, and its parts. One
// whose object would be written in another way than the options say is dropped.
func (e *executor) begun(ctx context.Context, f ledger.File) (ledger.Upload, []ledger.Part, bool, error) {
	u, parts, ok, err := e.plan.job.Ledger.Upload(ctx, f)
	if err != nil || !ok {
		return u, parts, ok, err
	}
	if prefix, _ := storeName(u.Name); prefix != as(e.plan.opts.Attributes) {
		err := e.abortUpload(ctx, u)
		if err != nil && !errors.Is(err, bucket.ErrNoUpload) {
			return u, nil, false, err
		}
		return ledger.Upload{}, nil, false, e.plan.job.Ledger.EndUpload(ctx, u.ID)
	}
	_, u.Name = storeName(u.Name)
	return u, parts, true, nil
}
