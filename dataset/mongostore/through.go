package mongostore

import (
	"context"
	"time"
)

// grace is how long what was begun may take when its run has to end: a run that is
// interrupted ends within ten seconds.
const grace = 7 * time.Second

// through returns a context for what was begun and is seen through, since its outcome is
// wanted. It ends a while after ctx does: a server may confirm nothing for ever.
func through(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		end := time.AfterFunc(grace, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(longer, func() { end.Stop() })
	})
	return longer, func() {
		stop()
		cancel(nil)
	}
}
