package results

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

// spellFloat is a number in Python's spelling of JSON, which has three that JSON has not.
func spellFloat(value float64) string {
	switch {
	case math.IsNaN(value):
		return "NaN"
	case math.IsInf(value, 1):
		return "Infinity"
	case math.IsInf(value, -1):
		return "-Infinity"
	}
	format := byte('f')
	if size := math.Abs(value); size != 0 && (size < 1e-4 || size >= 1e16) {
		format = 'e'
	}
	text := strconv.FormatFloat(value, format, -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

// spellInteger is a number of any width, the least byte first.
func spellInteger(b []byte, signed bool) string {
	var value uint64
	for i, c := range b {
		value |= uint64(c) << (8 * i)
	}
	if !signed {
		return strconv.FormatUint(value, 10)
	}
	shift := 64 - 8*len(b)
	return strconv.FormatInt(int64(value<<shift)>>shift, 10) //nolint:gosec // two's complement of that width is meant
}

// spellText is text of four bytes a letter, without the zeros that fill it up, in letters
// of ASCII.
func spellText(b []byte) string {
	var text strings.Builder
	text.WriteByte('"')
	for ; len(b) >= 4; b = b[4:] {
		c := binary.LittleEndian.Uint32(b)
		if c == 0 && strings.Trim(string(b), "\x00") == "" {
			break
		}
		switch {
		case c == '"' || c == '\\':
			text.WriteByte('\\')
			text.WriteByte(byte(c))
		case c >= ' ' && c < 0x7f:
			text.WriteByte(byte(c))
		default:
			units := []uint16{uint16(c)} //nolint:gosec // above the first plane it is replaced
			if c > 0xffff {
				units = utf16.Encode([]rune{rune(c)}) //nolint:gosec // what is no letter becomes U+FFFD
			}
			for _, unit := range units {
				hex := strconv.FormatUint(uint64(unit)+0x10000, 16)
				text.WriteString(`\u` + hex[1:])
			}
		}
	}
	text.WriteByte('"')
	return text.String()
}
