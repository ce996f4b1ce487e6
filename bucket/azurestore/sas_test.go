package azurestore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// What SAS tokens of several kinds allow is found out, and is enough.
func TestLeastPrivilege(t *testing.T) {
	server := buckettest.AzureServer(t)
	server.CreateContainer(t, "ccc")
	key, err := container.NewSharedKeyCredential(server.Account, server.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		blob  string
		may   sas.BlobPermissions
		sight bucket.Sight
	}{
		{"list", "", sas.BlobPermissions{Read: true, Create: true, Write: true, List: true}, bucket.Listed},
		{"no list", "", sas.BlobPermissions{Read: true, Create: true, Write: true}, bucket.Looked},
		{"write only", "", sas.BlobPermissions{Create: true, Write: true}, bucket.Blind},
		{"create only", "", sas.BlobPermissions{Create: true}, bucket.Blind},
		{"one blob", "one blob/k", sas.BlobPermissions{Read: true, Create: true, Write: true}, bucket.Blind},
	} {
		t.Run(c.name, func(t *testing.T) {
			values := sas.BlobSignatureValues{
				Protocol: sas.ProtocolHTTPSandHTTP, ExpiryTime: time.Now().Add(time.Hour).UTC(), Permissions: c.may.String(),
				ContainerName: "ccc", BlobName: c.blob,
			}
			token, err := values.SignWithSharedKey(key)
			if err != nil {
				t.Fatal(err)
			}
			s, err := New(context.Background(), "ccc", Options{Credentials: Credentials{AccountURL: server.Endpoint, SASToken: token.Encode()}})
			if err != nil {
				t.Fatal(err)
			}
			place := bucket.Location{Store: s, Prefix: c.name, Naming: s.Naming()}
			view, err := bucket.Examine(t.Context(), place, nil)
			if err != nil || view.Sight != c.sight {
				t.Fatalf("%+v, %v; want %v", view, err, c.sight)
			}
			if err := bucket.Protect(t.Context(), place); err != nil {
				t.Error(err)
			}
			if obj, err := s.Put(t.Context(), place.Key("k"), buckettest.Source([]byte("x")), bucket.Condition{}); err != nil || !obj.Confirmed {
				t.Errorf("%+v, %v", obj, err)
			}
			_, err = s.Put(t.Context(), place.Key("k"), buckettest.Source([]byte("y")), bucket.Condition{})
			emulated := c.name == "create only" && errors.Is(err, bucket.ErrDenied) // Azure says UnauthorizedBlobOverwrite
			if !errors.Is(err, bucket.ErrExists) && !emulated {
				t.Errorf("over another object: %v, want ErrExists", err)
			}
		})
	}
}
