package lift_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/lift"
	"github.com/medialift/medialift/upload"
)

// Take an export directory to a bucket and into a database. Each step does nothing
// that is done already, so that the same program goes on where it was stopped.
func Example() {
	if err := journey(context.Background(), "/data/coco", "s3://media/coco", "mongodb://localhost:27017"); err != nil {
		fmt.Println(err)
	}
}

func journey(ctx context.Context, dir, url, uri string) error {
	export, err := dirstore.Open(dir)
	if err != nil {
		return err
	}
	target, err := mongostore.Open(ctx, uri, "fiftyone", mongostore.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = target.Close() }()
	ledgers, err := ledger.OpenDir("/var/lib/medialift")
	if err != nil {
		return err
	}
	sending, err := ledgers.Begin(ctx, ledger.Identity{Command: "upload", Dataset: dir, Settings: map[string][]string{"url": {url}}})
	if err != nil {
		return err
	}
	defer func() { _ = sending.Close() }()
	record, err := ledgers.Begin(ctx, ledger.Identity{Command: "lift", Dataset: dir, Settings: map[string][]string{"url": {url}, "to": {uri}}})
	if err != nil {
		return err
	}
	defer func() { _ = record.Close() }()

	opener := open.New(open.Options{})
	plan, err := lift.NewPlan(ctx, lift.Job{
		Upload: upload.Job{Dataset: export, Dir: dir, Target: url, Ledger: sending, Open: opener.Open},
		Source: export, Files: export, Target: target, Record: record,
	}, lift.Options{})
	if err != nil {
		return err // a *dataset.Refusal names rows; nothing was changed
	}
	if len(plan.Losses) > 0 {
		return fmt.Errorf("version %s has no place for %q", plan.To, plan.Losses)
	}
	if _, err := plan.Send(ctx); err != nil {
		return err
	}
	if _, err := plan.Import(ctx); err != nil {
		return err
	}
	if _, err := plan.Migrate(ctx, nil); err != nil {
		return err
	}
	report, err := plan.Verify(ctx, opener.Open, ledgers.History(sending.Name()))
	if err != nil {
		return err
	}
	if report.Wrong() > 0 {
		return fmt.Errorf("%d objects are not well", report.Wrong())
	}
	return plan.Finish(ctx)
}
