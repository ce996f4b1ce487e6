package doctor_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/memstore"
	"github.com/medialift/medialift/doctor"
)

// A store that asks to slow down for half a minute is waited for, in each step.
func TestThrottlingIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ends := map[string]time.Time{}
		slow := func(step string) error {
			if ends[step].IsZero() {
				ends[step] = time.Now().Add(30 * time.Second)
			}
			if time.Now().Before(ends[step]) {
				return bucket.ErrThrottled
			}
			return nil
		}
		store := &odd{Store: memstore.New(), check: func(context.Context) error { return slow("check") }}
		store.put = func(o *odd, ctx context.Context, key string, src bucket.Source, c bucket.Condition) (bucket.Object, error) {
			if err := slow("put"); err != nil {
				return bucket.Object{}, err
			}
			return o.Store.Put(ctx, key, src, c)
		}
		target := doctor.Target{Location: bucket.Location{Store: store, Naming: bucket.Naming{Base: "mem://x/"}}}
		got := examine(t, target, doctor.Options{Timeout: 5 * time.Second})
		for _, check := range []string{"bucket", "write", "overwrite", "read", "delete"} {
			if !strings.HasPrefix(got[check], "ok: ") {
				t.Errorf("%s: %q", check, got[check])
			}
		}
	})
}
