package upload_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/internal/testexport"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/upload"
)

// Send the media of an export directory to a bucket and give its paths their
// new values. Run again, it goes on where it stopped.
func Example() {
	work, err := os.MkdirTemp("", "upload-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(work) }()
	export, err := testexport.CopyTo(work, "image") // an export that FiftyOne wrote
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		if err := send(context.Background(), export.Dir, "mem://media/coco", filepath.Join(work, "state")); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 40 objects to send, 20084 bytes
	// 41 paths rewritten, 0 left
	// 0 objects to send, 0 bytes
	// 0 paths rewritten, 0 left
}

func send(ctx context.Context, dir, target, state string) error {
	export, err := dirstore.Open(dir)
	if err != nil {
		return err
	}
	ledgers, err := ledger.OpenDir(state)
	if err != nil {
		return err
	}
	lock, err := ledgers.Lock(dir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	run, err := ledgers.Begin(ctx, ledger.Identity{
		Command: "upload", Dataset: dir, Settings: map[string][]string{"url": {target}},
	})
	if err != nil {
		return err
	}
	defer func() { _ = run.Close() }()

	plan, err := upload.NewPlan(ctx, upload.Job{
		Dataset: export, Dir: dir, Target: target, Ledger: run, Open: open.New(open.Options{}).Open,
	}, upload.Options{Layout: upload.Tree, Workers: 32})
	var refusal *dataset.Refusal
	if errors.As(err, &refusal) {
		for _, p := range refusal.Problems {
			fmt.Println(p.Kind, p.ID, p.Field, p.Path, p.Hint)
		}
	}
	if err != nil {
		return err
	}
	objects, bytes := plan.ToSend()
	fmt.Println(objects, "objects to send,", bytes, "bytes")
	if _, err := plan.Execute(ctx); err != nil {
		return err
	}
	done, err := plan.Commit(ctx)
	fmt.Println(done.Values, "paths rewritten,", done.Remaining, "left")
	return err
}
