package upload

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/medialift/medialift/dataset"
)

// ErrTemplate says that a target URL has a placeholder that cannot be filled in.
var ErrTemplate = errors.New("bad placeholder in target")

var placeholder = regexp.MustCompile(`\{[^{}/]*\}`)

// DatasetElement is what {dataset} stands for in a target URL: the name of the dataset
// as one path element; see dataset.EscapeElement. Where # and % mean something else
// in the URL, they are escaped too.
func DatasetElement(url, name string) string {
	scheme, _, _ := strings.Cut(url, ":")
	switch strings.ToLower(scheme) {
	case "az", "http", "https", "file":
		return dataset.EscapeElement(name, "#%")
	}
	return dataset.EscapeElement(name, "")
}

// fill puts names into the placeholders of a target URL.
func fill(url, datasetName, field string) (string, error) {
	for _, found := range placeholder.FindAllString(url, -1) {
		if found != "{dataset}" && found != "{field}" {
			return "", fmt.Errorf("%w: %q is neither {dataset} nor {field}", ErrTemplate, found)
		}
	}
	if strings.Contains(url, "{dataset}") && datasetName == "" {
		return "", fmt.Errorf("%w: the dataset has no name for {dataset}", ErrTemplate)
	}
	return strings.NewReplacer("{dataset}", DatasetElement(url, datasetName), "{field}", field).Replace(url), nil
}
