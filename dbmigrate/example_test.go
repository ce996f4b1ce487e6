package dbmigrate_test

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// A revision is a step up and a step down; a plan composes those on the way and
// changes nothing.
func ExampleRegistry_Plan() {
	set := func(key string, value any) dbmigrate.Step {
		return func(_ context.Context, _ dbmigrate.Reader, state *dbmigrate.State) error {
			state.Doc = append(state.Doc, bson.E{Key: key, Value: value})
			return nil
		}
	}
	drop := func(_ context.Context, _ dbmigrate.Reader, state *dbmigrate.State) error {
		state.Doc = state.Doc[:len(state.Doc)-1]
		state.Lose("its description")
		return nil
	}
	registry := dbmigrate.NewRegistry(dbmigrate.MustParseVersion("1.2"), dbmigrate.Revision{
		Version: dbmigrate.MustParseVersion("1.1"), Up: set("description", nil), Down: drop,
	})
	ctx, nothing := context.Background(), dbmigrate.Memory{}
	doc := bson.D{{Key: "_id", Value: 1}, {Key: "name", Value: "coco"}, {Key: "version", Value: "1.0"}}

	up, err := registry.Plan(ctx, nothing, doc, "1.2", dbmigrate.Env{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(up.Legs, up.After)
	down, err := registry.Plan(ctx, nothing, up.After, "1.0", dbmigrate.Env{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(down.Legs, "loses", down.Losses)
	// Output:
	// [1.1 up] {"_id":{"$numberInt":"1"},"name":"coco","version":"1.2","description":null}
	// [1.1 down] loses [its description]
}
