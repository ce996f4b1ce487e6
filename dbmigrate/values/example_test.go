package values_test

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/values"
)

func ExampleEnding() {
	registry := dbmigrate.NewRegistry(dbmigrate.MustParseVersion("1.22.1")).EndWith(values.Ending())
	db := dbmigrate.Memory{"samples.1": {{
		{Key: "_id", Value: 1},
		{Key: "label", Value: bson.D{
			{Key: "_cls", Value: "Detection"},
			{Key: "instance", Value: bson.D{{Key: "_cls", Value: "Instance"}}},
		}},
	}}}
	dataset := bson.D{
		{Key: "_id", Value: 1}, {Key: "name", Value: "scenes"}, {Key: "version", Value: "1.22.1"},
		{Key: "media_type", Value: "3d"}, {Key: "sample_collection_name", Value: "samples.1"},
	}

	plan, err := registry.Plan(context.Background(), db, dataset, "0.18.0", dbmigrate.Env{})
	fmt.Println(err)
	fmt.Println("lost:", plan.Losses[0][:39])
	fmt.Println("can't be opened:", plan.Unopenable[0][:19])
	// Output:
	// <nil>
	// lost: 1 Instance of samples (label.instance):
	// can't be opened: its media type "3d"
}
