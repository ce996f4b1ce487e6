package ledger

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// originsName is the file that says which dataset was made from which, one JSON
// object a line. Lines are only ever added, so that it needs no lock.
const originsName = "origins.jsonl"

// An Origin says that the rows of a dataset are copies of those of another one,
// with their _ids: what was sent for those was sent for these. Both are keys as
// in Sent.
type Origin struct {
	Dataset string `json:"dataset"`
	Of      string `json:"of"`
	// OfUUID is the NoteUUID of the other, if it has one.
	OfUUID string `json:"of_uuid,omitempty"`
}

// NoteOrigin notes where the rows of a dataset come from. Without the note they
// are only known less well: nothing that was sent vouches for them.
func (d *Dir) NoteOrigin(o Origin) (err error) {
	line, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("noting where a dataset comes from: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(d.path, originsName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("noting where a dataset comes from: %w", err)
	}
	// The newline in front ends a line that a killed process left behind.
	_, err = f.Write(append(append([]byte("\n"), line...), '\n'))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("noting where a dataset comes from: %w", err)
	}
	return nil
}

// Origin returns where the rows of a dataset come from; false where nothing was noted.
func (d *Dir) Origin(key string) (Origin, bool, error) {
	all, err := d.origins()
	o, ok := all[key]
	return o, ok, err
}

// origins are those of all datasets: of one that was made again, the last. Lines
// that cannot be read say nothing.
func (d *Dir) origins() (map[string]Origin, error) {
	f, err := os.Open(filepath.Join(d.home(), originsName))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading where datasets come from: %w", err)
	}
	defer f.Close()
	all := map[string]Origin{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o Origin
		if json.Unmarshal(lines.Bytes(), &o) == nil && o.Dataset != "" && o.Of != "" {
			all[o.Dataset] = o
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading where datasets come from: %w", err)
	}
	return all, nil
}
