package upload

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

func isScene(f ledger.File) bool { return strings.EqualFold(path.Ext(f.Path), ".fo3d") }

// assetKeys are the keys of a scene's nodes that name files
// (fiftyone.core.threed, FiftyOne 1.22.1).
var assetKeys = map[string]bool{
	"pcdPath": true, "plyPath": true, "objPath": true, "mtlPath": true,
	"fbxPath": true, "stlPath": true, "gltfPath": true, "splatPath": true,
	"image": true, "cube": true, // of the background
}

// checkScene refuses a scene whose assets would stay behind.
func (b *builder) checkScene(f ledger.File) error {
	text, err := os.ReadFile(f.Local)
	if err != nil {
		return fmt.Errorf("reading scene: %w", err)
	}
	var scene any
	if err := json.Unmarshal(text, &scene); err != nil {
		b.refuse("scenes that cannot be read", "mend the .fo3d files, or leave them out with --media-field", "scene", f, err.Error())
		return nil
	}
	assets := localAssets(scene, nil)
	if len(assets) == 0 {
		return nil
	}
	if b.opts.SkipAssets {
		b.scenes++
		return nil
	}
	b.refuse("3D scenes with local assets, which are not sent yet",
		"--skip-assets sends the scenes alone; they will show nothing until their assets are beside them",
		"assets", f, fmt.Sprintf("%d local assets, the first is %q", len(assets), slices.Min(assets)))
	return nil
}

// localAssets collects the asset paths in a scene that are no URLs.
func localAssets(v any, list []string) []string {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if assetKeys[key] {
				list = localStrings(inner, list)
			}
			list = localAssets(inner, list)
		}
	case []any:
		for _, inner := range v {
			list = localAssets(inner, list)
		}
	}
	return list
}

func localStrings(v any, list []string) []string {
	switch v := v.(type) {
	case string:
		if v != "" && !localfile.IsRemote(v) {
			list = append(list, v)
		}
	case []any:
		for _, inner := range v {
			list = localStrings(inner, list)
		}
	}
	return list
}
