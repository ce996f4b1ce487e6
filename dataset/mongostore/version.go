package mongostore

import (
	"fmt"
	"strconv"
	"strings"
)

// Compatibility of FiftyOne 1.22.1 (fiftyone.constants, COMPATIBLE_VERSIONS): it
// works with databases from the first up to, but not at, the second.
const (
	compatibleFrom  = "0.19"
	compatibleUntil = "2"
)

// Where databases of old versions differ from those of today.
const (
	// notedSince: FiftyOne notes the version of a database in it. Before, it did so in a
	// file on the disk of each client.
	notedSince = "0.15"
	// typedSince: it notes the type too.
	typedSince = "0.15.1"
	// sluggedSince: datasets have slugs, saved views, and runs in a collection of their
	// own. Before, runs stand in the dataset's document.
	sluggedSince = "0.19"
	// framelessSince: datasets without videos name no collection of frames.
	framelessSince = "0.20"
	// referredSince: migrations take runs that are references.
	referredSince = "0.11.2"
)

// Writable tells whether what a FiftyOne works with in the database is known here, so
// that it may be written to: ErrNoConfig where no FiftyOne has used it yet, ErrVersion
// where its version is one that nothing is known about.
func (d *Database) Writable() error {
	switch version := d.config.Version; {
	case d.config == Config{}:
		return fmt.Errorf("%w: %q has no version", ErrNoConfig, d.Name())
	case version == "": // FiftyOne takes such a one for its own
	case !Older(version, compatibleUntil):
		// As FiftyOne says it (fiftyone.migrations.runner).
		return fmt.Errorf("%w: cannot connect to database v%s with client v%s (compatibility >=%s,<%s)",
			ErrVersion, version, Newest, compatibleFrom, compatibleUntil)
	}
	return nil
}

// old tells whether the database is of a version before datasets had slugs, saved
// views, and runs in a collection of their own.
func (d *Database) old() bool {
	return d.config.Version != "" && Older(d.config.Version, sluggedSince)
}

// Older tells whether version a comes before b. What follows the numbers, as in
// 1.2.0rc1, is not looked at, as FiftyOne does not.
func Older(a, b string) bool {
	x, y := numbers(a), numbers(b)
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}

func numbers(version string) (n [4]int) {
	for i, part := range strings.SplitN(strings.TrimPrefix(version, "v"), ".", len(n)+1) {
		if i == len(n) {
			break
		}
		digits := strings.TrimRightFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if at := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' }); at >= 0 {
			digits = part[:at]
		}
		n[i], _ = strconv.Atoi(digits) // none is 0
		if digits != part {
			break
		}
	}
	return n
}
