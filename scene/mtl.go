package scene

import (
	"strconv"
	"strings"
)

// isMap tells the statements of an .mtl that name a texture: map_Kd, map_Bump
// and all their kin, but map_aat, which is a switch. Letter case varies among
// exporters.
func isMap(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "bump", "disp", "decal", "norm", "refl":
		return true
	}
	return strings.HasPrefix(name, "map_") && name != "map_aat"
}

// texture is the file name in the words after a map statement's keyword: all
// that follows the options, since names may have spaces. (Options by the MTL
// format description 4.2 of Alias|Wavefront, and -colorspace of later tools.)
func texture(line []byte, words []span) []span {
	for len(words) > 0 {
		var numbers int
		switch strings.ToLower(words[0].of(line)) {
		case "-blendu", "-blendv", "-bm", "-boost", "-cc", "-clamp", "-colorspace", "-imfchan", "-texres", "-type":
			words = words[min(2, len(words)):]
			continue
		case "-mm":
			numbers = 2
		case "-o", "-s", "-t":
			numbers = 3 // the second and third may be left out
		default:
			return []span{{words[0].start, words[len(words)-1].end}}
		}
		words = words[1:]
		for ; numbers > 0 && len(words) > 0 && isNumber(words[0].of(line)); numbers-- {
			words = words[1:]
		}
	}
	return nil
}

// isNumber takes no words for numbers: "nan" may well be a file.
func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && strings.IndexByte("+-.0123456789", s[0]) >= 0
}
