package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/ledger"
)

// lineage is what runs have sent for the rows of the dataset.
func (s *source) lineage(ctx context.Context, h *ledger.History) (*ledger.Lineage, error) {
	uuid := ""
	if s.db != nil {
		var err error
		if uuid, err = s.db.UUID(ctx); err != nil {
			return nil, err
		}
	}
	return h.Of(ctx, s.key(), uuid)
}

// shownUnread is how many ledgers that cannot be read are named.
const shownUnread = 3

// warnUnread names the ledgers that could not be read: what they say of who sent
// what is missing from what the command finds.
func (a *app) warnUnread(h *ledger.History) {
	unread := h.Unread()
	if len(unread) == 0 {
		return
	}
	var names []string
	for name := range unread {
		names = append(names, name)
	}
	slices.Sort(names)
	var parts []string
	for _, name := range names[:min(shownUnread, len(names))] {
		parts = append(parts, fmt.Sprintf("%s (%v)", name, unread[name]))
	}
	if more := len(names) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	a.ui.warn("what %s sent is not known, since its ledger cannot be read: %s", plural(int64(len(names)), "run"), strings.Join(parts, ", "))
}

// noteOrigin notes which dataset the rows of another are copies of, so that what was
// sent for those vouches for these too. Without the note they are verified by less.
func (a *app) noteOrigin(o ledger.Origin) {
	dir, err := a.ledgers()
	if err == nil {
		err = dir.NoteOrigin(o)
	}
	if err != nil {
		a.ui.warn("medialift verify won't know what runs have sent for this dataset: %v", err)
	}
}

// noteExport notes which dataset an export directory was written from.
func (a *app) noteExport(ctx context.Context, src *mongostore.Store, dir string) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return
	}
	from := &source{db: src}
	o := ledger.Origin{Dataset: abs, Of: from.key()}
	if o.OfUUID, err = src.UUID(ctx); err == nil {
		a.noteOrigin(o)
	}
}
