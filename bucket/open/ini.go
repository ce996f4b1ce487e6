package open

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// maxNested is how deep the values of an ini file may refer to others, as in
// Python.
const maxNested = 10

// readINI reads one section of a file as Python's ConfigParser does, with
// [DEFAULT] behind it: a value may go on in indented lines, %(name)s stands for
// another value and %% for a percent sign. Errors repeat no values: they are
// secrets.
func readINI(path, section string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the credentials file: %w", err)
	}
	raw, err := parseINI(string(data), section)
	if err != nil {
		return nil, fmt.Errorf("the credentials file %q: %w", path, err)
	}
	values := map[string]string{}
	for name, value := range raw {
		if values[name], err = interpolate(raw, value, 0); err != nil {
			return nil, fmt.Errorf("the credentials file %q, [%s], %s: %w", path, section, name, err)
		}
	}
	return values, nil
}

func parseINI(text, section string) (map[string]string, error) {
	sections := map[string]map[string]string{"DEFAULT": {}}
	var values map[string]string // of the section that the lines are in
	name, indent := "", 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		content := strings.TrimSpace(line)
		depth := len(line) - len(strings.TrimLeft(line, " \t"))
		switch {
		case content == "" || content[0] == '#' || content[0] == ';':
		case name != "" && depth > indent:
			values[name] += "\n" + content
		case content[0] == '[' && strings.HasSuffix(content, "]"):
			here := content[1 : len(content)-1]
			if sections[here] == nil {
				sections[here] = map[string]string{}
			}
			values, name = sections[here], ""
		default:
			at := strings.IndexAny(content, "=:")
			if at < 1 || values == nil {
				return nil, errors.New("not of the form NAME = VALUE in lines below [SECTION]")
			}
			name, indent = strings.ToLower(strings.TrimSpace(content[:at])), depth
			if _, twice := values[name]; twice {
				return nil, fmt.Errorf("%s is there twice in one section", name)
			}
			values[name] = strings.TrimSpace(content[at+1:])
		}
	}
	found := sections[section]
	if found == nil {
		return nil, fmt.Errorf("no section [%s]", section)
	}
	for name, value := range sections["DEFAULT"] {
		if _, known := found[name]; !known {
			found[name] = value
		}
	}
	return found, nil
}

// interpolate resolves the percent signs in a value.
func interpolate(raw map[string]string, value string, depth int) (string, error) {
	if depth > maxNested {
		return "", errors.New("its %(…)s lead nowhere")
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(value, "%")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		if value, found = strings.CutPrefix(rest, "%"); found {
			out.WriteByte('%')
			continue
		}
		name, after, ok := strings.Cut(strings.TrimPrefix(rest, "("), ")s")
		if !ok || !strings.HasPrefix(rest, "(") {
			return "", errors.New("a percent sign is written %% here")
		}
		other, ok := raw[strings.ToLower(name)]
		if !ok {
			return "", fmt.Errorf("%%(%s)s stands for nothing", name)
		}
		inner, err := interpolate(raw, other, depth+1)
		if err != nil {
			return "", err
		}
		out.WriteString(inner)
		value = after
	}
}
