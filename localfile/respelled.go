package localfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// respelled lists what is there under local with some of its elements in another
// Unicode normal form, each thing once. macOS hands out names decomposed that were
// made composed, and archives carry them to systems for which these are two names;
// an export directory may have been named in one form and its files in the other.
func respelled(local string) []string {
	if isASCII(local) {
		return nil
	}
	const sep = string(filepath.Separator)
	paths := []string{""}
	for i, element := range strings.Split(filepath.FromSlash(local), sep) {
		var next []string
		for _, p := range paths {
			if i > 0 {
				p += sep
			}
			for _, form := range forms(element) {
				if _, err := os.Lstat(p + form); len(form) == 0 || isASCII(form) || !isNothing(err) {
					next = append(next, p+form)
				}
			}
		}
		paths = next
	}
	var infos []os.FileInfo
	return slices.DeleteFunc(paths, func(p string) bool {
		info, err := os.Stat(p)
		if isNothing(err) || err == nil && slices.ContainsFunc(infos, func(other os.FileInfo) bool { return os.SameFile(info, other) }) {
			return true
		}
		if err == nil {
			infos = append(infos, info)
		}
		return false
	})
}

// forms lists the spellings of a name, its own first.
func forms(name string) []string {
	list := []string{name}
	for _, form := range []norm.Form{norm.NFC, norm.NFD} {
		if other := form.String(name); !slices.Contains(list, other) {
			list = append(list, other)
		}
	}
	return list
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
