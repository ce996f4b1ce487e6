package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
)

// warnMangled says how URLs are mended that FiftyOne took for relative paths.
func (a *app) warnMangled(src *source, there bool) {
	if there {
		a.ui.warn("some paths are URLs that FiftyOne took for relative ones, below the folder it ran in; this mends them: medialift rewrite %s --unmatched keep --map %s",
			shellWord(src.String()), localfile.MangledMap)
	}
}

func anyMangled(list []dataset.Problem) bool {
	return slices.ContainsFunc(list, func(p dataset.Problem) bool {
		_, ok := localfile.Mangled(p.Path)
		return ok
	})
}

var plainWord = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// shellWord spells a word as a shell takes it.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
