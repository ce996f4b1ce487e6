package buckettest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// An Azure is a running emulator of Azure Blob Storage, Azurite, that keeps
// blobs in memory. It has one account.
type Azure struct {
	// Endpoint is the URL of the account.
	Endpoint string
	// Account and Key are its only credentials.
	Account, Key string
}

// AzureServer starts an emulator that lives as long as the test. It is the one
// that MEDIALIFT_TEST_AZURITE names, or the one that tools/azurite.sh has
// fetched. Without one the test is skipped, or failed where CI is "true".
func AzureServer(t testing.TB) *Azure {
	t.Helper()
	binary := emulator(t, "MEDIALIFT_TEST_AZURITE", "tools/azurite.sh", "azurite-*/azurite-blob")
	a := &Azure{Account: "medialifttest", Key: base64.StdEncoding.EncodeToString([]byte(rand.Text() + rand.Text()))}
	for range 5 { // the port may be taken between looking and using it
		if a.start(t, binary) {
			return a
		}
	}
	t.Fatalf("%s does not start", binary)
	return nil
}

func (a *Azure) start(t testing.TB, binary string) bool {
	t.Helper()
	addr, dir := freeAddr(t), t.TempDir()
	a.Endpoint = "http://" + addr + "/" + a.Account
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command(binary, "--blobHost", host, "--blobPort", port, "--inMemoryPersistence", "--silent",
		"--skipApiVersionCheck", "--disableTelemetry")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "AZURITE_ACCOUNTS=" + a.Account + ":" + a.Key}
	// The key, which nobody else has, tells our server from one that took the port.
	return serve(t, cmd, func(client *http.Client) (*http.Response, error) { return a.createContainer(client, "ready") })
}

// CreateContainer makes an empty container.
func (a *Azure) CreateContainer(t testing.TB, name string) {
	t.Helper()
	response, err := a.createContainer(http.DefaultClient, name)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("making container %q: %s", name, response.Status)
	}
}

// createContainer signs its request with the key of the account.
func (a *Azure) createContainer(client *http.Client, name string) (*http.Response, error) {
	r, err := http.NewRequest(http.MethodPut, a.Endpoint+"/"+name+"?restype=container", nil)
	if err != nil {
		return nil, err
	}
	date := time.Now().UTC().Format(http.TimeFormat)
	r.Header.Set("X-Ms-Date", date)
	r.Header.Set("X-Ms-Version", "2021-12-02")
	r.Header.Set("Authorization", "SharedKey "+a.Account+":"+a.sign("PUT"+strings.Repeat("\n", 12)+"x-ms-date:"+date+
		"\nx-ms-version:2021-12-02\n/"+a.Account+r.URL.Path+"\nrestype:container"))
	return client.Do(r)
}

// sign signs a text with the key of the account.
func (a *Azure) sign(text string) string {
	key, err := base64.StdEncoding.DecodeString(a.Key)
	if err != nil {
		panic(err) // we made it
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// SAS returns a token, as part of a query, that allows everything for a day.
func (a *Azure) SAS() string {
	until := time.Now().UTC().Add(24 * time.Hour).Format("2006-01-02T15:04:05Z")
	q := url.Values{"sv": {"2021-12-02"}, "ss": {"b"}, "srt": {"sco"}, "sp": {"rwdlac"}, "se": {until}}
	q.Set("sig", a.sign(strings.Join([]string{a.Account, q.Get("sp"), q.Get("ss"), q.Get("srt"), "", until, "", "", q.Get("sv"), "", ""}, "\n")))
	return q.Encode()
}

// ConnectionString says all there is to know of the account, its key included.
func (a *Azure) ConnectionString() string {
	return "AccountName=" + a.Account + ";AccountKey=" + a.Key + ";BlobEndpoint=" + a.Endpoint
}

// Environ returns the variables, as NAME=value, that make medialift use this
// server and nothing else.
func (a *Azure) Environ() []string { return environ(a.variables()) }

// Setenv sets the variables of Environ for the rest of the test.
func (a *Azure) Setenv(t *testing.T) {
	t.Helper()
	setenv(t, a.variables())
}

func (a *Azure) variables() map[string]string {
	return map[string]string{
		"AZURE_STORAGE_CONNECTION_STRING": a.ConnectionString(),
		"AZURE_STORAGE_ACCOUNT":           "",
		"AZURE_STORAGE_ACCOUNT_URL":       "",
		"AZURE_STORAGE_KEY":               "",
		"AZURE_STORAGE_SAS_TOKEN":         "",
		"AZURE_TENANT_ID":                 "",
		"AZURE_CLIENT_ID":                 "",
		"AZURE_CLIENT_SECRET":             "",
	}
}
