package azurestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// Credentials is what FiftyOne knows an Azure account by. What comes first here
// is taken first: a connection string, a key, a SAS token, a client secret, and
// else what azidentity.DefaultAzureCredential finds.
type Credentials struct {
	ConnectionString string
	// Account is the name of the storage account, AccountURL where its blobs are
	// if that is not https://ACCOUNT.blob.core.windows.net.
	Account, AccountURL              string
	Key                              string
	SASToken                         string
	TenantID, ClientID, ClientSecret string
}

// Environment reads AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ACCOUNT,
// AZURE_STORAGE_ACCOUNT_URL, AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN,
// AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.
func Environment() Credentials {
	env := os.Getenv //nolint:forbidigo // this is a credential chain
	return Credentials{
		ConnectionString: env("AZURE_STORAGE_CONNECTION_STRING"),
		Account:          env("AZURE_STORAGE_ACCOUNT"),
		AccountURL:       env("AZURE_STORAGE_ACCOUNT_URL"),
		Key:              env("AZURE_STORAGE_KEY"),
		SASToken:         env("AZURE_STORAGE_SAS_TOKEN"),
		TenantID:         env("AZURE_TENANT_ID"),
		ClientID:         env("AZURE_CLIENT_ID"),
		ClientSecret:     env("AZURE_CLIENT_SECRET"),
	}
}

const (
	// What Azurite and its forerunners call themselves; no secret.
	emulatorAccount = "devstoreaccount1"
	emulatorKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// parseConnection takes a connection string apart. What it says is not repeated
// in errors: it holds a secret.
func parseConnection(s string) (Credentials, error) {
	fields := map[string]string{}
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return Credentials{}, errors.New("the Azure connection string is not of the form NAME=VALUE;NAME=VALUE")
		}
		fields[strings.ToLower(name)] = value
	}
	if strings.EqualFold(fields["usedevelopmentstorage"], "true") {
		return Credentials{Account: emulatorAccount, Key: emulatorKey, AccountURL: "http://127.0.0.1:10000/" + emulatorAccount}, nil
	}
	c := Credentials{
		Account:    fields["accountname"],
		Key:        fields["accountkey"],
		SASToken:   fields["sharedaccesssignature"],
		AccountURL: fields["blobendpoint"],
	}
	if c.AccountURL == "" && c.Account != "" && (fields["endpointsuffix"] != "" || fields["defaultendpointsprotocol"] != "") {
		c.AccountURL = or(fields["defaultendpointsprotocol"], "https") + "://" + c.Account + ".blob." + or(fields["endpointsuffix"], "core.windows.net")
	}
	if c.Account == "" && c.AccountURL == "" || c.Key == "" && c.SASToken == "" {
		return Credentials{}, errors.New("the Azure connection string lacks an account (AccountName or BlobEndpoint) or a secret (AccountKey or SharedAccessSignature)")
	}
	return c, nil
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// token returns what fetches tokens.
func (c Credentials) token() (azcore.TokenCredential, error) {
	if c.TenantID != "" && c.ClientID != "" && c.ClientSecret != "" {
		from, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret, nil)
		return &credential{from: from}, err
	}
	from, err := azidentity.NewDefaultAzureCredential(nil)
	return &credential{from: from}, err
}

// credential marks what goes wrong with a source of tokens: without any token a
// run is over, while failing to renew one is worth another try.
type credential struct {
	from azcore.TokenCredential
	had  atomic.Bool
}

// GetToken asks the source.
func (c *credential) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.from.GetToken(ctx, opts)
	switch {
	case err == nil:
		c.had.Store(true)
		return token, nil
	case c.had.Load():
		return token, wire.Fail(bucket.ErrTemporary, fmt.Sprintf("renewing the Azure credentials: %s", firstLine(err)), err)
	}
	return token, wire.Fail(bucket.ErrIdentity, "no usable Azure credentials: "+firstLine(err), err)
}

func firstLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}
