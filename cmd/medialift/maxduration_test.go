package main

import (
	"net"
	"strings"
	"testing"
)

// silentServer takes connections and says nothing.
func silentServer(t *testing.T) (address string) {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var silent []net.Conn // kept, as a connection that nobody holds is closed
		for {
			connection, err := server.Accept()
			if err != nil {
				for _, c := range silent {
					_ = c.Close()
				}
				return
			}
			silent = append(silent, connection)
		}
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return server.Addr().String()
}

// TestMaxDurationWhileConnecting: a time that ends while medialift waits for a
// database or for a store ends the run cleanly, whichever command it is.
func TestMaxDurationWhileConnecting(t *testing.T) {
	t.Parallel()
	server, dir := silentServer(t), t.TempDir()
	writeExport(t, dir, 2, "")
	const limit = "1s"
	for name, args := range map[string][]string{
		"upload from a database": {"upload", "db:coco", "/nowhere", "--database-uri", "mongodb://" + server},
		"upload of all":          {"upload", "--all", "/nowhere/{dataset}", "--database-uri", "mongodb://" + server},
		"upload to a store":      {"upload", dir + "/export", "s3://bucket/x", "--update-filepaths", "--endpoint-url", "http://" + server},
		"lift to a database":     {"lift", dir + "/export", dir + "/out", "--to-uri", "mongodb://" + server},
		"lift from a database":   {"lift", "db:coco", dir + "/out", "--database-uri", "mongodb://" + server, "--to-uri", "mongodb://" + server},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newTool(t, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_REGION=us-east-1", "FIFTYONE_DATABASE_URI=")
			doc := m.run(exitPartial, append(args, "--max-duration", limit)...)
			if doc.Status != "partial" || !doc.RetryHelp || !strings.Contains(doc.Hint, "goes on from here") {
				t.Errorf("document %+v", doc)
			}
		})
	}
}
