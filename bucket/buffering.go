package bucket

// A Buffering is a Store that keeps bytes of files in memory while it sends
// them, and tells how many, so that its callers can bound what all their
// requests take together.
type Buffering interface {
	// HeldByPut is how many bytes a Put of a file of that size keeps.
	HeldByPut(size int64) int64
	// HeldByPart is how many bytes PutPart keeps of a part of that size.
	HeldByPart(size int64) int64
}

// HeldBy is what a buffer of the stores' pools takes for so many bytes: the
// next power of two, but at least.
func HeldBy(bytes, least int64) int64 {
	held := least
	for held < bytes {
		held *= 2
	}
	return held
}
