package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// v1_4_0 gave delegated operations a path of their own for the log, which stood in
// the link to the run before.
func v1_4_0() dbmigrate.Revision {
	return revision("1.4.0", moveLogs("run_link", "log_path"), moveLogs("log_path", "run_link"))
}

func moveLogs(from, to string) dbmigrate.Step {
	return func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		s.Add(dbmigrate.UpdateAll{
			Collection: "delegated_ops",
			Filter: bson.D{
				{Key: "dataset_id", Value: s.ID()},
				{Key: from, Value: bson.D{{Key: "$regex", Value: `\.log$`}}},
			},
			Update: bson.D{{Key: "$rename", Value: bson.D{{Key: from, Value: to}}}},
			After:  true,
		})
		return nil
	}
}
