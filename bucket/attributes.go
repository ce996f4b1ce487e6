package bucket

import (
	"errors"
	"fmt"
	"strings"
)

// ErrAttribute says that a store has no such thing as an attribute.
var ErrAttribute = errors.New("not to be had there")

// Attributes are what objects are written with besides their bytes. Those that
// are empty are left to the defaults of the bucket.
type Attributes struct {
	// StorageClass by the name that the store gives it; Azure's access tier.
	StorageClass string
	// Encryption at rest, by the name that S3 gives it: "AES256", "aws:kms".
	Encryption string
	// KMSKey names the key of the encryption.
	KMSKey string
	// ACL is a canned one, by the name that the store gives it.
	ACL string
}

// String spells a, and is empty for the zero value.
func (a Attributes) String() string {
	var list []string
	for _, set := range [][2]string{{"storage-class", a.StorageClass}, {"sse", a.Encryption}, {"kms-key", a.KMSKey}, {"acl", a.ACL}} {
		if set[1] != "" {
			list = append(list, set[0]+"="+set[1])
		}
	}
	return strings.Join(list, " ")
}

// Check fails with ErrAttribute where an attribute is no word that can stand in
// a header.
func (a Attributes) Check() error {
	for _, v := range []string{a.StorageClass, a.Encryption, a.KMSKey, a.ACL} {
		if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("%w: %q", ErrAttribute, v)
		}
	}
	return nil
}
