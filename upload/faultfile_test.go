package upload_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/s3store"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/faultproxy"
	"github.com/medialift/medialift/upload"
)

// failsAlone runs with a fault that one file meets: that one is reported, all
// others arrive, and it does too once the fault is gone.
func (f *faulty) failsAlone(name string, kind error, opts ...func(*upload.Options)) {
	f.t.Helper()
	f.opts.SkipFailures = true
	sent, err := f.run()
	if err != nil {
		f.t.Fatal(err)
	}
	all := len(f.job.Dataset.(*memory).samples)
	if sent.Failed != 1 || len(sent.Failures) != 1 || !strings.HasSuffix(sent.Failures[0].Path, name) || len(f.arrived()) != all-1 {
		f.t.Errorf("%+v; %d of %d have arrived", sent, len(f.arrived()), all)
	}
	if len(sent.Failures) == 1 && !strings.Contains(sent.Failures[0].Hint, kind.Error()) {
		f.t.Errorf("it failed for %q, want %q", sent.Failures[0].Hint, kind)
	}
	f.heals(opts...)
}

// stops runs without skipping failures: the first one ends the run.
func (f *faulty) stops(kind error) {
	f.t.Helper()
	f.opts.SkipFailures = false
	_, err := f.run()
	var failed *upload.FailedError
	if !errors.Is(err, kind) || !errors.As(err, &failed) {
		f.t.Fatalf("%v, want %v", err, kind)
	}
}

// The server keeps the right bytes and reports others: nobody can know which is
// true, so that the file counts as failed until the object is looked at.
func TestFaultWrongChecksum(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"object": "s/0007.png", "part": "l/0.mp4"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := faultproxy.IsKey(file)
			lies := faultproxy.When(func(r *http.Request) bool { return faultproxy.IsPut(r) && key(r) },
				faultproxy.OtherAnswer("X-Amz-Checksum-Crc64nvme", "AAAAAAAAAAA=", "Etag", `"0123456789abcdef0123456789abcdef"`))
			f := newFaulty(t, 20, someLarge)
			f.Set(lies)
			f.failsAlone(file, bucket.ErrChecksum)
			f = newFaulty(t, 20, someLarge)
			f.Set(lies)
			f.stops(bucket.ErrChecksum)
			f.heals()
		})
	}
}

// Bytes that are damaged on the way are not taken, and sent once more.
func TestFaultDamagedOnTheWay(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 30, someLarge)
	f.Set(faultproxy.First(1, func(r *http.Request) bool {
		return faultproxy.IsPut(r) && (strings.HasSuffix(r.URL.Path, "9.png") || r.URL.Query().Get("partNumber") == "2")
	}, faultproxy.Damage()))
	if sent := f.passes(4); sent.Traffic.Causes[upload.CauseDamaged] != 4 {
		t.Errorf("%+v", sent.Traffic)
	}
}

func TestFaultForbiddenKey(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"object": "s/0007.png", "part": "l/0.mp4"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, 20, someLarge)
			key := faultproxy.IsKey(file)
			f.Set(faultproxy.When(func(r *http.Request) bool {
				return faultproxy.IsPut(r) && key(r) && (name == "object" || r.URL.Query().Get("partNumber") == "3")
			}, faultproxy.Answer(http.StatusForbidden, "AccessDenied")))
			f.stops(bucket.ErrDenied)
			before := f.Faults()
			f.failsAlone(file, bucket.ErrDenied)
			if f.Faults()-before != 1 {
				t.Errorf("%d tries of what is denied", f.Faults()-before)
			}
		})
	}
}

// A clock that is wrong is measured by the answers, and costs a try for each
// request under way, not the run.
func TestFaultClockSkew(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]time.Duration{"behind": -11 * time.Minute, "ahead": 11 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, 40, someLarge)
			f.Set(func(*http.Request) faultproxy.Fault { return faultproxy.Skew(ahead, 3*time.Minute) })
			if sent := f.passes(40); sent.Traffic.Causes[upload.CauseRenewed] == 0 {
				t.Errorf("%+v", sent.Traffic)
			}
		})
	}
	// A server that agrees with no time is given up at the second answer.
	f := newFaulty(t, 40)
	f.Set(faultproxy.When(faultproxy.IsPut, faultproxy.Answer(http.StatusForbidden, "RequestTimeTooSkewed")))
	f.opts.SkipFailures = true
	if _, err := f.run(); !errors.Is(err, bucket.ErrIdentity) || f.Faults() > 40 {
		t.Errorf("%v after %d requests", err, f.Faults())
	}
	f.heals()
}

// A session is credentials in a file, which somebody renews or does not, in
// front of a server that knows no sessions.
type session struct {
	*faulty
	file  string
	token atomic.Value
	puts  atomic.Int64
}

// newSession begins one whose token is valid for so many objects and is renewed
// then, or not. It sets the environment.
func newSession(f *faulty, objects int64, renewed bool) *session {
	f.t.Helper()
	s := &session{faulty: f, file: filepath.Join(f.t.TempDir(), "credentials")}
	f.s3.Setenv(f.t)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL_S3": f.URL, "AWS_SHARED_CREDENTIALS_FILE": s.file,
	} {
		f.t.Setenv(name, value)
	}
	f.store = func(ctx context.Context, name string) (*s3store.Store, error) {
		return s3store.New(ctx, name, s3store.Options{Silence: f.silence})
	}
	s.renew("first")
	s.token.Store("first")
	f.Set(func(r *http.Request) faultproxy.Fault {
		if faultproxy.IsPut(r) && s.puts.Add(1) == objects {
			if renewed {
				s.renew("second")
			}
			s.token.Store("second")
		}
		return s.takes
	})
	return s
}

func (s *session) renew(token string) {
	text := "[default]\naws_access_key_id = temporary\naws_secret_access_key = secret\naws_session_token = " + token + "\n"
	if err := os.WriteFile(s.file, []byte(text), 0o600); err != nil {
		s.t.Error(err)
	}
}

// takes lets requests with the right token through, signed anew.
func (s *session) takes(w http.ResponseWriter, r *http.Request, server http.Handler) {
	faultproxy.Token(func() string { return s.token.Load().(string) })(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("X-Amz-Security-Token")
		r.Header.Del("Authorization")
		r.URL.Scheme, r.URL.Host = "http", r.Host
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		keys := aws.Credentials{AccessKeyID: s.s3.AccessKey, SecretAccessKey: s.s3.SecretKey}
		if err := signer.SignHTTP(r.Context(), keys, r, r.Header.Get("X-Amz-Content-Sha256"), "s3", "us-east-1", time.Now()); err != nil {
			s.t.Error(err)
		}
		server.ServeHTTP(w, r)
	}))
}

func TestFaultExpiredToken(t *testing.T) {
	s := newSession(newFaulty(t, 80, someLarge), 30, true)
	sent := s.passes(80)
	if n := sent.Traffic.Causes[upload.CauseRenewed]; n == 0 || n > 2*int64(s.opts.Workers) {
		t.Errorf("%+v", sent.Traffic)
	}
}

// Where nobody renews a token the run ends at once, failures skipped or not, and
// goes on with another one.
func TestFaultExpiredTokenStays(t *testing.T) {
	s := newSession(newFaulty(t, 80, someLarge), 30, false)
	s.opts.SkipFailures = true
	sent, err := s.run()
	if !errors.Is(err, bucket.ErrIdentity) || sent.Failed > 2*int64(s.opts.Workers) {
		t.Errorf("%v, %d files failed", err, sent.Failed)
	}
	s.renew("second")
	s.opts.SkipFailures = false
	if _, err := s.run(); err != nil {
		t.Fatal(err)
	}
	s.complete()
}

// The bucket goes away in the middle: nothing else is tried, and what had
// arrived there is not built upon afterwards.
func TestFaultBucketDeleted(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 200)
	var puts atomic.Int64
	var deleting sync.RWMutex // a request that is under way would make the directory anew
	f.Set(faultproxy.When(faultproxy.IsPut, func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		if puts.Add(1) == 50 {
			deleting.Lock()
			if err := os.Rename(filepath.Join(f.s3.Dir, "media"), filepath.Join(f.s3.Dir, "gone")); err != nil {
				t.Error(err)
			}
			deleting.Unlock()
		}
		deleting.RLock()
		defer deleting.RUnlock()
		server.ServeHTTP(w, r)
	}))
	f.opts.SkipFailures = true
	plan, err := upload.NewPlan(t.Context(), f.job, f.opts)
	if err != nil {
		t.Fatal(err)
	}
	_, err = plan.Execute(t.Context())
	if !errors.Is(err, bucket.ErrNoBucket) || puts.Load() > 100 {
		t.Errorf("%v after %d requests", err, puts.Load())
	}
	if n := len(f.arrived()); n == 0 || n > 60 {
		t.Errorf("%d files have arrived", n)
	}
	f.s3.CreateBucket(t, "media") // an empty one of the same name
	if plan, err = upload.NewPlan(t.Context(), f.job, f.opts); err != nil {
		t.Fatal(err)
	}
	var refusal *dataset.Refusal
	if _, err = plan.Execute(t.Context()); !errors.As(err, &refusal) || len(refusal.Problems) == 0 || refusal.Problems[0].Kind != "gone" {
		t.Errorf("in an empty bucket: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(f.s3.Dir, "media")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(f.s3.Dir, "gone"), filepath.Join(f.s3.Dir, "media")); err != nil {
		t.Fatal(err)
	}
	f.heals()
}

// A disk lets some bytes of a file be read, and then something happens.
type disk struct {
	*os.File
	after int64 // bytes
	fault func() error
}

func (d *disk) ReadAt(b []byte, off int64) (int, error) {
	if off+int64(len(b)) > d.after {
		if err := d.fault(); err != nil {
			return 0, err
		}
	}
	return d.File.ReadAt(b, off)
}

// spoil has fault happen in the middle of the file called name.
func (f *faulty) spoil(name string, fault func(path string) error) {
	f.disk = func(path string) (upload.File, error) {
		file, err := os.Open(path)
		if err != nil || !strings.HasSuffix(filepath.ToSlash(path), name) {
			return file, err
		}
		info, err := file.Stat()
		return &disk{file, info.Size() / 2, func() error { return fault(path) }}, err
	}
}

func TestFaultDiskRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"s/0007.png", "l/0.mp4", "l/1.mp4"} { // small, in one piece, in parts
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, 20, 9<<20, someLarge)
			var reads atomic.Int64
			f.spoil(name, func(path string) error {
				reads.Add(1)
				return &fs.PathError{Op: "read", Path: path, Err: syscall.EIO}
			})
			f.failsAlone(name, bucket.ErrRead)
			if reads.Load() > 8 {
				t.Errorf("%d tries to read a bad disk", reads.Load())
			}
		})
	}
}

// The second half of a file is only read when it is sent: what fails then is no
// failure of the network, to be tried again and again.
func TestFaultDiskReadWhileSending(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"l/0.mp4", "l/1.mp4"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, 5, 9<<20, someLarge)
			var reads atomic.Int64
			f.spoil(name, func(path string) error {
				if reads.Add(1) < 40 { // a block is 1 MiB, or 256 KiB of a part
					return nil
				}
				return &fs.PathError{Op: "read", Path: path, Err: syscall.EIO}
			})
			f.failsAlone(name, bucket.ErrRead)
		})
	}
}

func TestFaultFileChanges(t *testing.T) {
	t.Parallel()
	changes := map[string]func(path string) error{
		"grows": func(path string) error {
			file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = file.WriteString("more")
			return errors.Join(err, file.Close())
		},
		"shrinks":      func(path string) error { return os.Truncate(path, 10) },
		"is rewritten": func(path string) error { return os.WriteFile(path, []byte("other"), 0o600) },
	}
	for what, change := range changes {
		for _, name := range []string{"s/0007.png", "l/0.mp4", "l/1.mp4"} {
			t.Run(what+"/"+filepath.Base(name), func(t *testing.T) {
				t.Parallel()
				f := newFaulty(t, 12, 9<<20, someLarge)
				var once atomic.Bool
				f.spoil(name, func(path string) error {
					if once.Swap(true) {
						return nil
					}
					return change(path)
				})
				f.failsAlone(name, bucket.ErrSourceChanged)
			})
		}
	}
}

// What cannot be seen never counts as absent.
func TestFaultCannotSee(t *testing.T) {
	list := func(r *http.Request) bool { return r.URL.Query().Get("list-type") == "2" }
	head := func(r *http.Request) bool {
		return r.Method == http.MethodHead && strings.HasSuffix(r.URL.Path, ".png")
	}
	for name, tt := range map[string]struct {
		is   func(*http.Request) bool
		code int
		kind error
	}{
		// Object by object it can be seen all the same.
		"list denied": {list, http.StatusForbidden, nil}, "list not found": {list, http.StatusNotFound, bucket.ErrNoBucket},
		"list fails":  {list, http.StatusInternalServerError, bucket.ErrTemporary},
		"stat denied": {head, http.StatusForbidden, bucket.ErrDenied}, "stat fails": {head, http.StatusInternalServerError, bucket.ErrTemporary},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, 6)
			f.opts.Tries = 2
			taken := f.s3.Path("media", "x/s/0003.png")
			if err := os.MkdirAll(filepath.Dir(taken), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(taken, []byte("somebody else's"), 0o600); err != nil {
				t.Fatal(err)
			}
			f.Set(faultproxy.When(tt.is, faultproxy.Answer(tt.code, "")))
			var refusal *dataset.Refusal
			if _, err := f.run(); tt.kind != nil && !errors.Is(err, tt.kind) || tt.kind == nil && !errors.As(err, &refusal) {
				t.Errorf("%v, want %v", err, tt.kind)
			}
			if text, err := os.ReadFile(taken); err != nil || string(text) != "somebody else's" || len(f.arrived()) > 0 {
				t.Errorf("the object holds %q, %v; %d have arrived", text, err, len(f.arrived()))
			}
			f.Set(nil)
			if _, err := f.run(); !errors.As(err, &refusal) {
				t.Errorf("once it can be seen: %v", err)
			}
		})
	}
}
