package upload

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
)

// leave takes the fields that are to stay out of those that are sent.
func (b *builder) leave() error {
	if b.opts.WhereThere {
		b.there()
	}
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

// there keeps those of Fields that the dataset has, or all of them if it has none.
func (b *builder) there() {
	has := func(name string) bool {
		_, err := dataset.NewFinder(b.manifest, []string{name})
		return err == nil
	}
	if slices.ContainsFunc(b.opts.Fields, has) {
		b.opts.Fields = slices.DeleteFunc(slices.Clone(b.opts.Fields), func(name string) bool { return !has(name) })
	}
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
		sent, err = b.goesAlong(ctx, localfile.Clean(value), found)
		return true, sent, err
	})
	b.Strays = slices.DeleteFunc(all, func(s dataset.Stray) bool { return b.isLeft(s.Field) })
	b.warnUnknown(all)
	return err
}

// warnUnknown says which of LeaveFields the dataset does not have: of several datasets,
// some may not.
func (b *builder) warnUnknown(all []dataset.Stray) {
	for _, name := range b.opts.LeaveFields {
		if slices.ContainsFunc(all, func(s dataset.Stray) bool { return s.Field == name || strings.HasPrefix(s.Field, name+".") }) {
			continue
		}
		if _, err := dataset.NewFinder(b.manifest, []string{name}); err != nil {
			b.Warnings = append(b.Warnings, fmt.Sprintf("the dataset has no field %q to leave", name))
		}
	}
}

// likeIt is how many files of one size are compared with one that a field names.
const likeIt = 8

// goesAlong tells whether a file is one of the plan, or, of an export, which may have
// copies of its media, another one has its bytes. Of many that have its size, those are looked
// at that have its name.
func (b *builder) goesAlong(ctx context.Context, stored string, file localfile.Found) (bool, error) {
	for _, path := range []string{stored, file.Path} {
		if held, err := b.draft.Holds(ctx, path); held || err != nil {
			return held, err
		}
	}
	if b.job.Dir == "" {
		return false, nil
	}
	others, err := b.draft.Like(ctx, "", file.Size, likeIt+1)
	if err == nil && len(others) > likeIt {
		stem := strings.TrimSuffix(path.Base(stored), path.Ext(stored)) // FiftyOne tells copies of one name apart behind it
		others, err = b.draft.Like(ctx, stem, file.Size, likeIt)
	}
	if err != nil || len(others) == 0 {
		return false, err
	}
	own, err := fileSum(ctx, file.Path)
	if err != nil {
		return false, ctx.Err() // what cannot be read stays behind
	}
	for _, other := range others {
		if sum, err := fileSum(ctx, other); err == nil && sum == own {
			return true, nil
		}
	}
	return false, ctx.Err()
}
