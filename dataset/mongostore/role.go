package mongostore

import (
	"errors"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Unauthorized reports whether a server refuses what its user has no role for. A
// server that wants a user and was given none is not that.
func Unauthorized(err error) bool {
	if errors.Is(err, ErrRole) {
		return true
	}
	const unauthorized = 13
	server, ok := errors.AsType[mongo.ServerError](err)
	return ok && server.HasErrorCode(unauthorized) && !strings.Contains(err.Error(), "requires authentication")
}

// withoutDocuments shortens what a server says of a command that it refuses to the
// command's name: it may quote all the documents.
func withoutDocuments(text string) string {
	before, command, found := strings.Cut(text, " to execute command { ")
	if !found {
		return text
	}
	name, _, _ := strings.Cut(command, ":")
	return before + " to execute " + name
}
