package verify_test

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/verify"
)

// TestWhatVouches: only what was sent for the very rows that name an object says
// what it should hold, and it must hold that for each of them.
func TestWhatVouches(t *testing.T) {
	const url = "s3://b/a"
	for i, f := range []func(n int) bson.RawValue{
		func(n int) bson.RawValue { return raw(d{{Key: "v", Value: oid(n)}}).Lookup("v") },
		func(n int) bson.RawValue { return raw(d{{Key: "v", Value: int64(n)}}).Lookup("v") },
	} {
		for _, tt := range []struct {
			name string
			sent []ledger.Sent
			want string
		}{
			{"its own", []ledger.Sent{{File: sent(url, "aa"), Row: ledger.KeyOf(dataset.Samples, f(0), "filepath"), Made: true}}, "1 checksum"},
			{"only planned", []ledger.Sent{{File: sent(url, "aa"), Row: ledger.KeyOf(dataset.Samples, f(0), "filepath")}}, "1 checksum"},
			{"of another document", []ledger.Sent{{File: sent(url, "aa"), Row: ledger.KeyOf(dataset.Samples, f(7), "filepath"), Made: true}}, "1 existence"},
			{"of another field", []ledger.Sent{{File: sent(url, "aa"), Row: ledger.KeyOf(dataset.Samples, f(0), "thumb"), Made: true}}, "1 existence"},
			{"of another part", []ledger.Sent{{File: sent(url, "aa"), Row: ledger.KeyOf(dataset.Frames, f(0), "filepath"), Made: true}}, "1 existence"},
			{"another document's, which differs", []ledger.Sent{{File: sent(url, "ab"), Row: ledger.KeyOf(dataset.Samples, f(7), "filepath"), Made: true}}, "1 existence"},
			{"two rows, and one had other bytes", []ledger.Sent{
				{File: sent(url, "aa"), Row: ledger.KeyOf(dataset.Samples, f(0), "filepath"), Made: true},
				{File: sent(url, "ab"), Row: ledger.KeyOf(dataset.Samples, f(1), "filepath"), Made: true}}, "1 different"},
			{"the same two, the other way", []ledger.Sent{
				{File: sent(url, "ab"), Row: ledger.KeyOf(dataset.Samples, f(0), "filepath"), Made: true},
				{File: sent(url, "aa"), Row: ledger.KeyOf(dataset.Samples, f(1), "filepath"), Made: true}}, "1 different"},
			{"planned by one run, made by another with other bytes", []ledger.Sent{
				{File: sent(url, "aa"), Row: ledger.KeyOf(dataset.Samples, f(0), "filepath")},
				{File: sent(url, "ab"), Row: ledger.KeyOf(dataset.Samples, f(0), "filepath"), Made: true}}, "1 different"},
			{"made, then planned with other bytes", []ledger.Sent{
				{File: sent(url, "aa"), Row: ledger.KeyOf(dataset.Samples, f(0), "filepath"), Made: true},
				{File: sent(url, "ab"), Row: ledger.KeyOf(dataset.Samples, f(0), "filepath")}}, "1 checksum"},
		} {
			for _, opts := range []verify.Options{{}, {Download: true}} {
				m := memory{samples: func(yield func(d) bool) {
					_ = yield(append(d{{Key: "_id", Value: f(0)}}, sample(url, -1)...)) && yield(append(d{{Key: "_id", Value: f(1)}}, sample(url, -1)...))
				}}
				j := job(m, holding(map[string]string{"a": "aa"}))
				j.Sent = ledgers(tt.sent).Sent
				r := check(t, j, opts)
				if got := summary(r.Total); got != tt.want {
					t.Errorf("%s (ids of kind %d, %+v): %q, want %q: %+v", tt.name, i, opts, got, tt.want, r.Problems)
				}
			}
		}
	}
}

// TestSourceOfOthers: what another dataset sent to the same URL is no source.
func TestSourceOfOthers(t *testing.T) {
	file := sent("s3://b/a", "aa")
	file.Local = "/not/there"
	j := job(docs(sample("s3://b/a", -1)), holding(map[string]string{"a": "aa"}))
	j.Sent = ledgers{{File: file, Row: ledger.KeyOf(dataset.Samples, bson.RawValue{}, "filepath"), Made: true}}.Sent
	r := check(t, j, verify.Options{Source: true})
	if got := summary(r.Total); r.NoSource != 1 || strings.Contains(got, "checksum") {
		t.Errorf("%s, %+v", got, r)
	}
}
