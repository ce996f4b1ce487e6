package s3store

// leaveToSDK switches the hot path off.
func leaveToSDK(s *Store) { s.quirks.hot.once.Do(func() {}) }
