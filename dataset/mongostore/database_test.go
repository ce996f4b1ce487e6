package mongostore

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
)

func TestOpenRefuses(t *testing.T) {
	ctx := context.Background()
	db := mongotest.Database(t)
	if _, err := db.Collection(configName).InsertOne(ctx, bson.D{{Key: "version", Value: "1.0"}, {Key: "type", Value: "other"}}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		uri, name string
		want      error
		says      string
	}{
		{mongotest.URI(t), db.Name(), ErrForeign, `"other"`},
		{"http://localhost", "fiftyone", ErrURI, "mongodb://"},
		{"mongodb://u:p4ss@localhost/admin", "fiftyone", ErrURI, "authSource=admin"},
		{"mongodb://localhost", "fifty.one", ErrURI, "fifty.one"},
		{"mongodb://u:p4ss@localhost:x", "fiftyone", ErrURI, ""},
		{"mongodb://u:p4ss:@word@localhost", "fiftyone", ErrURI, ""},
		{"mongodb://u:p4ss@127.0.0.1:1/?serverSelectionTimeoutMS=200", "fiftyone", ErrUnreachable, "127.0.0.1:1"},
	}
	for _, tt := range tests {
		d, err := Open(ctx, tt.uri, tt.name, Options{})
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, %v, want %v", tt.uri, d, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "p4ss") {
			t.Errorf("%s: the error tells the password: %v", tt.uri, err)
		}
	}
	d, err := Open(ctx, mongotest.URI(t), db.Name(), Options{Force: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestCredentials(t *testing.T) {
	ctx := context.Background()
	server := mongotest.Start(t, "--auth")
	// The first user may be made from this machine without being one.
	client := mongotest.Connect(t, server.URI)
	user := bson.D{{Key: "createUser", Value: "some"}, {Key: "pwd", Value: "s3cret"}, {Key: "roles", Value: bson.A{"root"}}}
	if err := client.Database("admin").RunCommand(ctx, user).Err(); err != nil {
		t.Fatal(err)
	}
	with := func(user string) string {
		return strings.Replace(server.URI, "://", "://"+user, 1) + "/?authSource=admin"
	}
	for _, user := range []string{"", "some:wr0ng@", "other:wr0ng@"} {
		_, err := Open(ctx, with(user), "fiftyone", Options{})
		if !errors.Is(err, ErrCredentials) || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("%q: got %v", user, err)
		}
	}
	d, err := Open(ctx, with("some:s3cret@"), "fiftyone", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(d.Address(), "s3cret") || strings.Contains(d.Address(), "some") {
		t.Errorf("the address is %q", d.Address())
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	for role, want := range map[string]error{"read": ErrCredentials, "readWrite": nil} {
		grant := bson.D{{Key: "createUser", Value: role}, {Key: "pwd", Value: "s3cret"}, {Key: "roles", Value: bson.A{bson.D{{Key: "role", Value: role}, {Key: "db", Value: "fiftyone"}}}}}
		root := mongotest.Connect(t, with("some:s3cret@"))
		if err := root.Database("admin").RunCommand(ctx, grant).Err(); err != nil {
			t.Fatal(err)
		}
		d, err := Open(ctx, with(role+":s3cret@"), "fiftyone", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.MayWrite(ctx); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", role, err, want)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWritable(t *testing.T) {
	for version, want := range map[string]error{
		"": ErrNoConfig, "1.22.1": nil, "1.3.0": nil, "0.19": nil, "1.50.0rc1": nil, "0.16.6": nil, "0.6.5": nil, "2.0.0": ErrVersion, "2": ErrVersion,
	} {
		d := open(t, mongotest.Database(t))
		d.config.Version = version
		if err := d.Writable(); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", version, err, want)
		}
	}
}

func TestNewestConfig(t *testing.T) {
	db := mongotest.Database(t)
	for i, version := range []string{"1.0", "1.3.0", "1.2"} {
		id := []int{1, 3, 2}[i]
		if _, err := db.Collection(configName).InsertOne(context.Background(), bson.D{{Key: "_id", Value: id}, {Key: "version", Value: version}, {Key: "type", Value: "fiftyone-teams"}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := open(t, db).Config(); got != (Config{Version: "1.3.0", Type: "fiftyone-teams"}) {
		t.Errorf("got %+v", got)
	}
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"coco_2017": "coco-2017", "c+o+c+o 2-0-1-7": "c-o-c-o-2-0-1-7", "cat.DOG": "cat-dog", "---name----": "name",
		"Brian's #$&@ (Awesome?) Dataset!": "brians-awesome-dataset", "sPaM     aNd  EgGs": "spam-and-eggs", "R 1": "r-1",
		"a-é-b": "a-b", "aéb": "ab", "!!!": "", "": "", "日本": "", strings.Repeat("a", 1552): "", strings.Repeat("日", 1550) + "a": "a",
	} {
		got, err := Slug(name)
		if got != want || (err != nil) != (want == "") || err != nil && !errors.Is(err, ErrName) {
			t.Errorf("%.40q: got %q, %v, want %q", name, got, err, want)
		}
	}
}

// The name of no connection of ours may be FiftyOne's, whatever the URI says.
func TestAppName(t *testing.T) {
	ctx := context.Background()
	db := mongotest.Database(t)
	d, err := Open(ctx, mongotest.With(mongotest.URI(t), "appName=fiftyone&w=0"), db.Name(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	count := []bson.D{
		{{Key: "$currentOp", Value: bson.D{{Key: "allUsers", Value: true}, {Key: "idleConnections", Value: true}}}},
		{{Key: "$match", Value: bson.D{{Key: "appName", Value: "fiftyone"}}}},
	}
	cursor, err := db.Client().Database("admin").Aggregate(ctx, count)
	if err != nil {
		t.Fatal(err)
	}
	var found []bson.Raw
	if err := cursor.All(ctx, &found); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
	id := bson.D{{Key: "_id", Value: 1}}
	if _, err := d.db.Collection("c").InsertOne(ctx, id); err != nil {
		t.Fatal(err)
	}
	if _, err := d.db.Collection("c").InsertOne(ctx, id); err == nil {
		t.Error("writes are not acknowledged")
	}
}

func TestNear(t *testing.T) {
	all := []string{"coco-2017", "coco-2014", "open-images", "quickstart"}
	for name, want := range map[string]string{
		"COCO-2017": "coco-2017 coco-2014", "coco2017": "coco-2017 coco-2014", "quick": "quickstart", "zzz": "", "images": "open-images",
	} {
		if got := strings.Join(near(name, all), " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestNotFoundErrorNames(t *testing.T) {
	err := &NotFoundError{Name: "imag", Database: "fo", Near: []string{"image", "images"}}
	if want := `no such dataset: "imag" in database "fo"; there is "image", "images"`; err.Error() != want {
		t.Errorf("%s, want %s", err, want)
	}
}
