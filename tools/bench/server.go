package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A server is an S3 endpoint in a process of its own.
type server struct {
	url string
	// holds tells how many objects were stored, and their bytes.
	holds func() (objects int, bytes int64, err error)
	stop  func()
}

// A starter starts a server that keeps what it keeps in dir.
type starter func(ctx context.Context, dir string) (*server, error)

// bucketName is the one bucket that every round writes to.
const bucketName = "bench"

const accessKey, secretKey, region = "bench", "bench-secret", "us-east-1"

// environment holds the credentials, under the names that all programs read.
func environment() []string {
	return append(os.Environ(), "AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY="+secretKey, "AWS_REGION="+region,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
}

// startSink starts the server that discards what it is sent.
func startSink(ctx context.Context, _ string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "sink")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{stop: func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("starting the sink: %w", err)
	}
	s.url = "http://" + strings.TrimSpace(addr)
	s.holds = func() (int, int64, error) {
		answer, err := http.Get(s.url + sinkTotals)
		if err != nil {
			return 0, 0, err
		}
		defer func() { _ = answer.Body.Close() }()
		var t totals
		err = json.NewDecoder(answer.Body).Decode(&t)
		return t.Objects, t.Bytes, err
	}
	return s, nil
}

// gateway starts versitygw over a directory. It keeps connections alive, as
// Amazon does: by default it closes each after one request.
func gateway(binary string) starter {
	return func(ctx context.Context, dir string) (*server, error) {
		root := filepath.Join(dir, "objects")
		if err := os.MkdirAll(filepath.Join(root, bucketName), 0o755); err != nil {
			return nil, err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		addr := l.Addr().String()
		_ = l.Close()
		cmd := exec.CommandContext(ctx, binary, "--access", accessKey, "--secret", secretKey, "--port", addr, "--keep-alive", "--quiet", "posix", root)
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		s := &server{
			url:   "http://" + addr,
			holds: func() (int, int64, error) { return count(filepath.Join(root, bucketName)) },
			stop:  func() { _ = cmd.Process.Kill(); _ = cmd.Wait() },
		}
		for range 100 {
			if conn, err := net.Dial("tcp", addr); err == nil {
				_ = conn.Close()
				return s, nil
			}
			time.Sleep(100 * time.Millisecond)
		}
		s.stop()
		return nil, errors.New("versitygw does not answer")
	}
}

// count counts the files below dir, but for those the gateway keeps for itself.
func count(dir string) (files int, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".sgwtmp"):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files++
		bytes += info.Size()
		return nil
	})
	return files, bytes, err
}
