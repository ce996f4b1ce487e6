package dbmigrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	pep440 "github.com/aquasecurity/go-pep440-version"
)

// Version is a version of FiftyOne as its migrations see it: the base version of
// PEP 440, which is the epoch and the release. What names a pre-release, a
// post-release, a development or a local build is dropped, so that 1.22.1rc3 is
// 1.22.1. The zero value is no version.
type Version struct {
	text string
	// numbers are the epoch and the release, without zeros in front of a number or at
	// the end. The library's own comparison writes into what it compares, so that two
	// goroutines could not share a version.
	numbers []string
}

// ParseVersion reads a version as Python's packaging does: "v1.2", " 1.2 " and
// "1.2.0" are the same version. Anything else is an error that quotes the text.
func ParseVersion(text string) (Version, error) {
	full, err := pep440.Parse(text)
	if err != nil {
		return Version{}, fmt.Errorf("invalid version: %q", text)
	}
	base := full.BaseVersion()
	epoch, release, found := strings.Cut(base, "!")
	if !found {
		epoch, release = "0", base
	}
	numbers := append([]string{epoch}, strings.Split(release, ".")...)
	for i := range numbers {
		numbers[i] = strings.TrimLeft(numbers[i], "0")
	}
	for len(numbers) > 0 && numbers[len(numbers)-1] == "" {
		numbers = numbers[:len(numbers)-1]
	}
	return Version{text: base, numbers: numbers}, nil
}

// MustParseVersion is ParseVersion for versions spelled out in code. It panics
// where ParseVersion fails.
func MustParseVersion(text string) Version {
	v, err := ParseVersion(text)
	if err != nil {
		panic(err)
	}
	return v
}

// Compare orders versions by their base: -1, 0 or +1. Zeros at the end say nothing.
func (v Version) Compare(other Version) int {
	return slices.CompareFunc(v.numbers, other.numbers, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
}

// String is the base version in the spelling it was parsed from: 9.0 stays 9.0.
func (v Version) String() string { return v.text }
