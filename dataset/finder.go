package dataset

// A Found is one media value of a document.
type Found struct {
	// Field is the media field it belongs to, by the name that FiftyOne's
	// exporter gives it: "filepath", "thumb_path", "ground_truth.detections",
	// "frames.seg". See MediaField.
	Field string
	At    Pointer
	// Value is the path or URL as stored. It is empty, with Missing set, where
	// a sample lacks the filepath that its schema requires.
	Value   string
	Missing bool
}

// A MediaField is a place of the schema that can hold media paths.
type MediaField struct {
	// Name as FiftyOne's exporter names it; frame fields start with "frames.".
	Name string
	// Leaf is the attribute that holds the path where Name is an embedded
	// document ("mask_path", "map_path", "filepath"), else empty.
	Leaf string
	// Declared is false for a field that no schema entry announces and that was
	// only met in documents.
	Declared bool
}

// A Finder finds media values in documents.
type Finder struct{ declared []MediaField }
