package open

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The answers are those of Python's configparser.ConfigParser.
func TestINI(t *testing.T) {
	const text = `; a comment
[DEFAULT]
account = acc
Suffix = %(account)s.blob
[default]
  # another
conn_str: A=1;B=2%%3D
account_url = https://%(suffix)s.core.windows.net
long = one
  two
  ; not it
  three
empty =
[other]
account = elsewhere
host = %(SUFFIX)s
`
	for section, want := range map[string]map[string]string{
		"default": {
			"account": "acc", "suffix": "acc.blob", "conn_str": "A=1;B=2%3D", "account_url": "https://acc.blob.core.windows.net",
			"long": "one\ntwo\nthree", "empty": "",
		},
		"other":   {"account": "elsewhere", "suffix": "elsewhere.blob", "host": "elsewhere.blob"},
		"DEFAULT": {"account": "acc", "suffix": "acc.blob"},
	} {
		path := filepath.Join(t.TempDir(), "x.ini")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readINI(path, section); err != nil || !maps.Equal(got, want) {
			t.Errorf("[%s]: %q, %v; want %q", section, got, err, want)
		}
	}
}

func TestBadINI(t *testing.T) {
	for what, text := range map[string]string{
		"a percent sign alone": "[default]\nsas_token = sig=hush%3D\n",
		"an unknown name":      "[default]\na = hush%(b)s\n",
		"an open name":         "[default]\na = hush%(b\n",
		"a circle":             "[default]\na = hush%(b)s\nb = %(a)s\n",
		"no section":           "a = hush\n",
		"another section":      "[other]\na = hush\n",
		"no value":             "[default]\nhush\n",
		"twice":                "[default]\na = hush\nA = hush\n",
	} {
		path := filepath.Join(t.TempDir(), "x.ini")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readINI(path, "default"); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
