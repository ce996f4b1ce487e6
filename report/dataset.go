package report

// A Dataset is what the run did to one dataset.
type Dataset struct {
	Name string `json:"name"`
	// Source and Target say where it is and where it went: "dir:/data/coco",
	// "db:coco". Target is empty where the dataset stayed.
	Source string `json:"source"`
	Target string `json:"target,omitempty"`
	// Run is the name of its ledger.
	Run    string `json:"run,omitempty"`
	Status Status `json:"status"`
	// Rows are its documents, Paths those of its values that were rewritten.
	Rows   int64   `json:"rows"`
	Paths  int64   `json:"paths"`
	Fields []Field `json:"fields"`
	Phases []Phase `json:"phases"`
	// Samples are some paths before and after.
	Samples []Change `json:"samples"`
	// Versions are those between which the dataset went, if any.
	Versions *Versions `json:"versions,omitempty"`
	// Verified is what a look at every path found, if there was one.
	Verified *Verified `json:"verified,omitempty"`
	// Load is Python that loads the dataset, a line each.
	Load []string `json:"load,omitempty"`
}

// A Field is one media field.
type Field struct {
	Field string `json:"field"`
	// URL is where its files go, Base the directory below which they are.
	URL  string `json:"url"`
	Base string `json:"base,omitempty"`
	// Paths are its values; Files and Bytes what these name.
	Paths int64 `json:"paths"`
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
	// Arrived objects were sent by this run, or found to be there with the same
	// bytes; Before were known to have arrived.
	Arrived      int64 `json:"arrived"`
	ArrivedBytes int64 `json:"arrived_bytes"`
	Before       int64 `json:"before"`
	// ToSend are left, Missing are not there to be sent.
	ToSend      int64 `json:"to_send"`
	ToSendBytes int64 `json:"to_send_bytes"`
	Missing     int64 `json:"missing"`
}

// Sending is the name of the phase that moves bytes: the mean rate is that of it.
const Sending = "sending"

// A Phase is a part of the run with its place in time.
type Phase struct {
	Name string `json:"name"`
	// At is when it first began, in seconds since the start of the run; Seconds is
	// how long it was in all.
	At      float64 `json:"at"`
	Seconds float64 `json:"seconds"`
}

// A Change is one path before and after.
type Change struct {
	Field string `json:"field"`
	// ID of the sample or frame.
	ID  string `json:"id,omitempty"`
	Old string `json:"old"`
	New string `json:"new"`
}

// Versions are those of FiftyOne that a dataset went between.
type Versions struct {
	Dataset  string `json:"dataset"`
	Database string `json:"database"`
	// Lost says what the database's version has no place for.
	Lost []string `json:"lost,omitempty"`
}

// Verified counts the paths that were looked at, by what they were compared
// with.
type Verified struct {
	Checksum  int64 `json:"checksum"`
	Size      int64 `json:"size"`
	Existence int64 `json:"existence"`
	// Local are paths that name files here, Wrong those that name nothing or
	// another object, Unseen those that could not be looked at.
	Local  int64 `json:"local"`
	Wrong  int64 `json:"wrong"`
	Unseen int64 `json:"unseen"`
}
