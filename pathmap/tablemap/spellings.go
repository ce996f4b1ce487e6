package tablemap

import "strings"

// spellings lists how else a table may spell a path with a drive: all slashes one
// way or the other, the drive in either case. Other paths have no other spelling.
func spellings(path string) []string {
	if len(path) < 3 || path[1] != ':' || path[2] != '\\' && path[2] != '/' {
		return nil
	}
	lower, upper := strings.ToLower(path[:1]), strings.ToUpper(path[:1])
	if lower == upper || path[0] >= 0x80 {
		return nil
	}
	var list []string
	for _, rest := range []string{strings.ReplaceAll(path[1:], `\`, "/"), strings.ReplaceAll(path[1:], "/", `\`)} {
		list = append(list, lower+rest, upper+rest)
	}
	return list
}
