package upload

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
)

// leave takes the fields that are to stay out of those that are sent.
func (b *builder) leave() error {
	if len(b.opts.LeaveFields) == 0 {
		return nil
	}
	chosen, err := dataset.NewFinder(b.manifest, b.opts.Fields)
	if err != nil {
		return err
	}
	var rest []string
	left := 0
	for _, f := range chosen.Fields() {
		if b.isLeft(f.Name) {
			left++
		} else if !slices.Contains(rest, f.Name) {
			rest = append(rest, f.Name)
		}
	}
	switch {
	case left == 0: // what no schema declares may be among them
		return nil
	case len(rest) == 0:
		return &dataset.Refusal{
			Reason: "every media field is to be left", Total: 1, Hint: "leave out one --leave-field, or name a --media-field to send",
			Problems: []dataset.Problem{{Kind: "unmoved", Field: strings.Join(b.opts.LeaveFields, ", ")}},
		}
	}
	b.opts.Fields = rest
	return nil
}

// isLeft tells whether a field is one of LeaveFields, or stands below one.
func (b *builder) isLeft(name string) bool {
	return slices.ContainsFunc(b.opts.LeaveFields, func(left string) bool { return name == left || strings.HasPrefix(name, left+".") })
}

// stray finds the fields that name local files and are not sent.
func (b *builder) stray(ctx context.Context) error {
	all, err := b.strays.Find(b.finder, func(value string) (is, sent bool, err error) {
		found, err := b.resolver.Resolve(value)
		if _, not := errors.AsType[*localfile.Error](err); err != nil {
			if not {
				err = nil
			}
			return false, false, err
		}
		if is = localfile.IsAbsolute(value) || b.job.Dir != ""; !is {
			return false, false, nil
		}
		if sent, err = b.draft.Holds(ctx, localfile.Clean(value)); err == nil && !sent {
			sent, err = b.draft.Holds(ctx, found.Path)
		}
		return true, sent, err
	})
	b.Strays = slices.DeleteFunc(all, func(s dataset.Stray) bool { return b.isLeft(s.Field) })
	return errors.Join(err, b.leftAreKnown(all))
}

// leftAreKnown makes sure that each of LeaveFields is a field.
func (b *builder) leftAreKnown(all []dataset.Stray) error {
	for _, name := range b.opts.LeaveFields {
		if slices.ContainsFunc(all, func(s dataset.Stray) bool { return s.Field == name || strings.HasPrefix(s.Field, name+".") }) {
			continue
		}
		if _, err := dataset.NewFinder(b.manifest, []string{name}); err != nil {
			return err
		}
	}
	return nil
}
