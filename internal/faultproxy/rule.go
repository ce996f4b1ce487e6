package faultproxy

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// IsPut tells requests that send an object or a part of one.
func IsPut(r *http.Request) bool { return r.Method == http.MethodPut }

// IsPart tells requests that send a part of an object to S3.
func IsPart(r *http.Request) bool {
	return r.Method == http.MethodPut && r.URL.Query().Has("partNumber")
}

// IsKey returns a test for requests about keys that end in suffix.
func IsKey(suffix string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, suffix) }
}

// When has all requests of a kind meet a fault.
func When(is func(*http.Request) bool, fault Fault) Rule {
	return func(r *http.Request) Fault {
		if is(r) {
			return fault
		}
		return nil
	}
}

// Every has each n-th request of a kind meet the next of the faults, in turn.
func Every(n int, is func(*http.Request) bool, faults ...Fault) Rule {
	var seen atomic.Int64
	return func(r *http.Request) Fault {
		if !is(r) {
			return nil
		}
		at := seen.Add(1)
		if at%int64(n) != 0 {
			return nil
		}
		return faults[(at/int64(n)-1)%int64(len(faults))]
	}
}

// First has the first n requests of a kind for each method and URL meet a fault.
func First(n int, is func(*http.Request) bool, fault Fault) Rule {
	var mu sync.Mutex
	seen := map[string]int{}
	return func(r *http.Request) Fault {
		if !is(r) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		what := r.Method + " " + r.URL.String()
		if seen[what]++; seen[what] > n {
			return nil
		}
		return fault
	}
}

// All has a request meet the first fault that one of the rules chooses.
func All(rules ...Rule) Rule {
	return func(r *http.Request) Fault {
		for _, rule := range rules {
			if fault := rule(r); fault != nil {
				return fault
			}
		}
		return nil
	}
}
