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
	AWSFile      string `json:"aws_config_file"`
	AWSProfile   string `json:"aws_profile"`
	GoogleFile   string `json:"google_application_credentials"`
	AzureFile    string `json:"azure_credentials_file"`
	AzureProfile string `json:"azure_profile"`
	MinIOFile    string `json:"minio_config_file"`
	MinIOProfile string `json:"minio_profile"`
	// Extra are arguments of Python's clients, by provider.
	Extra map[string]json.RawMessage `json:"extra_client_kwargs"`

	path string
}

// readCacheConfig reads that file. One that is not there says nothing.
func readCacheConfig() (cacheConfig, error) {
	var c cacheConfig
	path := home(firstOf(env("FIFTYONE_MEDIA_CACHE_CONFIG_PATH"), "~/.fiftyone/media_cache_config.json"))
	c.path = path
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

// awsFile is the file of AWS settings, and the profile in it, that
// media_cache_config.json names, where no variable says otherwise.
func awsFile() (file, profile string, err error) {
	c, err := readCacheConfig()
	if err != nil {
		return "", "", err
	}
	if firstOf(env("AWS_CONFIG_FILE"), env("AWS_SHARED_CREDENTIALS_FILE")) == "" {
		file = home(c.AWSFile)
	}
	if firstOf(env("AWS_PROFILE"), env("AWS_ACCESS_KEY_ID"), env("AWS_WEB_IDENTITY_TOKEN_FILE")) == "" {
		profile = c.AWSProfile
	}
	if file != "" {
		if _, err := os.Stat(file); err != nil {
			return "", "", fmt.Errorf("reading the aws_config_file of %q: %w", c.path, err)
		}
	}
	return file, profile, nil
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
// of the file that AZURE_CREDENTIALS_FILE or media_cache_config.json names. The
// alias is what FiftyOne knows the account by in URLs; it may be empty.
func azureCredentials() (creds azurestore.Credentials, alias string, err error) {
	creds, alias = azurestore.Environment(), env("AZURE_ALIAS")
	if firstOf(creds.ConnectionString, creds.Account, creds.AccountURL) != "" {
		return creds, alias, nil
	}
	c, err := readCacheConfig()
	if err != nil {
		return creds, "", err
	}
	file := home(firstOf(env("AZURE_CREDENTIALS_FILE"), c.AzureFile))
	if file == "" {
		return creds, alias, nil
	}
	ini, err := readINI(file, firstOf(env("AZURE_PROFILE"), c.AzureProfile, "default"))
	if err != nil {
		return creds, "", err
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
	}, firstOf(alias, ini["alias"]), nil
}

// minio is how to get at a MinIO server.
type minio struct{ endpoint, region, accessKey, secretKey, alias string }

// minioSettings are those of the environment or, where that names no endpoint,
// of the file that MINIO_CONFIG_FILE or media_cache_config.json names.
func minioSettings() (minio, error) {
	m := minio{env("MINIO_ENDPOINT_URL"), env("MINIO_REGION"), env("MINIO_ACCESS_KEY"), env("MINIO_SECRET_ACCESS_KEY"), env("MINIO_ALIAS")}
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
		alias:     firstOf(m.alias, ini["alias"]),
	}, nil
}
