package report_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/medialift/medialift/report"
)

// chromium returns the browser to look at pages with, or ends the test.
func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	if path := os.Getenv("MEDIALIFT_TEST_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no Chromium: MEDIALIFT_TEST_CHROMIUM names none, and none is on PATH")
	}
	t.Skip("no Chromium: MEDIALIFT_TEST_CHROMIUM names none, and none is on PATH (make test fetches one)")
	return ""
}

// A tab is a page in a browser, with what it complained about and asked for.
type tab struct {
	t        *testing.T
	ctx      context.Context
	mu       sync.Mutex
	said     []string
	requests []string
}

// open starts a browser for this test alone.
func open(t *testing.T) *tab {
	t.Helper()
	path := chromium(t)
	// A context with a deadline would end the browser, which is for t to do.
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		// What the build on npm needs.
		chromedp.Flag("no-zygote", true), chromedp.Flag("single-process", strings.Contains(path, "medialift")))...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.heard); err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	call(b, runtime.Enable, cdp.Empty{})
	return b
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func run[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (b *tab) heard(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventConsoleAPICalled:
		b.said = append(b.said, fmt.Sprint("console: ", e.Type, e.Args))
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.said = append(b.said, "log: "+e.Entry.Text)
	case *page.EventJavascriptDialogOpening:
		b.said = append(b.said, "dialog: "+e.Message)
	}
}

// load shows a report as a page of that width.
func (b *tab) load(r report.Report, width int64, scheme string) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "report.html")
	var page bytes.Buffer
	if err := report.WriteHTML(&page, r); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, page.Bytes(), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.said, b.requests = nil, nil
	address := (&url.URL{Scheme: "file", Path: path}).String()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	run(b, chromedp.EmulateViewport(width, 900))
	run(b, chromedp.Navigate(address))
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.said) > 0 {
		b.t.Errorf("the page is not quiet: %q", b.said)
	}
	for _, u := range b.requests {
		if u != address && !strings.HasPrefix(u, "data:") {
			b.t.Errorf("the page asks for %s", u)
		}
	}
}

// value is what an expression comes to in the page.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	return run(b, chromedp.Evaluate[T](expression))
}

func (b *tab) screenshot() image.Image {
	b.t.Helper()
	shot := run(b, chromedp.FullScreenshot(100))
	if dir := os.Getenv("MEDIALIFT_TEST_SCREENSHOTS"); dir != "" {
		name := strings.NewReplacer("/", "-", "Test", "").Replace(b.t.Name()) + ".png"
		if err := os.WriteFile(filepath.Join(dir, name), shot, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		b.t.Fatal(err)
	}
	return img
}

// colours counts what a picture has of them.
func colours(img image.Image) map[color.Color]int {
	seen := map[color.Color]int{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			seen[img.At(x, y)]++
		}
	}
	return seen
}

func TestChromium(t *testing.T) {
	b := open(t)
	for name, r := range map[string]report.Report{"empty": {}, "small": small(), "large": large(), "hostile": hostile()} {
		for _, width := range []int64{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s/%d/%s", name, width, scheme), func(t *testing.T) {
					b.t = t
					b.load(r, width, scheme)
					if got := value[int64](b, "document.documentElement.scrollWidth"); got > width {
						t.Errorf("the page is %d wide in a window of %d: %v", got, width, value[[]string](b, wide))
					}
					img := b.screenshot()
					if n := len(colours(img)); n < 20 {
						t.Errorf("the picture has %d colours", n)
					}
				})
			}
		}
	}
}

// wide names the elements that reach out of the window.
const wide = `[...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll") && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "." + e.className).slice(0, 10)`
