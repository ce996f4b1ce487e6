package azurestore

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/medialift/medialift/bucket"
)

func TestAccess(t *testing.T) {
	const key = "a2V5"
	for _, c := range []struct {
		name, service string
		creds         Credentials
		want          string // URL of the account, or what the error says
	}{
		{"account", "", Credentials{Account: "acc"}, "https://acc.blob.core.windows.net"},
		{"account URL", "", Credentials{Account: "acc", AccountURL: "https://acc.blob.core.chinacloudapi.cn/"}, "https://acc.blob.core.chinacloudapi.cn"},
		{"service", "https://acc.blob.core.windows.net/", Credentials{}, "https://acc.blob.core.windows.net"},
		{"key only", "https://acc.blob.core.windows.net", Credentials{Key: key}, "https://acc.blob.core.windows.net"},
		{"another's key", "https://acc.blob.core.windows.net", Credentials{Account: "other", Key: key}, `"acc"`},
		{"another's identity", "https://acc.blob.core.windows.net", Credentials{Account: "other"}, "https://acc.blob.core.windows.net"},
		{"own host name", "", Credentials{Account: "acc", Key: key, AccountURL: "https://media.example.com"}, "https://media.example.com"},
		{"connection", "", Credentials{ConnectionString: "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=" + key + "==;EndpointSuffix=core.usgovcloudapi.net"}, "https://acc.blob.core.usgovcloudapi.net"},
		{"connection by SAS", "", Credentials{ConnectionString: "BlobEndpoint=https://acc.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=hush"}, "https://acc.blob.core.windows.net"},
		{"emulator", "", Credentials{ConnectionString: "UseDevelopmentStorage=true"}, "http://127.0.0.1:10000/devstoreaccount1"},
		{"emulator's other account", "http://127.0.0.1:10000/acc", Credentials{ConnectionString: "UseDevelopmentStorage=true"}, `"acc"`},
		{"no form", "", Credentials{ConnectionString: "hush"}, "NAME=VALUE"},
		{"no secret", "", Credentials{ConnectionString: "AccountName=acc"}, "lacks"},
		{"nothing", "", Credentials{}, "AZURE_STORAGE_ACCOUNT"},
		{"no URL", "acc.blob.core.windows.net?hush", Credentials{}, "form https://"},
	} {
		a, err := c.creds.access(c.service)
		if got := a.service; err == nil && got != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: a secret in %v", c.name, err)
		}
	}
}

// The token goes along and is in no error.
func TestSASToken(t *testing.T) {
	query := ""
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.RawQuery
		refuse(w, http.StatusForbidden, "AuthorizationFailure")
	}}
	server := httptest.NewServer(f)
	defer server.Close()
	for _, endpoint := range []string{server.URL, unreachable(t), "http://none.invalid"} {
		s, err := New(t.Context(), "ccc", Options{Credentials: Credentials{Account: "acc", AccountURL: endpoint + "/acc", SASToken: "?sv=1&sig=hush"}})
		if err != nil {
			t.Fatal(err)
		}
		err = put(t, s, 1, overwrite)
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v", err)
		}
	}
	if !strings.Contains(query, "sig=hush") {
		t.Errorf("asked with %q", query)
	}
}

func TestBadKey(t *testing.T) {
	_, err := New(t.Context(), "ccc", Options{Credentials: Credentials{Account: "acc", Key: "hush!"}})
	only(t, err, bucket.ErrDenied)
}

type tokens func() (azcore.AccessToken, error)

func (f tokens) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return f()
}

func TestTokens(t *testing.T) {
	broken := errors.New("DefaultAzureCredential: failed\nat length")
	var answer error
	c := &credential{from: tokens(func() (azcore.AccessToken, error) { return azcore.AccessToken{}, answer })}
	ask := func() error {
		_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{})
		return err
	}
	answer = broken
	only(t, ask(), bucket.ErrDenied)
	answer = nil
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	answer = broken
	only(t, classify(t.Context(), ask()), bucket.ErrTemporary)
}

func TestNaming(t *testing.T) {
	creds := Credentials{Account: "acc"}
	for alias, want := range map[string]struct {
		url     string
		refused string
	}{
		"":   {"https://acc.blob.core.windows.net/ccc/a b+ü.png", `#%?\`},
		"az": {"az://ccc/a b+ü.png", `\`},
	} {
		s, err := New(t.Context(), "ccc", Options{Alias: alias, Credentials: creds})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Naming().URL("a b+ü.png"); err != nil || got != want.url {
			t.Errorf("%q, %v; want %q", got, err, want.url)
		}
		for _, c := range `#%?\` {
			_, err := s.Naming().URL("a" + string(c))
			if refused := errors.Is(err, bucket.ErrKey); refused != strings.ContainsRune(want.refused, c) {
				t.Errorf("%q: %q: %v", alias, c, err)
			}
		}
	}
}
