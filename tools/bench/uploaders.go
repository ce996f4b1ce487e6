package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// An uploader is a program that sends a directory of files to a server.
type uploader struct {
	name    string
	command func(s *server, files, state string) []string
}

const python = `
import os, sys, boto3
from concurrent.futures import ThreadPoolExecutor
from botocore.config import Config
root, url, bucket = sys.argv[1:4]
s3 = boto3.client("s3", endpoint_url=url, config=Config(max_pool_connections=32, s3={"addressing_style": "path"}))
paths = [os.path.join(d, f) for d, _, fs in os.walk(root) for f in fs]
with ThreadPoolExecutor(32) as pool:
    list(pool.map(lambda p: s3.upload_file(p, bucket, os.path.relpath(p, root)), paths))
`

// uploaders lists what is there to compare. The sink knows no MD5 sums, which
// rclone and boto3 look at, and no signatures, which the bare loop does not
// make: each server is met by those that it fits.
func uploaders(o options, sink bool) []uploader {
	self, _ := os.Executable()
	list := []uploader{{"medialift", func(s *server, files, state string) []string {
		return []string{o.medialift, "upload", filepath.Join(files, "export"), "s3://" + bucketName + "/x",
			"--endpoint-url", s.url, "--state", state, "--no-progress"}
	}}}
	if sink {
		list = append(list, uploader{"bare PUT loop", func(s *server, files, _ string) []string {
			return []string{self, "bare", "-url", s.url + "/" + bucketName + "/bare", filepath.Join(files, "media")}
		}})
	}
	if path, err := exec.LookPath("s5cmd"); err == nil {
		list = append(list, uploader{"s5cmd", func(s *server, files, _ string) []string {
			return []string{path, "--endpoint-url", s.url, "--log", "error", "cp", filepath.Join(files, "media") + "/", "s3://" + bucketName + "/s5cmd/"}
		}})
	}
	if sink {
		return list
	}
	if path, err := exec.LookPath("rclone"); err == nil {
		list = append(list, uploader{"rclone", func(s *server, files, _ string) []string {
			return []string{path, "copy", "--config", os.DevNull, "--transfers", "32", "--checkers", "32", filepath.Join(files, "media"),
				":s3,provider=Other,env_auth=true,endpoint='" + s.url + "':" + bucketName + "/rclone"}
		}})
	}
	if exec.Command(o.python, "-c", "import boto3").Run() == nil {
		list = append(list, uploader{"boto3, 32 threads", func(s *server, files, _ string) []string {
			return []string{o.python, "-c", python, filepath.Join(files, "media"), s.url, bucketName}
		}})
	}
	return list
}

// environment holds the credentials, under the names that all of them read.
func environment() []string {
	return append(os.Environ(), "AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY="+secretKey, "AWS_REGION=us-east-1",
		"AWS_EC2_METADATA_DISABLED=true")
}

// bare sends files with nothing but net/http: no signature, no checksum, no
// ledger.
func bare(args []string) {
	flags := flag.NewFlagSet("bare", flag.ExitOnError)
	url := flags.String("url", "", "where to")
	_ = flags.Parse(args)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	paths := make(chan string)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for path := range paths {
				if err := put(client, *url+path, path); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
			}
		})
	}
	err := filepath.WalkDir(flags.Arg(0), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths <- path
		}
		return err
	})
	close(paths)
	wg.Wait()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func put(client *http.Client, url, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPut, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return resp.Body.Close()
}
