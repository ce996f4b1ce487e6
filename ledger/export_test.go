package ledger

// ClaimName is that of the file which claims an export.
const ClaimName = claimName

// Claim claims an export as Lock does where the file system has no locks, and returns
// what ends the claim.
func Claim(dir string) (end func() error, err error) {
	c, err := newClaim(dir)
	if c == nil {
		return func() error { return nil }, err
	}
	return c.end, err
}
