package lift

import (
	"context"
	"encoding/json"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// A keptNote is a document that keeps its paths, in the record of a lift.
type keptNote struct {
	Part   dataset.Part `json:"part"`
	Type   byte         `json:"type"` // of the _id …
	ID     []byte       `json:"id"`   // … and its bytes
	Reason string       `json:"reason"`
}

// keptText is what the record notes of such documents.
func keptText(list []ledger.Misfit) (string, error) {
	if len(list) == 0 {
		return nothing, nil
	}
	var notes []keptNote
	for _, m := range list {
		notes = append(notes, keptNote{m.Part, byte(m.Doc.Type), m.Doc.Value, m.Reason})
	}
	text, err := json.Marshal(notes)
	return string(text), err
}

// keep marks the documents that keep their paths in the ledger of the sending.
func (p *Plan) keep(ctx context.Context, list []ledger.Misfit) error {
	p.Kept = list
	return p.job.Upload.Ledger.Refuse(ctx, list)
}

// recall finds out which documents an earlier invocation has left with their paths.
func (p *Plan) recall(ctx context.Context) error {
	if p.made == nil {
		return nil
	}
	text, err := p.job.Record.Meta(ctx, noteKept)
	if err != nil || text == nothing {
		return err
	}
	var notes []keptNote
	if err := json.Unmarshal([]byte(text), &notes); err != nil {
		return fmt.Errorf("reading what the lift left: %w", err)
	}
	var list []ledger.Misfit
	for _, n := range notes {
		list = append(list, ledger.Misfit{Part: n.Part, Doc: bson.RawValue{Type: bson.Type(n.Type), Value: n.ID}, Reason: n.Reason})
	}
	return p.keep(ctx, list)
}
