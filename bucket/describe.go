package bucket

import "context"

// A Describer is a Store that can tell how it is reached, beyond what every
// store has.
type Describer interface {
	// Describe tells what it knows, in the order in which a person would ask. It
	// may contact the endpoint, and changes nothing.
	Describe(ctx context.Context) []Fact
}

// A Fact is one thing that a Describer tells.
type Fact struct {
	Name FactName
	// Value in words for people, without any secret.
	Value string
	// Err says why the fact is not known; Value is empty then.
	Err error
}

// A FactName says what a Fact is about.
type FactName string

// The facts that callers know.
const (
	// FactIdentity is who the store acts as, and where that comes from. Its Err
	// means that there are no usable credentials.
	FactIdentity FactName = "identity"
	FactRegion   FactName = "region"
	// FactEndpoint is the URL of the service, without the bucket.
	FactEndpoint FactName = "endpoint"
	// FactCORS is what web pages may do with the bucket; NoCORS for nothing.
	FactCORS FactName = "cors"
)

// NoCORS is the value of FactCORS where no web page may read the bucket.
const NoCORS = "none"
