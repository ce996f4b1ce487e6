// Package interop holds medialift against real FiftyOne: what FiftyOne exports
// is uploaded to a directory and rewritten by the built binary, and FiftyOne must
// find in the result what it found before. And what is uploaded to a cloud must be
// what that cloud's own client reads.
package interop
