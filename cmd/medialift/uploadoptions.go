package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/upload"
)

// keepApart refuses several datasets that would go to one place, unless a
// --rel-dir gives each file a key of its own.
func (c *uploadCmd) keepApart(ctx context.Context, datasets []string) error {
	if len(datasets) < 2 || len(c.relDirs) > 0 {
		return nil
	}
	urls := []string{c.target}
	for _, r := range c.opts.RemoteDirs {
		urls = append(urls, r.URL)
	}
	for _, url := range urls {
		if !strings.Contains(url, "{dataset}") {
			return usage("put {dataset} into the URL, or name a common --rel-dir", "several datasets would go to one place, %s", url)
		}
	}
	return c.keyedApart(ctx, datasets, urls)
}

// keyedApart makes sure that {dataset} gives each dataset a place of its own.
func (c *uploadCmd) keyedApart(ctx context.Context, datasets, urls []string) error {
	type known struct{ arg, name string }
	seen := map[string]known{}
	apart := &dataset.Refusal{
		Reason: "names of datasets that {dataset} makes one place of",
		Hint:   "rename one of them in FiftyOne, or upload them one by one, each to a URL of its own",
	}
	for _, arg := range datasets {
		src, err := c.openDataset(ctx, arg, c.rewrite && !c.dryRun)
		if err == nil {
			err = src.rename(ctx)
		}
		switch {
		case err != nil && (ctx.Err() != nil || isEverywhere(err) || !c.choice.given() && judge(err).code == exitUsage):
			return err
		case err != nil:
			continue // said when its turn comes
		}
		for _, url := range urls {
			key := upload.DatasetElement(url, src.name)
			if c.folds(ctx, url, key) {
				key = norm.NFC.String(strings.ToLower(norm.NFC.String(key)))
			}
			key = url + "\x00" + key
			other, taken := seen[key]
			switch {
			case taken && other.arg != arg && other.name == src.name:
				return usage("upload them one by one, each to a URL of its own",
					"%q and %q are both called %q, so that {dataset} does not keep them apart", other.arg, arg, src.name)
			case taken && other.arg != arg:
				apart.Add(dataset.Problem{Kind: "name", Path: src.name, URL: strings.ReplaceAll(url, "{dataset}", upload.DatasetElement(url, src.name)),
					Hint: fmt.Sprintf("so does %q", other.name)})
			}
			seen[key] = known{arg, src.name}
		}
	}
	if apart.Total > 0 {
		return apart
	}
	return nil
}

// folds reports whether a target may take keys for one that differ by letter case or
// Unicode form alone.
func (c *uploadCmd) folds(ctx context.Context, url, element string) bool {
	root, err := c.targets().Open(ctx, strings.NewReplacer("{dataset}", element, "{field}", "x").Replace(url))
	return err == nil && root.Naming.Folds
}

// options checks the flags.
func (c *uploadCmd) options(target string) error {
	for _, choice := range []struct{ flag, value, allowed string }{
		{"layout", c.layout, "tree flat hash"},
		{"on-collision", c.onCollision, "refuse suffix"},
		{"missing", c.missing, "refuse keep"},
		{"overwrite", c.overwrite, " all own true false"},
	} {
		if !slices.Contains(strings.Split(choice.allowed, " "), choice.value) {
			return usage("use one of: "+strings.TrimSpace(choice.allowed), "--%s cannot be %q", choice.flag, choice.value)
		}
	}
	if c.workers < 0 || c.maxDuration < 0 {
		return usage("leave the flag away for the default", "--workers and --max-duration cannot be negative")
	}
	c.opts = upload.Options{
		UpdateViews: c.opts.UpdateViews, LeaveFields: c.leave,
		Fields: c.fields, Layout: upload.Layout(c.layout), SuffixCollisions: c.onCollision == "suffix",
		KeepMissing: c.missing == "keep", SkipAssets: c.skipAssets, SkipFailures: c.skipFailures, Workers: c.workers,
		MaxRequests: c.maxRequests, Attributes: c.written, VerifyArrived: c.verifyArrived,
		Progress: c.progress,
	}
	if c.maxRequests < 0 || math.IsNaN(c.maxRequests) {
		return usage("leave --max-requests away for no limit", "--max-requests cannot be %v", c.maxRequests)
	}
	if c.maxBandwidth != "" {
		var err error
		if c.opts.MaxBandwidth, err = parseBytes(c.maxBandwidth); err != nil {
			return err
		}
	}
	switch c.overwrite {
	case "all", "true":
		c.opts.Overwrite = upload.OverwriteAll
	case "own":
		c.opts.Overwrite = upload.OverwriteOwn
	}
	for _, s := range c.remoteDirs {
		field, url, ok := strings.Cut(s, "=")
		if !ok || field == "" || url == "" {
			return usage("write --remote-dir thumbnail=s3://bucket/thumbnails", "--remote-dir %q is not FIELD=URL", s)
		}
		url, err := c.place(url)
		if err != nil {
			return err
		}
		c.opts.RemoteDirs = append(c.opts.RemoteDirs, upload.RemoteDir{Field: field, URL: url})
		c.places = append(c.places, field+"="+url)
	}
	for _, dir := range c.relDirs {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return fmt.Errorf("finding %q: %w", dir, err)
		}
		c.opts.RelDirs = append(c.opts.RelDirs, abs)
	}
	var err error
	if c.opts.AssetDirs, err = assetDirs(c.assetDirs); err != nil {
		return err
	}
	c.target, err = c.place(target)
	return err
}

// assetDirs are the directories of --allow-assets-outside.
func assetDirs(dirs []string) ([]string, error) {
	var list []string
	for _, dir := range dirs {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("finding %q: %w", dir, err)
		}
		if info, err := os.Stat(abs); err != nil || !info.IsDir() {
			return nil, usage("name a directory that is there", "--allow-assets-outside %q is not a directory", dir)
		}
		list = append(list, abs)
	}
	return list, nil
}

// place is canonical for a URL to which is sent: it must be able to write as the
// flags say.
func (c *uploadCmd) place(url string) (string, error) {
	if t, err := open.Parse(url); err == nil {
		if err := t.Takes(c.written); err != nil {
			return "", err
		}
	}
	return canonical(url)
}

// parseBytes reads a number of bytes: 1000, 200MB, 50MiB.
func parseBytes(s string) (int64, error) {
	number := strings.TrimRight(s, "kKMGTiB")
	factor, ok := map[string]float64{
		"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}[s[len(number):]]
	n, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(n*factor >= 1) || n*factor > math.MaxInt64/2 {
		return 0, usage("write 200MB or 50MiB", "%q is not a number of bytes", s)
	}
	return int64(n * factor), nil
}

// canonical is the one spelling of a target URL, by which a run is known.
func canonical(url string) (string, error) {
	t, err := open.Parse(url)
	if err != nil {
		return "", err
	}
	switch t.Scheme {
	case "file":
		return t.Dir(), nil
	case "mem":
		return "", usage("write s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, file:///dir or a path", "%s would be gone when the command ends", url)
	}
	return strings.TrimSuffix(t.Scheme+"://"+t.Bucket+"/"+t.Prefix, "/"), nil
}

// endpoints tells where s3:// is: a bucket of the same name elsewhere is
// another one, and what arrived here has not arrived there.
func (c *uploadCmd) endpoints() []string {
	for _, url := range []string{c.s3.endpoint, os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")} {
		if url != "" && strings.Contains(strings.Join(append(c.places, c.target), " "), "s3://") {
			return []string{strings.TrimRight(bucket.PublicURL(url), "/")} // a user and a password are not kept
		}
	}
	return nil
}
