package s3store

// A shot is how one request is made.
type shot struct {
	checksum bool
	crc32    bool   // the checksum is a CRC32 instead of a CRC64NVME
	absent   bool   // If-None-Match: *
	match    string // If-Match, if not empty
	// blind: nobody could look for the object, so the condition must stay.
	blind bool
}

// lesser lists the shots that leave out what the endpoint may not know.
func lesser(want shot, k known) []shot {
	var others []shot
	dropChecksum := want.checksum && k.checksum == unknown || want.crc32 && k.crc32 == unknown
	lower := dropChecksum && !want.crc32 && k.crc32 != no
	dropCondition := want.absent && k.absent == unknown || want.match != "" && k.match == unknown
	dropCondition = dropCondition && !want.blind
	if lower {
		other := want
		other.crc32 = true
		others = append(others, other)
	}
	if dropChecksum {
		others = append(others, shot{absent: want.absent, match: want.match, blind: want.blind})
	}
	if dropCondition {
		others = append(others, shot{checksum: want.checksum, crc32: want.crc32})
	}
	if lower && dropCondition {
		others = append(others, shot{checksum: true, crc32: true})
	}
	if dropChecksum && dropCondition {
		others = append(others, shot{})
	}
	return others
}

// took remembers which headers an accepted request had.
func (s *Store) took(made shot, err error) {
	now := s.quirks.get()
	sum := now.checksum
	if made.crc32 {
		sum = now.crc32
	}
	if err != nil || (!made.checksum || sum != unknown) && (made.match == "" || now.match != unknown) {
		return
	}
	s.quirks.learn(func(k *known) {
		switch {
		case made.crc32:
			k.crc32 = yes
		case made.checksum && k.checksum == unknown:
			k.checksum = yes
		}
		if made.match != "" && k.match == unknown {
			k.match = yes
		}
	})
}

// refuses remembers what other leaves out of want.
func (s *Store) refuses(want, other shot) {
	s.quirks.learn(func(k *known) {
		if want.checksum && !other.checksum {
			k.checksum, k.crc32 = no, no
		}
		if other.crc32 {
			k.checksum = no
		}
		if want.absent && !other.absent {
			k.absent, k.refusesAbsent = no, true
		}
		if want.match != "" && other.match == "" {
			k.match = no
		}
	})
}
