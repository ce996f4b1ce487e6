package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	ourRow   = "medialift"
	limitRow = "limit"
)

// boto3 has one pool of threads for all files, and leaves out the checksums that
// it would make besides. Only its own ways to send are used.
const boto3 = `
import os, sys, boto3
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.config import Config
root, url, bucket = sys.argv[1:4]
s3 = boto3.client("s3", endpoint_url=url, config=Config(max_pool_connections=32, request_checksum_calculation="when_required",
    retries={"max_attempts": 3}, s3={"addressing_style": "path"}))
config = TransferConfig(max_concurrency=32, multipart_threshold=16 << 20, multipart_chunksize=16 << 20)
with create_transfer_manager(s3, config) as manager:
    sent = [manager.upload(os.path.join(d, f), bucket, "boto3/" + os.path.relpath(os.path.join(d, f), root)) for d, _, fs in os.walk(root) for f in fs]
    for one in sent:
        one.result()
`

// uploaders are the rows that send an export to a server: medialift, the limit,
// and what else is found, each with the settings that suit it best here.
func uploaders(o options, e export, start starter, signed bool) []row {
	add := func(list []row, name string, args func(s *server, state string) []string) []row {
		return append(list, row{name, func(ctx context.Context, dir string) (trial, error) {
			s, err := start(ctx, dir)
			if err != nil {
				return trial{}, err
			}
			return trial{args: args(s, filepath.Join(dir, "state")), check: e.stored(s), clean: s.stop}, nil
		}})
	}
	rows := add(nil, ourRow, func(s *server, state string) []string {
		return []string{o.medialift, "upload", e.dataset(), "s3://" + bucketName + "/medialift", "--endpoint-url", s.url, "--state", state, "--no-progress"}
	})
	if self, err := os.Executable(); err == nil {
		rows = add(rows, limitRow, func(s *server, _ string) []string {
			return []string{self, "bare", fmt.Sprintf("-signed=%t", signed), "-url", s.url + "/" + bucketName, e.media()}
		})
	}
	if path, err := exec.LookPath("s5cmd"); err == nil {
		rows = add(rows, "s5cmd", func(s *server, _ string) []string {
			return []string{path, "--endpoint-url", s.url, "--log", "error", "--numworkers", "32", "cp", "--concurrency", "8", "--part-size", "16",
				e.media() + "/", "s3://" + bucketName + "/s5cmd/"}
		})
	}
	if path, err := exec.LookPath("rclone"); err == nil {
		rows = add(rows, "rclone", func(s *server, _ string) []string {
			return []string{path, "copy", "--config", os.DevNull, "--transfers", "32", "--checkers", "32", "--no-traverse", "--no-check-dest",
				"--s3-no-check-bucket", "--s3-no-head", "--s3-disable-checksum", "--s3-chunk-size", "16M", "--s3-upload-concurrency", "8", e.media(),
				":s3,provider=Other,env_auth=true,endpoint='" + s.url + "':" + bucketName + "/rclone"}
		})
	}
	if exec.Command(o.python, "-c", "import boto3").Run() == nil {
		rows = add(rows, "boto3", func(s *server, _ string) []string {
			return []string{o.python, "-c", boto3, e.media(), s.url, bucketName}
		})
	}
	return rows
}

// stored makes sure that a server has been sent all files of e.
func (e export) stored(s *server) func() error {
	return func() error {
		objects, bytes, err := s.holds()
		if err == nil && (objects != e.files || bytes != e.bytes) {
			err = fmt.Errorf("the server has %d objects, %d bytes of %d objects, %d bytes", objects, bytes, e.files, e.bytes)
		}
		return err
	}
}

// both makes two tables of one export: against the sink, and against a real
// server if there is one.
func both(o options, e export, what string) []table {
	t := table{units: e.files, unit: "object", bytes: e.bytes, to: []string{limitRow, "s5cmd"}}
	sink, real := t, t
	sink.title, sink.rows = what+", to a server that discards them", uploaders(o, e, startSink, false)
	if o.gateway == "" {
		return []table{sink}
	}
	real.title, real.rows = what+", to versitygw", uploaders(o, e, gateway(o.gateway), true)
	return []table{sink, real}
}
