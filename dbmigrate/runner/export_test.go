package runner

import "time"

// SetPatience is how long a runner waits for writes to be confirmed.
func (r *Runner) SetPatience(d time.Duration) { r.patience = d }
