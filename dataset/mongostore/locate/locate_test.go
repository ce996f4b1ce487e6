package locate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// settings answers Settings of an environment and a configuration file.
func settings(t *testing.T, config string, environment ...string) Settings {
	t.Helper()
	home := t.TempDir()
	if config != "" {
		if err := os.MkdirAll(filepath.Join(home, ".fiftyone"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, ".fiftyone", "config.json"), []byte(config), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return Settings{Home: home, Embedded: true, Getenv: func(name string) string {
		for _, pair := range environment {
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return value
			}
		}
		return ""
	}}
}

func TestFind(t *testing.T) {
	const config = `{"database_uri": "mongodb://file", "database_name": "of-file", "database_admin": false, "other": 1}`
	secret := filepath.Join(t.TempDir(), "uri")
	if err := os.WriteFile(secret, []byte("mongodb://secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		what     string
		s        Settings
		uri, db  string
		from, by string
	}{
		{"flags", Settings{URI: "mongodb://flag", Name: "of-flag"}, "mongodb://flag", "of-flag", "--database-uri", "false"},
		{"environment", Settings{}, "mongodb://env", "of-env", "FIFTYONE_DATABASE_URI", "false"},
		{"of a variable", Settings{URI: "env:MINE"}, "mongodb://mine", "of-env", "--database-uri", "false"},
		{"of a file", Settings{URI: "file:" + secret}, "mongodb://secret", "of-env", "--database-uri", "false"},
	}
	for _, tt := range tests {
		s := settings(t, config, "FIFTYONE_DATABASE_URI=mongodb://env", "FIFTYONE_DATABASE_NAME=of-env", "MINE=mongodb://mine")
		s.URI, s.Name = tt.s.URI, tt.s.Name
		p, err := Find(s)
		if err != nil || p.URI != tt.uri || p.Name != tt.db || p.From != tt.from || p.Admin != tt.by {
			t.Errorf("%s: got %+v, %v", tt.what, p, err)
		}
	}
	// An empty variable counts as none.
	p, err := Find(settings(t, config, "FIFTYONE_DATABASE_URI=", "FIFTYONE_DATABASE_ADMIN=Yes"))
	if err != nil || p.URI != "mongodb://file" || p.Name != "of-file" || filepath.Base(p.From) != "config.json" || p.Admin != "true" {
		t.Errorf("configuration file: got %+v, %v", p, err)
	}
	s := settings(t, `{"database_dir": "~/mongo"}`, "FIFTYONE_DATABASE_COMPRESSOR=zstd", "FIFTYONE_API_URI=")
	if err := os.MkdirAll(filepath.Join(s.Home, "mongo"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(s); !errors.Is(err, ErrNone) {
		t.Errorf("no database: got %v", err)
	}
	if err := os.WriteFile(filepath.Join(s.Home, "mongo", "WiredTiger"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if p, err := Find(s); err != nil || p.URI != "" || p.Name != "fiftyone" || p.Dir != filepath.Join(s.Home, "mongo") || p.Compressor != "zstd" {
		t.Errorf("embedded: got %+v, %v", p, err)
	}
	s.Embedded = false
	if _, err := Find(s); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("embedded, not allowed: got %v", err)
	}
}

func TestFindRefuses(t *testing.T) {
	for _, tt := range []struct {
		what string
		s    Settings
		want error
	}{
		{"Enterprise", settings(t, "", "FIFTYONE_API_URI=https://x"), ErrEnterprise},
		{"Enterprise in the file", settings(t, `{"api_uri": "https://x"}`), ErrEnterprise},
		{"no JSON", settings(t, `{`), ErrSettings},
		{"another type", settings(t, `{"database_uri": 5}`), ErrSettings},
		{"no such variable", settings(t, "", "FIFTYONE_DATABASE_URI=env:NONE"), ErrSettings},
		{"no such file", settings(t, "", "FIFTYONE_DATABASE_URI=file:/none/such"), ErrSettings},
	} {
		if p, err := Find(tt.s); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %+v, %v", tt.what, p, err)
		}
	}
	if _, err := Find(settings(t, "", "FIFTYONE_API_URI=https://x", "FIFTYONE_DATABASE_URI=mongodb://x")); err != nil {
		t.Errorf("with both: %v", err)
	}
}
