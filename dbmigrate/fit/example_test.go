package fit_test

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/fit"
)

// FiftyOne 0.16.5 loads no dataset whose document has a key that it does not know.
func ExampleDocuments() {
	registry := dbmigrate.NewRegistry(dbmigrate.MustParseVersion("1.22.1")).EndWith(fit.Documents())
	doc := bson.D{{Key: "_id", Value: 1}, {Key: "name", Value: "birds"}, {Key: "version", Value: "1.22.1"}, {Key: "camera_intrinsics", Value: bson.D{{Key: "a", Value: 1}}}}
	plan, err := registry.Plan(context.Background(), dbmigrate.Memory{}, doc, "0.16.5", dbmigrate.Env{})
	if err != nil {
		panic(err)
	}
	fmt.Println(plan.After)
	fmt.Println(plan.Losses[0])
	// Output:
	// {"_id":{"$numberInt":"1"},"name":"birds","version":"0.16.5"}
	// what FiftyOne 0.16.5 does not know: camera_intrinsics of its own document
}
