package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// An Identity is what makes two invocations the same run: what was asked, of
// which dataset, and everything that decides what the paths become. It never
// holds credentials, and nothing that a run itself changes.
type Identity struct {
	// Command is "upload" or "rewrite".
	Command string `json:"command"`
	// Dataset is the absolute path of an export directory, or db:DATABASE/ID.
	Dataset string `json:"dataset"`
	// Settings are the choices that decide where things go, by flag name.
	Settings map[string][]string `json:"settings"`
}

// Run is the name of the run: the command and ten hexadecimal digits.
func (id Identity) Run() string {
	sum := sha256.Sum256([]byte(id.text()))
	return id.Command + "-" + hex.EncodeToString(sum[:5])
}

// text is the same for equal identities: JSON with sorted keys.
func (id Identity) text() string {
	text, err := json.Marshal(id)
	if err != nil { // strings only: cannot fail
		panic(err)
	}
	return string(text)
}

// differs says in words where id and the identity in text part.
func (id Identity) differs(text string) string {
	var other Identity
	if err := json.Unmarshal([]byte(text), &other); err != nil {
		return "its identity cannot be read"
	}
	if other.Command != id.Command || other.Dataset != id.Dataset {
		return fmt.Sprintf("it belongs to %s of %q", other.Command, other.Dataset)
	}
	keys := map[string]bool{}
	for k := range id.Settings {
		keys[k] = true
	}
	for k := range other.Settings {
		keys[k] = true
	}
	var parts []string
	for k := range keys {
		if strings.Join(id.Settings[k], "\x00") != strings.Join(other.Settings[k], "\x00") {
			parts = append(parts, fmt.Sprintf("%s was %q", k, other.Settings[k]))
		}
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}
