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

// of is the same tab in a subtest.
func (b *tab) of(t *testing.T) *tab {
	b.t = t
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
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 2 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 2 {
			seen[img.At(x, y)]++
		}
	}
	return seen
}

// wide names the elements that reach out of the window.
const wide = `[...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll") && e.getBoundingClientRect().right > innerWidth + 1).
	map(e => e.tagName + " " + e.textContent.slice(0, 40)).slice(0, 10)`

func TestLayout(t *testing.T) {
	b := open(t)
	for name, r := range map[string]report.Report{"empty": {}, "small": small(), "large": large(), "hostile": hostile(nasty...)} {
		for _, width := range []int64{390, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s/%d/%s", name, width, scheme), func(t *testing.T) {
					b := b.of(t)
					b.load(r, width, scheme)
					if got := value[int64](b, "document.documentElement.scrollWidth"); got > width {
						t.Errorf("the page is %d wide in a window of %d: %v", got, width, value[[]string](b, wide))
					}
					if name == "hostile" {
						return // the picture is a hundred screens long
					}
					seen := colours(b.screenshot())
					if len(seen) < 50 {
						t.Errorf("the picture has %d colours", len(seen))
					}
					if dark := brightness(seen) < .5; dark != (scheme == "dark") {
						t.Errorf("the picture is dark: %t", dark)
					}
				})
			}
		}
	}
}

// brightness is that of the mean colour: 0 is black, 1 white.
func brightness(seen map[color.Color]int) float64 {
	var sum, n float64
	for c, times := range seen {
		r, g, b, _ := c.RGBA()
		sum += float64(times) * float64(r+g+b) / 3 / 0xffff
		n += float64(times)
	}
	return sum / n
}

func TestPlotIsDrawn(t *testing.T) {
	b := open(t)
	for _, width := range []int64{390, 1280} {
		b.load(large(), width, "light")
		shown := value[[]string](b, `[...document.querySelectorAll(".plot figure svg, .plot > svg")].filter(s => s.getBoundingClientRect().width > 0).map(s => s.getAttribute("class"))`)
		if len(shown) != 1 {
			t.Fatalf("at %d the plots %q are shown, want one", width, shown)
		}
		for _, path := range []string{".line.bytes", ".area.bytes", ".line.files", ".area.files"} {
			size := value[[]float64](b, `(() => { const b = document.querySelector("svg.`+shown[0]+` `+path+`").getBBox(); return [b.width, b.height] })()`)
			if size[0] < 200 || size[1] < 50 {
				t.Errorf("at %d %s is drawn %v", width, path, size)
			}
		}
		if n := value[int](b, `document.querySelectorAll("svg.`+shown[0]+` .mark").length`); n < 3 {
			t.Errorf("at %d there are %d marks", width, n)
		}
		outside := value[[]string](b, `(() => { const s = document.querySelector("svg.`+shown[0]+`"), r = s.getBoundingClientRect();
			return [...s.querySelectorAll("text")].filter(e => { const b = e.getBoundingClientRect(); return b.left < r.left - 1 || b.right > r.right + 1 || b.bottom > r.bottom + 1 }).map(e => e.textContent) })()`)
		if len(outside) > 0 {
			t.Errorf("at %d texts reach out of the plot: %q", width, outside)
		}
	}
}

// Who does not see the page hears it: headings in order, names for tables, pictures
// and regions that scroll.
func TestAccessible(t *testing.T) {
	b := open(t)
	b.load(large(), 1280, "light")
	for what, expression := range map[string]string{
		"pages without a language":     `[document.documentElement].filter(e => !e.lang).map(e => e.tagName)`,
		"h1 but one":                   `[...document.querySelectorAll("h1")].slice(1).map(e => e.textContent)`,
		"headings that skip a level":   `[...document.querySelectorAll("h1,h2,h3,h4")].filter((e, i, all) => i > 0 && e.tagName[1] - all[i-1].tagName[1] > 1).map(e => e.textContent)`,
		"tables without a caption":     `[...document.querySelectorAll("table")].filter(e => !e.caption?.textContent).map(e => e.className)`,
		"columns without a scope":      `[...document.querySelectorAll("th")].filter(e => !e.scope).map(e => e.textContent)`,
		"pictures that say nothing":    `[...document.querySelectorAll("svg")].filter(e => e.getAttribute("aria-hidden") != "true" && !(e.querySelector("title")?.textContent && e.querySelector("desc")?.textContent)).map(e => e.outerHTML)`,
		"labels that name no element":  `[...document.querySelectorAll("[aria-labelledby]")].flatMap(e => e.getAttribute("aria-labelledby").split(" ")).filter(id => !document.getElementById(id)?.textContent)`,
		"ids that are there twice":     `[...document.querySelectorAll("[id]")].map(e => e.id).filter((id, i, all) => all.indexOf(id) != i)`,
		"regions that no key can move": `[...document.querySelectorAll(".scroll")].filter(e => e.tabIndex < 0 || !e.getAttribute("aria-label")).map(e => e.outerHTML)`,
	} {
		if bad := value[[]string](b, expression); len(bad) > 0 {
			t.Errorf("%s: %q", what, bad)
		}
	}
	for _, scheme := range []string{"light", "dark"} {
		b.load(large(), 1280, scheme)
		if faint := value[[]string](b, contrast); len(faint) > 0 {
			t.Errorf("texts that are hard to read when it is %s: %q", scheme, faint)
		}
	}
}

// contrast names the texts whose colour is too near to what is behind them: WCAG
// asks for 4.5.
const contrast = `(() => {
	const rgb = s => s.match(/[\d.]+/g).map(Number);
	const light = s => { const [r, g, b] = rgb(s).map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b };
	const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return c } return "rgb(255,255,255)" };
	return [...document.querySelectorAll("body *")].filter(e => !e.closest("svg,script") && [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())).filter(e => {
		const a = light(getComputedStyle(e).color), b = light(behind(e));
		return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5;
	}).map(e => e.className + " " + e.textContent);
})()`

// What is in the page as JSON is what was reported, and what is shown is text.
func TestHostileTexts(t *testing.T) {
	b := open(t)
	b.load(hostile(nasty...), 1280, "light")
	if n := value[int](b, `JSON.parse(document.getElementById("report").textContent).datasets.length`); n != len(nasty) {
		t.Errorf("the page holds %d datasets, want %d", n, len(nasty))
	}
	if n := value[int](b, `document.querySelectorAll("img, iframe, script:not(#report), a:not([href^='#dataset-']), form").length`); n > 0 {
		t.Errorf("%d elements have broken out", n)
	}
	shown := value[string](b, `document.querySelector("main").innerText`)
	for _, s := range nasty[:4] {
		if !strings.Contains(shown, s) {
			t.Errorf("%q is not shown", s)
		}
	}
}

func TestPrints(t *testing.T) {
	b := open(t)
	b.load(large(), 1280, "dark")
	pdf := run(b, chromedp.PrintToPDF())
	if dir := os.Getenv("MEDIALIFT_TEST_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "report.pdf"), pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if pages := bytes.Count(pdf, []byte("/Type /Page\n")); !bytes.HasPrefix(pdf, []byte("%PDF")) || pages < 2 || pages > 6 {
		t.Errorf("%d bytes on %d pages", len(pdf), pages)
	}
	// Ink is dear, also to those who like their screens dark.
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	})
	if got := brightness(colours(b.screenshot())); got < .8 {
		t.Errorf("the printed page is %.0f %% white", 100*got)
	}
}
