package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// permitted is FiftyOne's guard: who is no admin may at most bring datasets to the
// version of their database.
func (c *migrateCmd) permitted(from, to string) error {
	admin, err := c.admin()
	if err != nil || admin || c.dryRun || from == to {
		return err
	}
	const hint = "set FIFTYONE_DATABASE_ADMIN=true if you administer this database"
	const more = "See https://docs.voxel51.com/user_guide/config.html#database-migrations for more information"
	if to == "\x00" {
		return refusal(hint, "Cannot repair database v%s when database_admin=False. %s", from, more)
	}
	if len(c.names) > 0 {
		return refusal(hint, "Cannot migrate dataset '%s' to v%s when database_admin=False. %s", c.names[0], to, more)
	}
	return refusal(hint, "Cannot migrate database from v%s to v%s when database_admin=False. %s", from, to, more)
}

// admin is FiftyOne's setting database_admin: of the environment, its configuration
// file, or by default true for open-source databases.
func (c *migrateCmd) admin() (bool, error) {
	value := os.Getenv("FIFTYONE_DATABASE_ADMIN")
	if value == "" {
		config, err := fiftyoneConfig()
		if err != nil {
			return false, err
		}
		if set, ok := config["database_admin"].(bool); ok {
			return set, nil
		}
		return c.openSource(), nil
	}
	return slices.Contains([]string{"yes", "true", "1"}, strings.ToLower(value)), nil
}

// fiftyoneConfig reads FiftyOne's configuration file. One that is not there says
// nothing.
func fiftyoneConfig() (map[string]any, error) {
	path := os.Getenv("FIFTYONE_CONFIG_PATH")
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, nil //nolint:nilerr,nilnil // no home, no file
		}
		path = filepath.Join(home, ".fiftyone", "config.json")
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]any{}, nil
	}
	config := map[string]any{}
	if err == nil {
		err = json.Unmarshal(text, &config)
	}
	if err != nil {
		return nil, fmt.Errorf("reading FiftyOne's configuration %q: %w", path, err)
	}
	return config, nil
}
