package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
)

// WriteJSON writes the report as one JSON document.
func WriteJSON(w io.Writer, r Report) error {
	r, err := r.fit()
	if err != nil {
		return err
	}
	text, err := encode(r)
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}

func encode(r Report) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return nil, fmt.Errorf("the report is no JSON: %w", err)
	}
	return b.Bytes(), nil
}

// hide takes out of JSON what may pass through a URL in a path or a message,
// however that came there: passwords, and the signatures of URLs that were signed
// in advance.
func hide(text []byte) []byte {
	const char = `(?:\\.|[^/\s"\\])` // of a text of JSON
	password := regexp.MustCompile(`(://[^/\s:@"]*:)` + char + `+@`)
	signature := regexp.MustCompile(`(?i)([?&](?:sig|signature|x-amz-signature|x-amz-security-token|x-amz-credential|x-goog-signature)=)[^&\s"\\]+`)
	return signature.ReplaceAll(password.ReplaceAll(text, []byte("${1}…@")), []byte("${1}…"))
}

// fit returns the report as it may be shown: with its schema, texts that are
// UTF-8, no passwords, and empty lists where there are none, so that a reader need
// not tell these from lists that are missing.
func (r Report) fit() (Report, error) {
	r.Schema = Schema
	r.Warnings = filled(r.Warnings)
	r.Problems = filled(r.Problems)
	r.Throughput.Slots = filled(r.Throughput.Slots)
	datasets := make([]Dataset, len(r.Datasets))
	for i, d := range r.Datasets {
		d.Fields, d.Phases, d.Samples = filled(d.Fields), filled(d.Phases), filled(d.Samples)
		datasets[i] = d
	}
	r.Datasets = datasets
	text, err := encode(r)
	if err != nil {
		return r, err
	}
	var fit Report
	err = json.Unmarshal(hide(text), &fit)
	return fit, err
}

func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
