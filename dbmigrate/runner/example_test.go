package runner_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
)

// Take the datasets of a database to another version, with a backup, and back.
func Example() {
	ctx := context.Background()
	db, err := mongostore.Open(ctx, "mongodb://localhost:27017", "fiftyone", mongostore.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	r := runner.New(db.Handle(), revisions.Datasets(), revisions.Database())
	plans := r.Plans(ctx, runner.Target{Version: "0.23.8"})
	for plan, err := range plans { // reading them changes nothing
		if err != nil {
			fmt.Println(err) // a *dbmigrate.RefusalError leaves one dataset out
			continue
		}
		fmt.Println(plan.Name, plan.From, plan.To, plan.Losses)
	}
	opts := runner.Options{Workers: 2, BackupDir: "./before"}
	report, err := r.Apply(ctx, plans, opts)
	fmt.Println(report.Migrated, "migrated,", len(report.Failures), "not:", err)

	restored, err := r.Restore(ctx, "./before", runner.Options{})
	fmt.Println(restored.Datasets, "put back,", len(restored.Left), "left:", err)
}
