package verify

import (
	"context"
	"slices"

	"github.com/medialift/medialift/ledger"
)

// A claim is what runs have sent for one row that names an object: one file, or
// several if they sent it again.
type claim []ledger.File

// claims finds what was sent for the rows that name an object, and for the scenes
// that need it. What is the same for several rows is claimed once.
func (v *verifier) claims(ctx context.Context, r row) ([]claim, error) {
	var list []claim
	if r.promised {
		needed, err := v.scratch.promised(ctx, r.id)
		if err != nil {
			return nil, err
		}
		list = append(list, needed)
	}
	if v.job.Sent == nil || r.refs == 0 {
		return list, nil
	}
	var key ledger.RowKey
	var ours, made bool // the row of key names the object; a run made it do so
	var c claim
	end := func() {
		if len(c) > 0 && !slices.ContainsFunc(list, func(d claim) bool { return slices.Equal(c, d) }) {
			list = append(list, c)
		}
		c, made = nil, false
	}
	for s, err := range v.job.Sent(ctx, r.path) {
		if err != nil {
			return nil, err
		}
		if s.Row != key {
			end()
			key = s.Row
			if ours, err = v.scratch.isNamed(ctx, r.id, key); err != nil {
				return nil, err
			}
		}
		switch {
		case !ours || made && !s.Made:
		case s.Made && !made: // what was sent without giving the row its URL counts no more
			c, made = claim{s.File}, true
		default:
			c = append(c, s.File)
		}
	}
	end()
	return list, nil
}
