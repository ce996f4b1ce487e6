package open

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/bucket/azurestore"
)

// What FiftyOne is told of clouds is in variables of the environment, or in its
// media_cache_config.json, which may name an ini file. A variable comes first.

//nolint:forbidigo // these are credential chains
func env(name string) string { return os.Getenv(name) }

// firstOf is the first value that is not empty.
func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func home(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if dir, err := os.UserHomeDir(); err == nil {
			return filepath.Join(dir, rest)
		}
	}
	return path
}

// cacheConfig is what concerns credentials in media_cache_config.json.
type cacheConfig struct {
	GoogleFile   string `json:"google_application_credentials"`
	AzureFile    string `json:"azure_credentials_file"`
	AzureProfile string `json:"azure_profile"`
	MinIOFile    string `json:"minio_config_file"`
	MinIOProfile string `json:"minio_profile"`
}

// readCacheConfig reads that file. One that is not there says nothing.
func readCacheConfig() (cacheConfig, error) {
	var c cacheConfig
	path := home(firstOf(env("FIFTYONE_MEDIA_CACHE_CONFIG_PATH"), "~/.fiftyone/media_cache_config.json"))
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil {
		return c, fmt.Errorf("reading FiftyOne's media cache configuration %q: %w", path, err)
	}
	return c, nil
}

// googleFile is the key file that media_cache_config.json names.
func googleFile() (string, error) {
	if env("GOOGLE_APPLICATION_CREDENTIALS") != "" || env("STORAGE_EMULATOR_HOST") != "" {
		return "", nil
	}
	c, err := readCacheConfig()
	return home(c.GoogleFile), err
}

// azureCredentials are those of the environment or, where that names no account,
// of the file that AZURE_CREDENTIALS_FILE or media_cache_config.json names.
func azureCredentials() (azurestore.Credentials, error) {
	creds := azurestore.Environment()
	if firstOf(creds.ConnectionString, creds.Account, creds.AccountURL) != "" {
		return creds, nil
	}
	c, err := readCacheConfig()
	if err != nil {
		return creds, err
	}
	file := home(firstOf(env("AZURE_CREDENTIALS_FILE"), c.AzureFile))
	if file == "" {
		return creds, nil
	}
	ini, err := readINI(file, firstOf(env("AZURE_PROFILE"), c.AzureProfile, "default"))
	if err != nil {
		return creds, err
	}
	return azurestore.Credentials{
		ConnectionString: ini["conn_str"],
		Account:          ini["account_name"],
		AccountURL:       ini["account_url"],
		Key:              firstOf(ini["account_key"], creds.Key),
		SASToken:         firstOf(ini["sas_token"], creds.SASToken),
		TenantID:         firstOf(ini["tenant"], ini["tenant_id"], creds.TenantID),
		ClientID:         firstOf(ini["client_id"], creds.ClientID),
		ClientSecret:     firstOf(ini["secret"], ini["client_secret"], creds.ClientSecret),
	}, nil
}

// minio is how to get at a MinIO server.
type minio struct{ endpoint, region, accessKey, secretKey string }

// minioSettings are those of the environment or, where that names no endpoint,
// of the file that MINIO_CONFIG_FILE or media_cache_config.json names.
func minioSettings() (minio, error) {
	m := minio{env("MINIO_ENDPOINT_URL"), env("MINIO_REGION"), env("MINIO_ACCESS_KEY"), env("MINIO_SECRET_ACCESS_KEY")}
	if m.endpoint != "" {
		return m, nil
	}
	c, err := readCacheConfig()
	if err != nil {
		return m, err
	}
	file := home(firstOf(env("MINIO_CONFIG_FILE"), c.MinIOFile))
	if file == "" {
		return m, nil
	}
	ini, err := readINI(file, firstOf(env("MINIO_PROFILE"), c.MinIOProfile, "default"))
	if err != nil {
		return m, err
	}
	return minio{
		endpoint:  ini["endpoint_url"],
		region:    firstOf(m.region, ini["region"]),
		accessKey: firstOf(m.accessKey, ini["access_key"]),
		secretKey: firstOf(m.secretKey, ini["secret_access_key"]),
	}, nil
}

// readINI reads one section of a file as Python's ConfigParser does, with those
// in [DEFAULT] behind it: %% stands for a percent sign.
func readINI(path, section string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the credentials file: %w", err)
	}
	values, found, here := map[string]string{}, false, ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' && line[len(line)-1] == ']' {
			here = line[1 : len(line)-1]
			found = found || here == section
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 0 || here != section && here != "DEFAULT" {
			continue
		}
		name := strings.ToLower(strings.TrimSpace(line[:at]))
		if _, known := values[name]; here == section || !known {
			values[name] = strings.ReplaceAll(strings.TrimSpace(line[at+1:]), "%%", "%")
		}
	}
	if !found {
		return nil, fmt.Errorf("the credentials file %q has no section [%s]", path, section)
	}
	return values, nil
}
