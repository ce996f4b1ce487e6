package ledger_test

import (
	"context"
	"fmt"
	"os"

	"github.com/medialift/medialift/ledger"
)

// What is asked for decides which run it is: the same again goes on with it.
func Example() {
	ctx := context.Background()
	state, err := os.MkdirTemp("", "ledger-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(state) }()
	ledgers, err := ledger.OpenDir(state)
	if err != nil {
		fmt.Println(err)
		return
	}
	id := ledger.Identity{
		Command: "upload", Dataset: "/data/export", Settings: map[string][]string{"url": {"s3://media/coco"}},
	}
	for range 2 {
		run, err := ledgers.Begin(ctx, id)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(run.Name(), run.SetStatus(ctx, ledger.Partial), run.Close())
	}
	list, err := ledgers.Summaries(ctx)
	fmt.Println(len(list), "run,", list[0].Status, err)
	// Output:
	// upload-c1fcf6ddf8 <nil> <nil>
	// upload-c1fcf6ddf8 <nil> <nil>
	// 1 run, partial <nil>
}
