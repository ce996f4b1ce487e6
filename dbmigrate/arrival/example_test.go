package arrival_test

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate/arrival"
)

// A dataset is copied into a database of another version.
func ExampleBegin() {
	move := func(ctx context.Context, source dataset.Source, target *mongostore.Database) error {
		m, err := source.Manifest(ctx)
		if err != nil {
			return err
		}
		way := arrival.Begin(target, m.Version())
		if err := way.Plan(ctx, source); err != nil {
			return err // it can't go there; nothing was changed
		}
		if len(way.Losses)+len(way.Unopenable) > 0 {
			return fmt.Errorf("version %s has no place for %q, %q", way.To, way.Losses, way.Unopenable)
		}
		w := target.New("moved", mongostore.NewOptions{Version: way.To, Finish: way.Finish(nil)})
		defer func() { _ = w.Close() }()
		return dataset.Copy(ctx, w, source)
	}
	_ = move
}
