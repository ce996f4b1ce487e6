package spool

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// What is pushed comes out in its order, however the two ends take turns.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var q Queue
	defer q.Close()
	in, out := 0, 0
	item := func(i int) []string {
		return []string{fmt.Sprint(i), strings.Repeat("x", i%300), ""}[:1+i%3]
	}
	const total = 6 * held
	for out < total {
		for range r.IntN(3 * held) {
			if in == total {
				break
			}
			if err := q.Push(item(in)...); err != nil {
				t.Fatal(err)
			}
			in++
		}
		for range r.IntN(2 * held) {
			got, ok, err := q.Pop()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				if in != out {
					t.Fatalf("empty after %d of %d", out, in)
				}
				break
			}
			if !slices.Equal(got, item(out)) {
				t.Fatalf("item %d is %q, want %q", out, got, item(out))
			}
			out++
		}
	}
	if len(q.head) > held {
		t.Errorf("%d items are held in memory", len(q.head))
	}
}
