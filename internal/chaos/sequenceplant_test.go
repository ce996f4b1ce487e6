package chaos

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A plant is a wrong that a command could do, done by hand.
type plant struct {
	what, says string
	do         func(q *sequence)
}

func plants() []plant {
	samples := "samples." + bson.ObjectID{0x64, 'o', 'n'}.Hex()
	id := bson.ObjectID{0x65, 'o', 'n', 11: 0}
	set := func(q *sequence, field, value string) {
		_, err := q.dbA.Collection(samples).UpdateByID(context.Background(), id, bson.D{{Key: "$set", Value: bson.D{{Key: field, Value: value}}}})
		if err != nil {
			q.t.Fatal(err)
		}
	}
	object := func(q *sequence, name string) string {
		for _, key := range sortedKeys(q.files()) {
			if strings.HasSuffix(key, name) {
				return filepath.Join(q.s3.Dir, q.bucket, key)
			}
		}
		q.t.Fatalf("no object %s", name)
		return ""
	}
	do := func(q *sequence, err error) {
		if err != nil {
			q.t.Fatal(err)
		}
	}
	return []plant{
		{"a path to another sample's object", "other bytes than the sample had", func(q *sequence) { set(q, "filepath", "s3://"+q.bucket+"/x-one/002.jpg") }},
		{"a path that names nothing", "is not there", func(q *sequence) { set(q, "thumb", "s3://"+q.bucket+"/nothing") }},
		{"an object with other bytes", "other bytes than the sample had", func(q *sequence) { do(q, os.WriteFile(object(q, "x-one/000.jpg"), []byte("other"), 0o600)) }},
		{"an object that is gone", "is not there", func(q *sequence) { do(q, os.Remove(object(q, "x-three/001.jpg"))) }},
		{"a dataset that is gone", "A/one has vanished", func(q *sequence) {
			_, err := q.dbA.Collection("datasets").DeleteOne(context.Background(), bson.D{{Key: "name", Value: "one"}})
			do(q, err)
		}},
		{"a sample that is gone", "values, of 6", func(q *sequence) {
			_, err := q.dbA.Collection(samples).DeleteOne(context.Background(), bson.D{{Key: "_id", Value: id}})
			do(q, err)
		}},
		{"a dataset that nobody made", "dataset A/more appears", func(q *sequence) {
			_, err := q.dbA.Collection("datasets").InsertOne(context.Background(), datasetDoc(bson.NewObjectID(), "more"))
			do(q, err)
		}},
		{"a deleted file that a dataset names", "is deleted, and A/two names it", func(q *sequence) {
			before := q.scenery()
			do(q, os.Remove(filepath.Join(q.exports, "two", "data", "000.jpg")))
			q.deleted(before)
		}},
		{"a refusal that changed something", "refused: A", func(q *sequence) {
			before := q.scenery()
			set(q, "filepath", "s3://"+q.bucket+"/x-one/000.jpg?")
			q.untouched("refused", before)
		}},
		{"a verify that says ok", "says ok by checksum", func(q *sequence) {
			key := slot{id.Hex(), "filepath"}
			q.datasets["A/one"].had[key] = "other"
			q.datasets["A/one"].excused[key] = q.datasets["A/one"].paths[key]
			q.vouched("A/one")
		}},
		{"a verify that finds fault", "and every path names what it should", func(q *sequence) {
			at := slot{id.Hex(), "filepath"}
			name := object(q, "x-one/000.jpg")
			text, err := os.ReadFile(name)
			do(q, err)
			do(q, os.Remove(name))
			q.datasets["A/one"].had[at], q.datasets["A/one"].excused[at] = "", q.datasets["A/one"].paths[at]
			q.vouched("A/one")
			do(q, os.WriteFile(name, text, 0o600))
		}},
	}
}
