package dataset

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// maxElement is the longest name, in bytes, that becomes a path element: what is
// added to it (".json", the suffix of a temporary file) has to fit into 255 too.
const maxElement = 200

// ElementFault says why a name of a dataset's (of a field, a run, the dataset itself)
// cannot be one element of a path or key; empty if it can. The rule is the same on
// all systems, since what is written here is read there: no separator of any of
// them, no name that means another directory or, on Windows, a device.
func ElementFault(name string) string {
	stem, _, _ := strings.Cut(strings.ToUpper(strings.TrimRight(name, " .")), ".")
	switch {
	case name == "":
		return "it is empty"
	case strings.Trim(name, ".") == "":
		return "it means another directory"
	case strings.ContainsAny(name, `/\:`):
		return `it holds a separator: /, \ or :`
	case strings.ContainsFunc(name, unicode.IsControl):
		return "it holds a control character"
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return "it ends with a dot or a space, which Windows drops"
	case isDevice(strings.TrimRight(stem, " ")):
		return "Windows keeps this name for a device"
	case len(name) > maxElement:
		return fmt.Sprintf("it has more than %d bytes", maxElement)
	}
	return ""
}

// isDevice tells the names, in upper case, that Windows keeps for devices.
func isDevice(stem string) bool {
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, stem) {
		return true
	}
	for _, device := range []string{"COM", "LPT"} {
		if number, ok := strings.CutPrefix(stem, device); ok && slices.Contains(strings.Split("0123456789¹²³", ""), number) {
			return true
		}
	}
	return false
}

// CheckNames refuses fields and runs whose names are no element of a path: an export
// would have to put their files elsewhere. Fields are the names of media fields.
func CheckNames(m Manifest, fields []string) error {
	refusal := &Refusal{
		Reason: "names that cannot be the name of a file or folder",
		Hint:   "rename these fields and runs in FiftyOne, or delete them there",
	}
	for _, name := range fields {
		if fault := ElementFault(name); fault != "" {
			refusal.Add(Problem{Kind: "name", Field: name, Hint: fmt.Sprintf("the media field: %s", fault)})
		}
	}
	for _, run := range m.Runs() {
		if fault := ElementFault(run.Key); fault != "" {
			refusal.Add(Problem{Kind: "name", Field: run.Key, Hint: fmt.Sprintf("the run of %s: %s", run.Family, fault)})
		}
	}
	if refusal.Total > 0 {
		return refusal
	}
	return nil
}
