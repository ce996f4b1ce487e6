package mongostore

import (
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A standing is how a document that was read compares with a change of it.
type standing struct {
	status dataset.Status
	at     dataset.Pointer // what stands in the way of a Conflict
	value  string
	found  []string // the value of each Set, where status is Changed
}

// stand compares doc, nil if there is none, with a change. Changed means that
// the change can be made.
func stand(doc bson.Raw, c dataset.Change) standing {
	if doc == nil {
		return standing{status: dataset.NotFound}
	}
	s := standing{status: dataset.Already, found: make([]string, len(c.Sets))}
	for i, set := range c.Sets {
		value, ok := text(doc, set.At)
		if !ok || value != set.Old && value != set.New {
			return standing{status: dataset.Conflict, at: set.At, value: value}
		}
		s.found[i] = value
		if value != set.New {
			s.status = dataset.Changed
		}
	}
	return s
}

func (s standing) outcome(c dataset.Change) dataset.Outcome {
	return dataset.Outcome{Change: c, Status: s.status, At: s.at, Value: s.value}
}

// dotted spells a pointer as MongoDB's own paths are spelled; false where it
// cannot be: for keys that are empty, hold dots or begin with a dollar sign.
func dotted(p dataset.Pointer) (string, bool) {
	text := string(p)
	if !strings.HasPrefix(text, "/") || strings.ContainsAny(text, ".$~\x00") || strings.Contains(text, "//") || strings.HasSuffix(text, "/") {
		return "", false
	}
	return strings.ReplaceAll(text[1:], "/", "."), true
}

// simple tells whether all values of a change can be named in an update.
func simple(c dataset.Change) bool {
	for _, set := range c.Sets {
		if _, ok := dotted(set.At); !ok {
			return false
		}
	}
	return len(c.Sets) > 0
}
