// Package extjson reads and writes the extended JSON of FiftyOne exports: what
// bson.UnmarshalExtJSON refuses (bare NaN and Infinity, legacy v1 forms) is
// read, key order and BSON types are kept, and what is written is spelled as
// Python's json_util spells it.
//
// [Decode] and [Append] translate whole documents. [Scanner] finds the
// documents of a samples.json of any size, [Locate] the values inside one
// document's text, so that a single string can be replaced and every other
// byte stay as it is.
package extjson

import (
	"errors"
	"fmt"
)

// Sentinels that callers branch on; they come wrapped in a [*SyntaxError].
var (
	// ErrSyntax: the text is not extended JSON. It is matched by ErrTruncated
	// and ErrNoKey too.
	ErrSyntax = errors.New("invalid extended JSON")
	// ErrTruncated: the text ends too early.
	ErrTruncated = fmt.Errorf("%w: truncated", ErrSyntax)
	// ErrNoKey: the file has no array of documents under the key asked for.
	ErrNoKey = fmt.Errorf("%w: key missing", ErrSyntax)
	// ErrAmbiguous: a key on the way to a value occurs twice.
	ErrAmbiguous = errors.New("key occurs twice")
	// ErrTooLarge: a document or a nesting exceeds what MongoDB could hold.
	ErrTooLarge = errors.New("too large")
	// ErrBSON: a BSON document is malformed or cannot be said in JSON.
	ErrBSON = errors.New("invalid BSON")
)

// maxDepth is the number of documents and arrays inside one another that are
// read and written. MongoDB stores no more than 180.
const maxDepth = 200

// A SyntaxError says what is wrong with a text, and where.
type SyntaxError struct {
	// Offset counts bytes from the beginning of the text, or of the file in
	// the case of a Scanner.
	Offset int64
	Msg    string
	// Err is one of the sentinels of this package.
	Err error
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Msg, e.Offset) }

// Unwrap returns the sentinel.
func (e *SyntaxError) Unwrap() error { return e.Err }

func syntaxError(at int, format string, args ...any) error {
	return &SyntaxError{Offset: int64(at), Msg: fmt.Sprintf(format, args...), Err: ErrSyntax}
}

func truncated(at int) error {
	return &SyntaxError{Offset: int64(at), Msg: "text ends too early", Err: ErrTruncated}
}
