package upload

import (
	"path/filepath"
	"slices"

	"github.com/medialift/medialift/localfile"
)

// assetRoots are where the assets of scenes may lie. A scene is as good as whoever
// made it: one of a stranger's may name a file that is nobody's business, and that
// would be sent along.
type assetRoots struct {
	// inside holds for what lies in the directory of an export, media for the rest.
	export        localfile.Roots
	inside, media localfile.Roots
}

// of are the roots for what a file names.
func (r assetRoots) of(file string) localfile.Roots {
	if len(r.export) > 0 {
		// By its name: an export may link to files that lie elsewhere.
		if rel, err := filepath.Rel(r.export[0], file); err == nil && filepath.IsLocal(rel) {
			return r.inside
		}
		if r.export.Hold(localfile.Real(file)) {
			return r.inside
		}
	}
	return r.media
}

// assetRoots are those of a dataset whose media fields have these common directories.
func (b *builder) assetRoots(common map[int]string) assetRoots {
	given := slices.Concat(b.resolver.RelDirs(), b.opts.AssetDirs)
	r := assetRoots{export: localfile.NewRoots(b.job.Dir)}
	r.inside = slices.Concat(r.export, localfile.NewRoots(given...))
	var all string
	for _, dir := range common {
		if all == "" {
			all = dir
		}
		all = commonDir(all, dir)
	}
	dirs := []string{all}
	if isTop(all) { // which says nothing
		dirs = nil
		for _, dir := range common {
			if !isTop(dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	r.media = slices.Concat(r.inside, localfile.NewRoots(dirs...))
	slices.Sort(r.media)
	r.media = slices.Compact(r.media)
	return r
}

func isTop(dir string) bool {
	return dir == "." || filepath.Dir(filepath.FromSlash(dir)) == filepath.FromSlash(dir)
}
