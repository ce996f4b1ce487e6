package revisions_test

import (
	"bytes"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	copying "github.com/medialift/medialift/dbmigrate/internal/results"
)

// copyResult copies a file of results in memory, as the runner does.
func copyResult(t *testing.T, memory dbmigrate.Memory, op dbmigrate.CopyResult) {
	t.Helper()
	var from, to bytes.Buffer
	for _, chunk := range memory["fs.chunks"] { // in the order in which they were made
		if data, isBinary := get(chunk, "data").(bson.Binary); isBinary && get(chunk, "files_id") == op.From {
			from.Write(data.Data)
		}
	}
	if _, err := copying.Copy(&to, &from, op.Set, op.Unpack); err != nil {
		t.Fatal(err)
	}
	memory["fs.files"] = append(memory["fs.files"], bson.D{
		{Key: "_id", Value: op.To}, {Key: "contentType", Value: "application/json"},
		{Key: "chunkSize", Value: int32(255 << 10)}, {Key: "length", Value: int64(to.Len())}, {Key: "uploadDate", Value: op.Date},
	})
	n := int32(0)
	for data := range slices.Chunk(to.Bytes(), 255<<10) {
		memory["fs.chunks"] = append(memory["fs.chunks"], bson.D{
			{Key: "_id", Value: bson.NewObjectID()}, {Key: "files_id", Value: op.To}, {Key: "n", Value: n}, {Key: "data", Value: bson.Binary{Data: data}},
		})
		n++
	}
}

func deleteResult(memory dbmigrate.Memory, op dbmigrate.DeleteResult) {
	for collection, key := range map[string]string{"fs.files": "_id", "fs.chunks": "files_id"} {
		memory[collection] = slices.DeleteFunc(memory[collection], func(doc bson.D) bool {
			return slices.ContainsFunc(op.IDs, func(id any) bool { return dbmigrate.IDKey(id) == dbmigrate.IDKey(get(doc, key)) })
		})
	}
}
