package lift

import (
	"fmt"
	"strings"

	"github.com/medialift/medialift/dataset"
)

// stray refuses fields that name files which would stay behind, unless it was said of
// them that they do: the new dataset would name what is not where it is. Of the media
// fields, those that are sent were chosen.
func (p *Plan) stray() error {
	var media []string
	refusal := &dataset.Refusal{}
	for _, s := range p.Upload.Strays {
		switch {
		case s.Media:
			media = append(media, s.Field)
		case !s.Sent:
			refusal.Add(dataset.Problem{Kind: "unmoved", Field: s.Field, Path: s.Example,
				Hint: fmt.Sprintf("%d of %d values that were looked at name local files; %d look like paths", s.Found, s.Looked, s.Values)})
		}
	}
	if len(p.opts.Upload.Fields) > 0 {
		warning := "media fields that are not sent keep the paths that they have"
		if len(media) > 0 {
			warning += ": " + strings.Join(media, ", ")
		}
		p.Warnings = append(p.Warnings, warning)
	}
	if refusal.Total == 0 {
		return nil
	}
	var send, leave []string
	for _, t := range p.Upload.Totals {
		send = append(send, "--media-field "+t.Field)
	}
	for _, problem := range refusal.Problems {
		send = append(send, "--media-field "+problem.Field)
		leave = append(leave, "--leave-field "+problem.Field)
	}
	refusal.Reason = fmt.Sprintf("the files of %s would stay behind", fields(refusal.Problems))
	refusal.Hint = fmt.Sprintf("%s sends them too; %s leaves them where they are", strings.Join(send, " "), strings.Join(leave, " "))
	return refusal
}

func fields(problems []dataset.Problem) string {
	var names []string
	for _, p := range problems {
		names = append(names, p.Field)
	}
	return strings.Join(names, ", ")
}
