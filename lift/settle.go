package lift

import (
	"context"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset/mongostore"
)

// settle brings the new dataset to the version of its database while nobody sees it,
// and notes what it is like then, by which Undo tells whether anybody has changed it.
// Whatever differs later, others have done.
func (p *Plan) settle(ctx context.Context, h *mongostore.Hidden) (bson.Raw, error) {
	doc, brought, err := p.way.Bring(ctx, h, func(documents int64) {
		p.opts.Progress(Progress{Phase: "migrating", Done: documents})
	})
	if err != nil {
		return nil, fmt.Errorf("making %q: %w", p.Name, err)
	}
	p.brought = brought
	made, err := h.Store(doc)
	if err != nil {
		return nil, err
	}
	sum, _, err := digestOf(ctx, made, func(n int64) { p.opts.Progress(Progress{Phase: "comparing", Done: n}) })
	if err != nil {
		return nil, err
	}
	var ontologies []string
	for _, id := range h.Ontologies() {
		ontologies = append(ontologies, id.Hex())
	}
	return doc, p.job.Record.SetMeta(ctx, map[string]string{
		noteMade: sum, noteName: p.Name, noteOntology: strings.Join(ontologies, " "), notePanels: "yes",
	})
}
