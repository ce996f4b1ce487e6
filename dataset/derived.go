package dataset

import "context"

// A Deriver is an Updater with documents that FiftyOne made of the dataset's own:
// those of patches, clips or frames behind its saved views. They hold copies of
// its paths, which FiftyOne does not renew when the originals change.
type Deriver interface {
	// Derived names the parts that such documents are in. Rows and Update take
	// them as they take Samples; From of a Row names the fields of the original.
	Derived(ctx context.Context) ([]Part, error)
}

// IsDerived tells a part that Derived names from the dataset's own.
func (p Part) IsDerived() bool { return p != Samples && p != Frames && p != Tags && p != Views }
