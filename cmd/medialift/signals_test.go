package main

import (
	"bytes"
	"encoding/json"
	"net"
	"syscall"
	"testing"
	"time"
)

// A server that takes connections and says nothing: a signal while medialift waits
// for it is a signal, and not a failure.
func TestInterruptedWhileConnecting(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connected := make(chan struct{}, 1)
	go func() {
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
			select {
			case connected <- struct{}{}:
			default:
			}
		}
	}()
	t.Cleanup(func() { _ = server.Close() })

	m := newTool(t)
	cmd := m.command("rewrite", "--all", "--map", "prefix:/a=/b", "--database-uri", "mongodb://"+server.Addr().String(), "--json")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-connected:
	case <-time.After(slack):
		t.Error("no connection")
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
	var doc document
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
		t.Fatalf("no document: %v\n%s", err, &stdout)
	}
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || doc.Status != "interrupted" || !doc.RetryHelp {
		t.Errorf("exit code %d, document %+v", code, doc)
	}
}
