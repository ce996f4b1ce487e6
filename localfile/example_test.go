package localfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/localfile"
)

// A file is found by what stands in a dataset, also where its name is spelled in
// the other Unicode normal form; if there is none, the error says why.
func ExampleResolver_Resolve() {
	dir, err := os.MkdirTemp("", "export-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, "cafe\u0301.jpg"), []byte("image"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	files, err := localfile.New(dir, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, stored := range []string{"caf\u00e9.jpg", "tea.jpg", "s3://media/tea.jpg"} {
		found, err := files.Resolve(stored)
		var why *localfile.Error
		if errors.As(err, &why) {
			fmt.Println(stored, why.Kind)
			continue
		}
		fmt.Println(stored, found.Size)
	}
	// Output:
	// café.jpg 5
	// tea.jpg missing
	// s3://media/tea.jpg unresolvable
}
