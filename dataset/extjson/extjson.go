// Package extjson reads and writes the extended JSON of FiftyOne exports: what
// bson.UnmarshalExtJSON refuses (bare NaN and Infinity, legacy v1 forms) is
// read, key order and BSON types are kept, and what is written is spelled as
// Python's json_util spells it.
package extjson
