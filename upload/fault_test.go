package upload_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/s3store"
	"github.com/medialift/medialift/internal/faultproxy"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/upload"
)

// A faulty is an upload to a real S3 server, with a proxy between that lets
// things go wrong.
type faulty struct {
	*faultproxy.Proxy
	t    *testing.T
	s3   *buckettest.S3
	dir  string
	job  upload.Job
	opts upload.Options
	// silence is how long the server may say nothing.
	silence time.Duration
	// disk, if set, opens files in the plan's place.
	disk func(name string) (upload.File, error)
	// store makes the stores of the run.
	store func(ctx context.Context, name string) (*s3store.Store, error)
}

// enough is a bound that nothing meets that goes well, however busy the machine is.
const enough = 5 * time.Minute

// newFaulty lays out so many small files, and one of each of the sizes given.
func newFaulty(t *testing.T, small int, large ...int) *faulty {
	t.Helper()
	f := &faulty{t: t, s3: buckettest.S3Server(t), dir: t.TempDir(), silence: enough}
	f.s3.CreateBucket(t, "media")
	var err error
	if f.Proxy, err = faultproxy.Start(f.s3.Endpoint); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	var samples []sample
	for i := range small {
		name := fmt.Sprintf("s/%04d.png", i)
		samples = append(samples, sample{"filepath": write(t, f.dir, name, strings.Repeat(name, 1+i*17%1000))})
	}
	for i, size := range large {
		samples = append(samples, sample{"filepath": write(t, f.dir, fmt.Sprintf("l/%d.mp4", i), string(pattern(size, i)))})
	}
	f.job = newJob(t, f.dir, "s3://media/x", samples...)
	f.store = func(ctx context.Context, name string) (*s3store.Store, error) {
		return s3store.New(ctx, name, s3store.Options{Endpoint: f.URL, Region: "us-east-1", Silence: f.silence, Credentials: f.keys()})
	}
	f.job.Open = func(ctx context.Context, _ string) (bucket.Location, error) {
		s, err := f.store(ctx, "media")
		return bucket.Location{Store: s, Prefix: "x", Naming: s.Naming()}, err
	}
	f.opts = upload.Options{
		RelDirs: []string{f.dir}, Workers: 8, Tries: 15, Backoff: time.Millisecond,
		Patience: 500 * time.Millisecond, Stall: enough, Grace: time.Second,
	}
	return f
}

func (f *faulty) keys() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: f.s3.AccessKey, SecretAccessKey: f.s3.SecretKey}, nil
	})
}

// pattern is size bytes, of which no two blocks are the same.
func pattern(size, seed int) []byte {
	b := make([]byte, size)
	for at := 0; at+8 <= size; at += 512 {
		copy(b[at:], fmt.Sprintf("%04x%04x", seed, at>>9))
	}
	return b
}

// run plans and sends, and checks that what the ledger calls arrived is there.
func (f *faulty) run() (upload.Sent, error) {
	f.t.Helper()
	plan, err := upload.NewPlan(f.t.Context(), f.job, f.opts)
	if err != nil {
		return upload.Sent{}, err
	}
	if f.disk != nil {
		plan.OpenWith(f.disk)
	}
	sent, err := plan.Execute(f.t.Context())
	f.honest()
	return sent, err
}

// arrived reads the ledger.
func (f *faulty) arrived() (list []ledger.File) {
	f.t.Helper()
	for file, err := range f.job.Ledger.Files(f.t.Context(), ledger.FileArrived) {
		if err != nil {
			f.t.Fatal(err)
		}
		list = append(list, file)
	}
	return list
}

// honest reads back every object that the ledger calls arrived.
func (f *faulty) honest() {
	f.t.Helper()
	for _, file := range f.arrived() {
		want, err := os.ReadFile(file.Local)
		if err != nil {
			f.t.Fatal(err)
		}
		key := strings.TrimPrefix(file.URL, "s3://media/")
		if got, err := os.ReadFile(f.s3.Path("media", key)); err != nil || !bytes.Equal(got, want) {
			f.t.Errorf("%s is not what the ledger calls arrived: %v", file.URL, err)
		}
	}
}

// heals runs again without any fault: everything arrives then.
func (f *faulty) heals(opts ...func(*upload.Options)) {
	f.t.Helper()
	f.Set(nil)
	f.disk = nil
	for _, o := range opts {
		o(&f.opts)
	}
	if _, err := f.run(); err != nil {
		f.t.Fatalf("without faults: %v", err)
	}
	f.complete()
}

// complete checks that everything has arrived.
func (f *faulty) complete() {
	f.t.Helper()
	if got, want := len(f.arrived()), len(f.job.Dataset.(*memory).samples); got != want {
		f.t.Errorf("%d of %d files have arrived", got, want)
	}
	if f.silence < enough {
		return // a server that is given up makes a part of what it is still receiving, maybe later
	}
	left, err := filepath.Glob(filepath.Join(f.s3.Dir, "media", ".sgwtmp", "multipart", "*", "*"))
	if err != nil || len(left) > 0 {
		f.t.Errorf("unfinished uploads are left: %q, %v", left, err)
	}
}

// passes runs with faults that pass: everything arrives all the same.
func (f *faulty) passes(least int64) upload.Sent {
	f.t.Helper()
	f.opts.Patience = enough // else a busy machine is taken for a dead store
	sent, err := f.run()
	if err != nil {
		f.t.Fatalf("after %d faults: %v", f.Faults(), err)
	}
	f.complete()
	if sent.Failed > 0 || sent.Traffic.Retries == 0 || f.Faults() < least {
		f.t.Errorf("%d faults, %+v", f.Faults(), sent)
	}
	return sent
}

const someLarge = 17<<20 + 1 // in four parts

func TestFaultStorm(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 60, someLarge)
	f.opts.Tries = 25 // each second request fails
	f.Set(faultproxy.Every(2, faultproxy.IsPut,
		faultproxy.Answer(http.StatusServiceUnavailable, "SlowDown"), faultproxy.Answer(http.StatusTooManyRequests, ""),
		faultproxy.Answer(http.StatusInternalServerError, "InternalError"), faultproxy.Answer(http.StatusServiceUnavailable, ""),
		faultproxy.Answer(http.StatusBadRequest, "RequestTimeout"), faultproxy.Answer(http.StatusBadGateway, ""),
		faultproxy.Answer(http.StatusRequestTimeout, "")))
	sent := f.passes(40)
	if sent.Traffic.Throttled == 0 || sent.Traffic.Causes[upload.CauseThrottled] == 0 || sent.Traffic.Causes[upload.CauseTemporary] == 0 {
		t.Errorf("%+v", sent.Traffic)
	}
}

// A store that says when to come back is asked then, and not before.
func TestFaultRetryAfter(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 3)
	var asked, early atomic.Int64
	f.Set(func(r *http.Request) faultproxy.Fault {
		if !faultproxy.IsPut(r) {
			return nil
		}
		switch began := asked.Load(); {
		case asked.CompareAndSwap(0, time.Now().UnixNano()):
			return faultproxy.Answer(http.StatusServiceUnavailable, "SlowDown", "Retry-After", "1")
		case time.Duration(time.Now().UnixNano()-began) < time.Second && strings.HasSuffix(r.URL.Path, "0000.png"):
			early.Add(1)
		}
		return nil
	})
	f.opts.Workers = 1
	f.passes(1)
	if early.Load() > 0 {
		t.Error("asked again within the second")
	}
}

// A store where everything fails from some moment on ends the run soon, with few
// requests, also where failures are skipped.
func TestFaultDeadEndpoint(t *testing.T) {
	for name, fault := range map[string]faultproxy.Fault{
		"throttles": faultproxy.Answer(http.StatusServiceUnavailable, "SlowDown"), "resets": faultproxy.Reset(),
		"fails": faultproxy.Answer(http.StatusInternalServerError, ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, 600)
			var puts atomic.Int64
			f.Set(func(r *http.Request) faultproxy.Fault {
				if faultproxy.IsPut(r) && puts.Add(1) > 50 {
					return fault
				}
				return nil
			})
			f.opts.SkipFailures = true
			f.opts.Tries = 2
			sent, err := f.run()
			if !errors.Is(err, bucket.ErrTemporary) || sent.Failed > 40 || f.Faults() > 400 {
				t.Errorf("%v; %d files failed, after %d requests", err, sent.Failed, f.Faults())
			}
			f.heals()
		})
	}
}

func TestFaultReset(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 60, someLarge)
	f.Set(faultproxy.Every(3, faultproxy.IsPut, faultproxy.Reset(), faultproxy.LoseAnswer()))
	sent := f.passes(20)
	if sent.Objects != 61 || sent.Found != 0 {
		t.Errorf("%d objects sent, %d found: an answer that was lost makes none found", sent.Objects, sent.Found)
	}
}

// The end of an upload in parts is lost: it must be neither sent again nor
// taken for somebody else's.
func TestFaultLostCompletion(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 1, someLarge, someLarge+5)
	f.Set(faultproxy.First(1, isEnd, faultproxy.LoseAnswer()))
	f.passes(2)
}

// isEnd tells the requests that make an object of its parts. (When the answer to
// the beginning of an upload is lost, nobody knows what to abort.)
func isEnd(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
}

func TestFaultSlowLoris(t *testing.T) {
	for name, fault := range map[string]faultproxy.Fault{
		"no answer": faultproxy.Stall(), "takes nothing": faultproxy.StallUpload(),
		"headers byte by byte": faultproxy.Trickle(20 * time.Millisecond),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, 8, someLarge)
			f.silence = 1500 * time.Millisecond
			f.Set(faultproxy.Every(5, faultproxy.IsPut, fault))
			f.passes(2)
		})
	}
	t.Run("body byte by byte", func(t *testing.T) {
		t.Parallel()
		f := newFaulty(t, 4, someLarge)
		f.opts.Stall = 1500 * time.Millisecond
		f.Set(faultproxy.First(1, isEnd, faultproxy.TrickleBody(100*time.Millisecond)))
		if sent := f.passes(1); sent.Traffic.Causes[upload.CauseTimeout] == 0 {
			t.Errorf("%+v", sent.Traffic)
		}
	})
}

func TestFaultTruncatedAnswer(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 40, someLarge)
	f.Set(faultproxy.Every(4, func(r *http.Request) bool { return r.Method != http.MethodHead },
		faultproxy.Truncate(1<<20), faultproxy.Truncate(0), faultproxy.Truncate(20)))
	f.passes(10)
}

// A large file that was begun to be written in another way is begun anew: else it
// would not be encrypted, say, as it was asked for.
func TestUploadBegunOtherwise(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 1, someLarge)
	fails := func(r *http.Request) bool {
		return faultproxy.IsPart(r) && r.URL.Query().Get("partNumber") == "4"
	}
	f.Set(faultproxy.When(fails, faultproxy.Answer(http.StatusForbidden, "AccessDenied")))
	f.opts.SkipFailures = true
	if sent, err := f.run(); err != nil || sent.Failed != 1 {
		t.Fatalf("%+v, %v", sent, err)
	}
	f.opts.Attributes = bucket.Attributes{StorageClass: "STANDARD"}
	var started atomic.Int64
	f.Set(func(r *http.Request) faultproxy.Fault {
		if r.Method == http.MethodPost && r.URL.Query().Has("uploads") {
			started.Add(1)
		}
		if fails(r) {
			return faultproxy.Answer(http.StatusForbidden, "AccessDenied")
		}
		return nil
	})
	for range 2 { // begun anew, and gone on with
		if sent, err := f.run(); err != nil || sent.Failed != 1 || started.Load() != 1 {
			t.Fatalf("%+v, %v; begun %d times", sent, err, started.Load())
		}
	}
	f.heals()
}
