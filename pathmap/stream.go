package pathmap

import (
	"context"
	"errors"
	"iter"

	"github.com/medialift/medialift/internal/spool"
)

// An Answer is what a Mapper said about Path.
type Answer struct {
	Path
	// To is what the path becomes; Known is false where the Mapper has no answer.
	To    string
	Known bool
}

// A Streamer is a Mapper that is better asked about many paths in one go, such
// as another program.
type Streamer interface {
	Mapper
	// Stream answers all questions, one Answer each in their order. It reads the
	// questions in a goroutine of its own and as far ahead of the answers as it
	// likes; memory stays flat all the same. An error, of questions too, ends it.
	Stream(ctx context.Context, questions iter.Seq2[Path, error]) iter.Seq2[Answer, error]
}

// Streams tells whether m, or a part of what [First] or [Chain] made, is a
// Streamer.
func Streams(m Mapper) bool {
	switch m := m.(type) {
	case firstOf:
		return anyStreams(m)
	case chain:
		return anyStreams(m)
	}
	_, ok := m.(Streamer)
	return ok
}

func anyStreams(ms []Mapper) bool {
	for _, m := range ms {
		if Streams(m) {
			return true
		}
	}
	return false
}

// Stream asks m about all questions, as a [Streamer] where it is one, and else
// one by one.
func Stream(ctx context.Context, m Mapper, questions iter.Seq2[Path, error]) iter.Seq2[Answer, error] {
	start := func(yield func(Answer, error) bool) {
		for p, err := range questions {
			if !yield(Answer{Path: p}, err) || err != nil {
				return
			}
		}
	}
	ask := func(a Answer) (Path, bool) { return a.Path, !a.Known }
	return through(ctx, m, start, ask, settle)
}

// settle takes the reply to a question for the answer.
func settle(_, reply Answer) Answer { return reply }

// Stream gives the first answers.
func (f firstOf) Stream(ctx context.Context, questions iter.Seq2[Path, error]) iter.Seq2[Answer, error] {
	answers := Stream(ctx, MapperFunc(noAnswer), questions)
	for _, m := range f {
		answers = through(ctx, m, answers, func(a Answer) (Path, bool) { return a.Path, !a.Known }, settle)
	}
	return answers
}

// Stream sends the questions through the chain.
func (c chain) Stream(ctx context.Context, questions iter.Seq2[Path, error]) iter.Seq2[Answer, error] {
	answers := Stream(ctx, MapperFunc(noAnswer), questions)
	ask := func(a Answer) (Path, bool) {
		if a.Known {
			return Path{Path: a.To, Field: a.Field, ID: a.ID}, true
		}
		return a.Path, true
	}
	join := func(a, reply Answer) Answer {
		if reply.Known {
			a.To, a.Known = reply.To, true
		}
		return a
	}
	for _, m := range c {
		answers = through(ctx, m, answers, ask, join)
	}
	return answers
}

func noAnswer(context.Context, Path) (string, error) { return "", ErrNoAnswer }

// through sends answers on, with m asked about those for which ask gives a
// question; join makes of such an answer and the reply a new one.
func through(ctx context.Context, m Mapper, answers iter.Seq2[Answer, error],
	ask func(Answer) (Path, bool), join func(a, reply Answer) Answer) iter.Seq2[Answer, error] {
	if s, ok := m.(Streamer); ok && Streams(m) {
		return throughStream(ctx, s, answers, ask, join)
	}
	return func(yield func(Answer, error) bool) {
		for a, err := range answers {
			if err == nil {
				err = ctx.Err()
			}
			if q, asked := ask(a); asked && err == nil {
				reply := Answer{Path: q, Known: true}
				if reply.To, err = m.Map(ctx, q); errors.Is(err, ErrNoAnswer) {
					reply.Known, err = false, nil
				}
				a = join(a, reply)
			}
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}

// throughStream is through for a Streamer. Answers that it is not asked about
// wait in a queue for those before them.
func throughStream(ctx context.Context, s Streamer, answers iter.Seq2[Answer, error],
	ask func(Answer) (Path, bool), join func(a, reply Answer) Answer) iter.Seq2[Answer, error] {
	return func(yield func(Answer, error) bool) {
		var waiting spool.Queue
		defer func() { _ = waiting.Close() }()
		questions := func(yield func(Path, error) bool) {
			for a, err := range answers {
				q, asked := ask(a)
				if err == nil {
					err = waiting.Push(item(a, asked)...)
				}
				if err != nil {
					yield(Path{}, err)
					return
				}
				if asked && !yield(q, nil) {
					return
				}
			}
		}
		// flush yields what waits up to the next answer that was asked about.
		flush := func() (a Answer, asked, more bool) {
			for {
				texts, ok, err := waiting.Pop()
				if err != nil {
					yield(Answer{}, err)
				}
				if err != nil || !ok {
					return Answer{}, false, err == nil
				}
				if a, asked = answer(texts); asked {
					return a, true, true
				}
				if !yield(a, nil) {
					return Answer{}, false, false
				}
			}
		}
		for reply, err := range s.Stream(ctx, questions) {
			if err != nil {
				yield(Answer{}, err)
				return
			}
			a, asked, more := flush()
			if !more {
				return
			}
			if !asked {
				yield(Answer{}, errors.New("a mapper gave more answers than it was asked for"))
				return
			}
			if !yield(join(a, reply), nil) {
				return
			}
		}
		if a, asked, _ := flush(); asked {
			yield(Answer{}, errors.New("a mapper gave no answer about "+a.Path.Path))
		}
	}
}

// item spells an answer as texts, answer reads them.
func item(a Answer, asked bool) []string {
	flags := []byte{'-', '-'}
	if asked {
		flags[0] = 'a'
	}
	if a.Known {
		flags[1] = 'k'
	}
	return []string{a.Path.Path, a.Field, a.ID, a.To, string(flags)}
}

func answer(texts []string) (a Answer, asked bool) {
	a.Path = Path{Path: texts[0], Field: texts[1], ID: texts[2]}
	a.To, a.Known = texts[3], texts[4][1] == 'k'
	return a, texts[4][0] == 'a'
}
