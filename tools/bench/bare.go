package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"golang.org/x/sync/errgroup"
)

// bare sends files with nothing but net/http: no checksum, no ledger, and no
// signature where the server asks for none. Each file is one request.
func bare(args []string) error {
	flags := flag.NewFlagSet("bare", flag.ExitOnError)
	url := flags.String("url", "", "where to")
	signed := flags.Bool("signed", false, "sign requests, but not what they carry")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := &bareLoop{url: *url, signed: *signed, signer: v4.NewSigner(), client: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: bareWorkers, WriteBufferSize: 64 << 10,
	}}}
	paths := make(chan string, bareWorkers)
	workers, ctx := errgroup.WithContext(context.Background())
	for range bareWorkers {
		workers.Go(func() error {
			for path := range paths {
				if err := b.put(ctx, path); err != nil {
					return err
				}
			}
			return nil
		})
	}
	workers.Go(func() error {
		defer close(paths)
		return filepath.WalkDir(flags.Arg(0), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			select {
			case paths <- path:
			case <-ctx.Done():
				return ctx.Err()
			}
			return nil
		})
	})
	return workers.Wait()
}

const (
	bareWorkers = 32
	// bareBuffer is the size in bytes up to which a file is read at once.
	bareBuffer = 64 << 10
)

type bareLoop struct {
	url     string
	signed  bool
	client  *http.Client
	signer  *v4.Signer
	buffers sync.Pool // of *[bareBuffer]byte
}

func (b *bareLoop) put(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var body io.Reader = f // goes from the file to the socket by itself
	if info.Size() <= bareBuffer {
		buf, ok := b.buffers.Get().(*[bareBuffer]byte)
		if !ok {
			buf = new([bareBuffer]byte)
		}
		defer b.buffers.Put(buf)
		data := buf[:info.Size()]
		if _, err := io.ReadFull(f, data); err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	return b.send(ctx, b.url+path, body, info.Size())
}

func (b *bareLoop) send(ctx context.Context, url string, body io.Reader, size int64) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, body)
	if err != nil {
		return err
	}
	req.ContentLength = size
	if b.signed {
		const unsigned = "UNSIGNED-PAYLOAD"
		req.Header.Set("X-Amz-Content-Sha256", unsigned)
		keys := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
		if err := b.signer.SignHTTP(ctx, keys, req, unsigned, "s3", region, time.Now()); err != nil {
			return err
		}
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(resp.Body)
		err = fmt.Errorf("%s: %s: %s", url, resp.Status, said)
	}
	return errors.Join(err, resp.Body.Close())
}
