package dbmigrate

import "fmt"

// RefusalError says why a dataset can't be moved as asked. Nothing was changed.
type RefusalError struct {
	Dataset string // "" for the database itself
	Leg     string // like "0.17.0 down"; empty where no leg is to blame
	Reason  string
	Hint    string // what the user can do; may be empty
}

// Error implements error.
func (e *RefusalError) Error() string {
	what, leg := "the database", ""
	if e.Dataset != "" {
		what = fmt.Sprintf("dataset %q", e.Dataset)
	}
	if e.Leg != "" {
		leg = " (" + e.Leg + ")"
	}
	return fmt.Sprintf("%s can't be migrated%s: %s", what, leg, e.Reason)
}

// Refuse is the error of a Step that can't go on. Which dataset and which leg the
// plan adds.
func Refuse(hint, format string, args ...any) error {
	return &RefusalError{Reason: fmt.Sprintf(format, args...), Hint: hint}
}
