package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/internal/mongotest"
)

// A whisperer runs commands that know secrets, and looks for these in all that they
// write.
type whisperer struct {
	tool
	secrets []string
	report  string
}

func (w whisperer) run(args ...string) {
	w.t.Helper()
	for _, more := range [][]string{{"--json"}, {"--progress", "json"}} {
		if args[0] == "upload" || args[0] == "lift" {
			more = append(more, "--report", filepath.Join(w.report, fmt.Sprintf("%s.html", args[0])), "--report", filepath.Join(w.report, args[0]+".json"))
		}
		cmd := w.command(append(args, more...)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		_ = cmd.Run() // many fail
		w.look("output of "+strings.Join(args, " "), out.String())
		if out.Len() == 0 {
			w.t.Errorf("%v says nothing", args)
		}
	}
}

func (w whisperer) look(where, text string) {
	w.t.Helper()
	for _, secret := range w.secrets {
		if strings.Contains(text, secret) {
			w.t.Errorf("%s holds %q: %s", where, secret, text[max(0, strings.Index(text, secret)-300):])
		}
	}
}

// files looks into every file below dirs.
func (w whisperer) files(dirs ...string) (n int) {
	w.t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			w.look(path, string(text))
			n++
			return err
		})
		if err != nil {
			w.t.Error(err)
		}
	}
	return n
}

// No password is in anything that is written, whatever it consists of: output, JSON,
// ledgers, reports. The server is one that wants it, so that commands get to their end.
func TestPasswordsAreNotWritten(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a hundred commands: not in short mode")
	}
	t.Parallel()
	server := mongotest.Start(t, "--auth")
	const user, password = "u5er", "h3ad?t#ai1;&w=x%"
	create := bson.D{{Key: "createUser", Value: user}, {Key: "pwd", Value: password}, {Key: "roles", Value: bson.A{"root"}}}
	if err := mongotest.Connect(t, server.URI).Database("admin").RunCommand(t.Context(), create).Err(); err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(server.URI, "mongodb://")
	uri := "mongodb://" + user + ":" + strings.ReplaceAll(password, "%", "%25") + "@" + host + "/?authSource=admin"
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	env := append(s3.Environ(), "FIFTYONE_API_URI=", "HOME="+t.TempDir(), "AZURE_STORAGE_SAS_TOKEN=sv=1&sig=s4sToken", "AZURE_STORAGE_ACCOUNT=acc",
		"FIFTYONE_CONFIG_PATH="+filepath.Join(t.TempDir(), "none"))
	endpoint := ""
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, "AWS_ENDPOINT_URL="); ok {
			endpoint = strings.Replace(value, "http://", "http://key:3ndpoint@", 1)
		}
	}
	w := whisperer{newTool(t, env...), []string{user, "h3ad", "t#ai1", "h3ad%3Ft", "3ndpoint", "s4sToken", "pr0xy", "k3ypass"}, t.TempDir()}
	dir := exportWith(t, t.TempDir(), doc{"filepath": filepath.Join(t.TempDir(), "a.jpg")})
	database := []string{"--database-uri", uri, "--database-name", "fiftyone"}
	with := func(args ...string) []string { return append(args, database...) }
	w.run(with("import", dir, "--name", "one", "--create-database", "--map", "prefix:/=s3://media/x")...)
	w.run(with("import", dir, "--name", "two")...)
	for _, args := range [][]string{
		{"info"}, {"info", "one"}, {"info", "none"}, {"export", "two", filepath.Join(t.TempDir(), "out")}, {"rewrite", "one", "--map", "prefix:s3://media=s3://other"},
		{"upload", "two", "s3://media/two", "--endpoint-url", endpoint, "--update-filepaths"}, {"verify", "two", "--endpoint-url", endpoint},
		{"migrate", "--info"}, {"migrate", "--dry-run"}, {"doctor", "s3://media", "--endpoint-url", endpoint}, {"doctor"},
		{"lift", dir, "s3://media/three", "--to-uri", uri, "--name", "three", "--endpoint-url", endpoint}, {"runs"}, {"clean", dir, "--dry-run"},
	} {
		w.run(with(args...)...)
	}
	for _, uri := range unusable(host) {
		w.run("info", "--database-uri", uri)
		w.run("lift", dir, "s3://media/three", "--to-uri", uri)
		w.run("info", uri)
		w.run("upload", dir, uri)
		w.run("info", "x", "-uri="+uri)
	}
	for _, url := range []string{"s3://key:3ndpoint/x@media/p", "az://cont?sv=1&sig=s4sToken", "https://key:3ndpoint@acc.blob.core.windows.net/cont", "https://acc.blob.core.windows.net/cont?sig=s4sToken"} {
		w.run("upload", dir, url)
		w.run("doctor", url)
	}
	w.env = append(w.env, "HTTP_PROXY=http://u5er:pr0xy%zz@h", "AWS_ENDPOINT_URL=http://s3.example.com")
	w.run("doctor", "s3://media")
	w.env = append(w.env, "AWS_ENDPOINT_URL=http://key:3ndpoint/x@h")
	w.run("upload", dir, "s3://media/four")
	if n := w.files(w.state, w.report); n < 5 {
		t.Errorf("only %d files were written", n)
	}
}

// unusable are URIs with secrets that the driver does not take, or whose server
// refuses them.
func unusable(host string) []string {
	var list []string
	for _, password := range []string{"h3ad?t#ai1", "h3ad/t#ai1", "h3ad@t#ai1", "h3ad#t#ai1", "h3ad%t#ai1", "h3ad:t#ai1", "h3ad t#ai1", "h3ad%3Ft#ai1"} {
		list = append(list, "mongodb://u5er:"+password+"@"+host+"/", "mongodb+srv://u5er:"+password+"@none.invalid/?srvMaxHosts=1")
	}
	return append(list, "mongodb://"+host+"/?tlsCertificateKeyFile=/none.pem&tlsCertificateKeyFilePassword=k3ypass",
		"mongodb://"+host+"/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:k3ypass",
		"mongodb://"+host+"/?w=-1&h3ad=t#ai1", "mongodb://"+host+"/?h3ad", "mongodb://u5er:h3ad%40"+host)
}
