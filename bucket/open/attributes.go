package open

import (
	"fmt"
	"slices"
	"strings"

	"github.com/medialift/medialift/bucket"
)

// Takes fails with bucket.ErrAttribute where objects at t cannot be written with
// a.
func (t Target) Takes(a bucket.Attributes) error {
	_, err := attributes(t.Scheme, a)
	return err
}

// attributes spells what objects are to be written with as the store of a scheme
// does, and refuses what it has not, with bucket.ErrAttribute: what was asked for
// and is not done would only be noticed when it is too late.
func attributes(scheme string, a bucket.Attributes) (bucket.Attributes, error) {
	if err := a.Check(); err != nil {
		return a, err
	}
	refuse := func(flag, value, why string) error {
		return fmt.Errorf("%w: %s %q at %s://: %s", bucket.ErrAttribute, flag, value, scheme, why)
	}
	switch scheme {
	case schemeS3, schemeMinIO:
		kinds := []string{"AES256", "aws:kms", "aws:kms:dsse"}
		if a.KMSKey != "" && a.Encryption == "" {
			a.Encryption = "aws:kms"
		}
		switch {
		case a.Encryption != "" && !slices.Contains(kinds, a.Encryption):
			return a, refuse("encryption", a.Encryption, "it is one of "+strings.Join(kinds, ", "))
		case a.KMSKey != "" && a.Encryption == "AES256":
			return a, refuse("key", a.KMSKey, "AES256 takes none")
		case a.ACL != "" && !slices.Contains(cannedACLs[:], a.ACL):
			return a, refuse("ACL", a.ACL, "it is one of "+strings.Join(cannedACLs[:], ", "))
		}
	case schemeGS:
		a.StorageClass = strings.ToUpper(a.StorageClass)
		a.ACL = camel(a.ACL)
		switch {
		case a.Encryption != "":
			return a, refuse("encryption", a.Encryption, "everything is encrypted; a KMS key may be named")
		case a.StorageClass != "" && !slices.Contains(googleClasses[:], a.StorageClass):
			return a, refuse("storage class", a.StorageClass, "it is one of "+strings.Join(googleClasses[:], ", "))
		case a.ACL != "" && !slices.Contains(googleACLs[:], a.ACL):
			return a, refuse("ACL", a.ACL, "it is one of "+strings.Join(googleACLs[:], ", "))
		}
	case schemeAz, schemeHTTPS, schemeHTTP:
		for _, tier := range azureTiers {
			if strings.EqualFold(tier, a.StorageClass) {
				a.StorageClass = tier
			}
		}
		switch {
		case a.StorageClass != "" && !slices.Contains(azureTiers[:], a.StorageClass):
			return a, refuse("storage class", a.StorageClass, "it is one of the tiers "+strings.Join(azureTiers[:], ", "))
		case a.Encryption != "", a.KMSKey != "":
			return a, refuse("encryption", a.Encryption+a.KMSKey, "the account says how everything is encrypted")
		case a.ACL != "":
			return a, refuse("ACL", a.ACL, "blobs have none")
		}
	default:
		if a != (bucket.Attributes{}) {
			return a, refuse("attributes", a.String(), "files have none")
		}
	}
	return a, nil
}

var (
	cannedACLs = [...]string{"private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read",
		"bucket-owner-read", "bucket-owner-full-control", "log-delivery-write"}
	googleClasses = [...]string{"STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"}
	googleACLs    = [...]string{"authenticatedRead", "bucketOwnerFullControl", "bucketOwnerRead", "private", "projectPrivate", "publicRead"}
	azureTiers    = [...]string{"Hot", "Cool", "Cold", "Archive"}
)

// camel spells public-read as Google does: publicRead.
func camel(name string) string {
	first, rest, _ := strings.Cut(name, "-")
	for part := range strings.SplitSeq(rest, "-") {
		if part != "" {
			first += strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return first
}
