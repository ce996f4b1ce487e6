package doctor

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/medialift/medialift/bucket"
)

// Clocks further apart than tooSkewed are refused by S3 and Azure; from skewed
// on, links that are valid for a short time may not work.
const (
	skewed    = 30 * time.Second
	tooSkewed = 15 * time.Minute
)

// clock compares the time of this machine with that of the endpoint.
func (e *examiner) clock(ctx context.Context, endpoint string) {
	ahead, err := skew(ctx, endpoint, e.opts.Timeout)
	if err != nil {
		e.add(Warning, "clock", "", "unknown: %v", err)
		return
	}
	const hint = "set the clock of this machine (NTP)"
	switch off := ahead.Abs().Round(time.Second); {
	case off < skewed:
		e.add(OK, "clock", "", "within %s of the endpoint's", skewed)
	case off < tooSkewed:
		e.add(Warning, "clock", hint, "%s %s the endpoint's", off, side(ahead))
	default:
		e.add(Failed, "clock", hint, "%s %s the endpoint's: its requests may be refused", off, side(ahead))
	}
}

func side(ahead time.Duration) string {
	if ahead < 0 {
		return "behind"
	}
	return "ahead of"
}

// skew is how far the clock of this machine is ahead of that of the endpoint,
// by the Date of any answer.
func skew(ctx context.Context, endpoint string, timeout time.Duration) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, endpoint, http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("asking %q: %w", bucket.PublicURL(endpoint), bucket.PublicCause(err))
	}
	client := http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	before := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return 0, bucket.PublicCause(err)
	}
	took := time.Since(before)
	_ = response.Body.Close()
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0, fmt.Errorf("the answer of %s has no readable date", bucket.PublicURL(endpoint))
	}
	// A Date has whole seconds, and was written somewhere between.
	return before.Add(took / 2).Sub(date.Add(time.Second / 2)), nil
}
