// Package locate finds the database that FiftyOne would use: [Find] reads its
// settings, [Open] connects, and for FiftyOne's own embedded mongod joins the one
// that runs or starts it for as long as the database is open.
package locate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Sentinels that callers branch on.
var (
	// ErrEnterprise: the settings name an Enterprise API, which is not spoken, and
	// no database.
	ErrEnterprise = errors.New("only the API of a FiftyOne Enterprise deployment is known")
	// ErrNone: no database is named, and FiftyOne's embedded one was never used.
	ErrNone = errors.New("no database is known")
	// ErrNotAllowed: it would have to be the embedded database, which the caller
	// did not allow.
	ErrNotAllowed = errors.New("FiftyOne's embedded database is not to be used without being asked for")
	// ErrNoMongod: the embedded database does not run, and there is no mongod to
	// run it.
	ErrNoMongod = errors.New("no mongod to open FiftyOne's embedded database with")
	// ErrBusy: another program holds the files of the embedded database and cannot
	// be joined.
	ErrBusy = errors.New("FiftyOne's embedded database is in use")
	// ErrSettings: a setting cannot be used as it stands.
	ErrSettings = errors.New("unusable setting")
)

// DefaultName is the name of FiftyOne's database where nothing else is said.
const DefaultName = "fiftyone"

// Settings are where to look. Flags, empty where they were not given, come
// first, then the environment, then FiftyOne's configuration file.
type Settings struct {
	// URI may be env:VAR or file:PATH, which say where the URI is to be read.
	URI  string
	Name string
	// Mongod is the program to run the embedded database with.
	Mongod string
	// Embedded allows FiftyOne's embedded database.
	Embedded bool
	// Getenv answers environment variables, and Home is the user's home
	// directory.
	Getenv func(string) string
	Home   string
}

// A Place is a database that was found.
type Place struct {
	// URI is the server's; empty for the embedded database. It may hold a
	// password.
	URI string
	// Name is the database's.
	Name string
	// From says what named the server, for people.
	From string
	// Compressor is what FiftyOne is set to compress the connection with.
	Compressor string
	// Admin is FiftyOne's database_admin: "true", "false" or, not set, "".
	Admin string
	// Dir holds the files of the embedded database.
	Dir string

	mongod string
	getenv func(string) string
	port   string // of a mongod that FiftyOne says its children use
}

// Find finds out which database FiftyOne would use, without connecting.
func Find(s Settings) (Place, error) {
	file, path, err := s.config()
	if err != nil {
		return Place{}, err
	}
	setting := func(key string) (value, from string) {
		variable := "FIFTYONE_" + strings.ToUpper(key)
		if value = s.Getenv(variable); value != "" {
			return value, variable
		}
		return file[key], path
	}
	p := Place{URI: s.URI, From: "--database-uri", Name: s.Name, mongod: s.Mongod, getenv: s.Getenv}
	if p.URI == "" {
		p.URI, p.From = setting("database_uri")
	}
	if p.Name == "" {
		p.Name, _ = setting("database_name")
	}
	if p.Name == "" {
		p.Name = DefaultName
	}
	p.Compressor, _ = setting("database_compressor")
	p.Admin, _ = setting("database_admin")
	if p.Admin != "" {
		p.Admin = fmt.Sprint(isTrue(p.Admin))
	}
	if p.URI != "" {
		p.URI, err = s.indirect(p.URI)
		return p, err
	}
	if api, from := setting("api_uri"); api != "" {
		return Place{}, fmt.Errorf("%w: %s names one", ErrEnterprise, from)
	}
	return s.embedded(p, setting)
}

// embedded fills in where FiftyOne's own database is.
func (s Settings) embedded(p Place, setting func(string) (string, string)) (Place, error) {
	p.From = "FiftyOne's embedded database"
	p.Dir, _ = setting("database_dir")
	if p.Dir == "" {
		p.Dir = filepath.Join(s.Home, ".fiftyone", "var", "lib", "mongo")
	}
	dir, err := filepath.Abs(s.expand(p.Dir))
	if err != nil {
		return Place{}, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	p.Dir = dir
	p.port = s.Getenv("FIFTYONE_PRIVATE_DATABASE_PORT")
	if _, err := os.Stat(filepath.Join(p.Dir, "WiredTiger")); p.port == "" && err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return Place{}, fmt.Errorf("looking for FiftyOne's embedded database: %w", err)
		}
		return Place{}, fmt.Errorf("%w: no URI is set, and FiftyOne has none of its own in %q", ErrNone, p.Dir)
	}
	if !s.Embedded {
		return Place{}, fmt.Errorf("%w: no other database is named", ErrNotAllowed)
	}
	return p, nil
}

// config reads FiftyOne's configuration file, if there is one, as text values.
func (s Settings) config() (values map[string]string, path string, err error) {
	path = s.Getenv("FIFTYONE_CONFIG_PATH")
	if path == "" {
		path = filepath.Join(s.Home, ".fiftyone", "config.json")
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, path, nil
	}
	if err != nil {
		return nil, path, fmt.Errorf("reading FiftyOne's configuration: %w", err)
	}
	var parsed map[string]any
	if err := json.Unmarshal(text, &parsed); err != nil {
		return nil, path, fmt.Errorf("%w: FiftyOne's configuration %q: %w", ErrSettings, path, err)
	}
	values = map[string]string{}
	for _, key := range []string{"database_uri", "database_name", "database_dir", "database_compressor", "database_admin", "api_uri"} {
		switch v := parsed[key].(type) {
		case nil:
		case string:
			values[key] = v
		case bool:
			values[key] = fmt.Sprint(v)
		default:
			return nil, path, fmt.Errorf("%w: %q in FiftyOne's configuration %q is no text", ErrSettings, key, path)
		}
	}
	return values, path, nil
}

// indirect reads a URI that stands elsewhere.
func (s Settings) indirect(uri string) (string, error) {
	if name, ok := strings.CutPrefix(uri, "env:"); ok {
		if uri = s.Getenv(name); uri == "" {
			return "", fmt.Errorf("%w: the variable %s, which is to hold the database URI, is not set", ErrSettings, name)
		}
	} else if path, ok := strings.CutPrefix(uri, "file:"); ok {
		text, err := os.ReadFile(s.expand(path))
		if err != nil {
			return "", fmt.Errorf("%w: reading the database URI: %w", ErrSettings, err)
		}
		uri = string(text)
	}
	return strings.TrimSpace(uri), nil
}

// expand puts the user's home directory in the place of a leading "~".
func (s Settings) expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator) {
		return s.Home + rest
	}
	return path
}

// isTrue tells what FiftyOne takes for true (eta.core.config).
func isTrue(text string) bool {
	switch strings.ToLower(text) {
	case "yes", "true", "1":
		return true
	}
	return false
}
