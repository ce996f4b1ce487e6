package extjson

import "time"

// maxISODate is the last millisecond of the year 9999: dates from 1970 up to it
// are written as ISO 8601.
const maxISODate = 253402300799999

// dateMillis reads the value of a $date: milliseconds since 1970 as a number or
// a {"$numberLong"}, or ISO 8601 with or without a zone.
func dateMillis(token []byte) (ms int64, ok bool) {
	switch token[0] {
	case '"':
		s, ok := content(token)
		if !ok {
			return 0, false
		}
		return isoMillis(s)
	case '{':
		list, n, _, ok := members(token, 0)
		if !ok || n != 1 || string(list[0].key) != "$numberLong" {
			return 0, false
		}
		if s, ok := content(list[0].value); ok {
			return parseInt(s)
		}
		return parseInt(list[0].value)
	}
	return parseInt(token)
}

// isoMillis reads "2020-01-02T03:04:05" with any number of fraction digits, cut
// to milliseconds, and with Z, +00:00, +0000, +00 or no zone, which is UTC.
func isoMillis(s []byte) (ms int64, ok bool) {
	const layout = "dddd-dd-ddTdd:dd:dd"
	if len(s) < len(layout) {
		return 0, false
	}
	for i := range len(layout) {
		if layout[i] == 'd' && s[i]-'0' > 9 || layout[i] != 'd' && s[i] != layout[i] {
			return 0, false
		}
	}
	year := decimal(s[:4])
	month, day := decimal(s[5:7]), decimal(s[8:10])
	hour, minute, second := decimal(s[11:13]), decimal(s[14:16]), decimal(s[17:19])
	if month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if t.Day() != day {
		return 0, false
	}
	s = s[len(layout):]
	fraction := 0
	if len(s) > 0 && s[0] == '.' {
		n, scale := 1, 100
		for ; n < len(s) && s[n]-'0' <= 9; n++ {
			fraction += int(s[n]-'0') * scale
			scale /= 10
		}
		if n == 1 {
			return 0, false
		}
		s = s[n:]
	}
	offset, ok := zoneSeconds(s)
	return (t.Unix()-offset)*1000 + int64(fraction), ok
}

func zoneSeconds(s []byte) (seconds int64, ok bool) {
	if len(s) == 0 || len(s) == 1 && s[0] == 'Z' {
		return 0, true
	}
	if s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	digits := make([]byte, 0, 4)
	for i, c := range s[1:] {
		if c == ':' && i == 2 && len(s) == 6 {
			continue
		}
		if c-'0' > 9 || len(digits) == 4 {
			return 0, false
		}
		digits = append(digits, c)
	}
	if len(digits) != 2 && len(digits) != 4 {
		return 0, false
	}
	hours, minutes := decimal(digits[:2]), decimal(digits[2:])
	if hours > 23 || minutes > 59 {
		return 0, false
	}
	seconds = int64(hours)*3600 + int64(minutes)*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

func decimal(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}

// appendDate appends the value of a $date as Python does.
func appendDate(dst []byte, ms int64) []byte {
	if ms < 0 || ms > maxISODate {
		dst = append(dst, `{"$numberLong": "`...)
		return append(appendInt(dst, ms), `"}`...)
	}
	t := time.UnixMilli(ms).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendTwo(appendTwo(append(dst, '"'), year/100), year%100)
	dst = appendTwo(append(dst, '-'), int(month))
	dst = appendTwo(append(dst, '-'), day)
	dst = appendTwo(append(dst, 'T'), hour)
	dst = appendTwo(append(dst, ':'), minute)
	dst = appendTwo(append(dst, ':'), second)
	if fraction := int(ms % 1000); fraction != 0 {
		dst = append(dst, '.', byte('0'+fraction/100))
		dst = appendTwo(dst, fraction%100)
	}
	return append(dst, 'Z', '"')
}

// appendTwo appends n as two digits.
func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }
