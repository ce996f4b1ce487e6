package open_test

import (
	"errors"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
)

func TestAttributes(t *testing.T) {
	for _, tt := range []struct {
		url string
		as  bucket.Attributes
		ok  bool
	}{
		{"s3://bkt", bucket.Attributes{StorageClass: "STANDARD_IA", Encryption: "aws:kms", KMSKey: "arn:aws:kms:eu-west-1:1:key/2", ACL: "private"}, true},
		{"minio://bkt", bucket.Attributes{StorageClass: "REDUCED", Encryption: "AES256"}, true},
		{"s3://bkt", bucket.Attributes{Encryption: "AES128"}, false},
		{"s3://bkt", bucket.Attributes{Encryption: "AES256", KMSKey: "k"}, false},
		{"s3://bkt", bucket.Attributes{ACL: "publicRead"}, false},
		{"s3://bkt", bucket.Attributes{StorageClass: "A\r\nX-Amz-Acl: public-read"}, false},
		{"gs://bkt", bucket.Attributes{StorageClass: "nearline", KMSKey: "projects/p/locations/l/keyRings/r/cryptoKeys/k", ACL: "public-read"}, true},
		{"gs://bkt", bucket.Attributes{StorageClass: "GLACIER"}, false},
		{"gs://bkt", bucket.Attributes{Encryption: "AES256"}, false},
		{"gs://bkt", bucket.Attributes{ACL: "aws-exec-read"}, false},
		{"az://container", bucket.Attributes{StorageClass: "cool"}, true},
		{"https://acct.blob.core.windows.net/container", bucket.Attributes{StorageClass: "Hot"}, true},
		{"az://container", bucket.Attributes{StorageClass: "STANDARD"}, false},
		{"az://container", bucket.Attributes{KMSKey: "k"}, false},
		{"az://container", bucket.Attributes{ACL: "private"}, false},
		{"/some/dir", bucket.Attributes{StorageClass: "STANDARD"}, false},
		{"mem://m", bucket.Attributes{ACL: "private"}, false},
		{"/some/dir", bucket.Attributes{}, true},
		{"az://container", bucket.Attributes{}, true},
	} {
		target, err := open.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if err := target.Takes(tt.as); (err == nil) != tt.ok || err != nil && !errors.Is(err, bucket.ErrAttribute) {
			t.Errorf("%s with %q: %v", tt.url, tt.as, err)
		}
	}
	if _, err := open.New(open.Options{Attributes: bucket.Attributes{ACL: "x"}}).Open(t.Context(), "/dir"); !errors.Is(err, bucket.ErrAttribute) {
		t.Errorf("opened: %v", err)
	}
}
