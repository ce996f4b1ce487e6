package pathmap

import (
	"context"
	"errors"
	"slices"
)

// firstOf asks its Mappers in order.
type firstOf []Mapper

// First makes a Mapper that asks each of ms in turn and gives the first answer.
// Without one it answers [ErrNoAnswer]; any other error ends the search. An
// answer that leaves the path as it is counts: it is already there.
func First(ms ...Mapper) Mapper { return firstOf(slices.Clone(ms)) }

// Map gives the first answer.
func (f firstOf) Map(ctx context.Context, p Path) (string, error) {
	for _, m := range f {
		to, err := m.Map(ctx, p)
		if !errors.Is(err, ErrNoAnswer) {
			return to, err
		}
	}
	return "", ErrNoAnswer
}

// chain feeds each Mapper the answer of the one before.
type chain []Mapper

// Chain makes a Mapper in which each of ms maps the answer of the one before;
// Field and ID stay those of the path asked about. One that has no answer is
// passed over. Where none has an answer, neither has Chain; any other error ends
// it.
func Chain(ms ...Mapper) Mapper { return chain(slices.Clone(ms)) }

// Map sends p through the chain.
func (c chain) Map(ctx context.Context, p Path) (string, error) {
	answered := false
	for _, m := range c {
		to, err := m.Map(ctx, p)
		if errors.Is(err, ErrNoAnswer) {
			continue
		}
		if err != nil {
			return "", err
		}
		p.Path, answered = to, true
	}
	if !answered {
		return "", ErrNoAnswer
	}
	return p.Path, nil
}
