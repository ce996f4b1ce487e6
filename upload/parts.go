package upload

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

const (
	// large is the size in bytes above which a file is sent in parts where the
	// store takes them.
	large = 16 << 20
	// restarts is how often a file is begun anew because the store has lost its
	// upload.
	restarts = 2
	// At most one in inFlight of a file's parts are being sent at a time, or
	// leastWidth of them: what is being sent is lost when the run is killed.
	inFlight   = 24
	leastWidth = 4
)

// A parted is a large file while its parts are being sent, by some tasks of the
// pool of which each sends one part and makes way for another. What has arrived
// is in the ledger, so that a later run sends the rest. The task that is through
// last ends the file.
type parted struct {
	*executor
	target
	multi  bucket.Multipart
	upload ledger.Upload
	anew   int // how often it was begun anew
	// listed are the parts that the store had when the file was begun.
	listed map[int]bucket.Part

	mu    sync.Mutex
	parts []bucket.Part // N is 0 in those that have not arrived
	todo  []int         // numbers of the parts to send, in order
	tasks int
	err   error // the first failure: no more parts are begun
}

// cut begins a large file, or goes on with one that an earlier run has begun,
// and hands its first parts to the pool.
func (e *executor) cut(ctx context.Context, t target, multi bucket.Multipart, anew int) outcome {
	p := &parted{executor: e, target: t, multi: multi, anew: anew, parts: make([]bucket.Part, bucket.Parts(t.src.Size))}
	err := p.resume(ctx)
	if err == nil && p.upload.ID == 0 {
		err = p.start(ctx)
	}
	if err != nil {
		t.close()
		return outcome{file: failure(t.file, err), err: err, skip: left(err)}
	}
	for i := range p.parts {
		if p.parts[i].N == 0 {
			p.todo = append(p.todo, i+1)
		}
	}
	p.tasks = max(1, min(len(p.todo), max(leastWidth, len(p.parts)/inFlight)))
	o := outcome{skip: true, progress: p.arrived()} // before anything more arrives
	e.pool.add(slices.Repeat([]task{p.sendNext}, p.tasks)...)
	return o
}

// resume finds the upload that an earlier run began, and which of its parts
// have arrived: those that ledger and store agree on.
func (p *parted) resume(ctx context.Context) error {
	upload, known, ok, err := p.begun(ctx, p.file)
	if err != nil || !ok {
		return err
	}
	var there []bucket.Part
	err = p.engine.Do(ctx, func(ctx context.Context) (err error) {
		there, err = p.multi.Parts(ctx, p.key, upload.Name)
		return err
	})
	if errors.Is(err, bucket.ErrDenied) && !errors.Is(err, bucket.ErrIdentity) {
		// What has arrived of it cannot be seen.
		if err := p.abortUpload(ctx, upload); err != nil && !errors.Is(err, bucket.ErrNoUpload) && !errors.Is(err, bucket.ErrDenied) {
			return err
		}
		p.lost.Add(1)
		return p.plan.job.Ledger.EndUpload(ctx, upload.ID)
	}
	if errors.Is(err, bucket.ErrNoUpload) || err == nil && len(there) == 0 && len(known) > 0 {
		p.lost.Add(1)
		return p.plan.job.Ledger.EndUpload(ctx, upload.ID)
	}
	if err != nil {
		return err
	}
	p.upload = upload
	p.listed = map[int]bucket.Part{}
	for _, t := range there {
		p.listed[t.N] = t
	}
	for _, k := range known {
		if k.N < 1 || k.N > len(p.parts) || k.Size != p.src.Part(k.N).Size {
			continue
		}
		if t := p.listed[k.N]; t.Size == k.Size && t.ETag == k.ETag {
			p.parts[k.N-1] = bucket.Part{N: k.N, Size: k.Size, ETag: k.ETag, Checksums: parseSums(k.Checksum)}
		}
	}
	return nil
}

func (p *parted) start(ctx context.Context) error {
	var name string
	err := p.engine.Do(ctx, func(ctx context.Context) (err error) {
		name, err = p.multi.Start(ctx, p.key, p.src)
		return err
	})
	if err != nil {
		return err
	}
	p.upload, err = p.keep(ctx, p.file, name)
	return err
}

// arrived is how many bytes have.
func (p *parted) arrived() (bytes int64) {
	for _, part := range p.parts {
		bytes += part.Size
	}
	return bytes
}

// sendNext sends the next part, unless the file has failed or the run is
// stopping, and puts itself back into the pool while there are more.
func (p *parted) sendNext(ctx context.Context) outcome {
	o := outcome{skip: true}
	if n := p.next(); n > 0 {
		part, there, err := p.sendPart(ctx, n)
		p.note(n, part, err)
		if err == nil {
			o.progress = part.Size
			o.part = ledger.Part{Upload: p.upload.ID, N: n, Size: part.Size, Checksum: formatSums(part.Checksums), ETag: part.ETag}
			o.there = there
		}
	}
	if p.more() {
		p.pool.add(p.sendNext)
		return o
	}
	if !p.last() {
		return o
	}
	end := p.end(ctx)
	end.part, end.there, end.progress = o.part, o.there, end.progress+o.progress
	return end
}

// sendPart sends a part. One that is there already, because a run was killed
// before the ledger knew, is only compared.
func (p *parted) sendPart(ctx context.Context, n int) (part bucket.Part, there bool, err error) {
	src := p.src.Part(n)
	if listed, ok := p.listed[n]; ok && listed.Size == src.Size && listed.Checksums[bucket.CRC64NVME] != "" {
		sums, err := bucket.Sum(src, src.Size, bucket.CRC64NVME)
		if err != nil {
			return part, false, err
		}
		if listed.Checksums[bucket.CRC64NVME] == sums[bucket.CRC64NVME] {
			return bucket.Part{N: n, Size: src.Size, ETag: listed.ETag, Checksums: sums}, true, src.Changed()
		}
	}
	// Another part may fail meanwhile.
	a := transfer.Ask{Bytes: src.Size, Held: transfer.Held(p.store, src.Size, true), Still: p.goesOn}
	err = p.engine.Ask(ctx, a, func(ctx context.Context) (err error) {
		part, err = p.multi.PutPart(ctx, p.key, p.upload.Name, n, src)
		return err
	})
	return part, false, err
}

// next takes the number of the next part off the list, if one is to be begun.
func (p *parted) next() int {
	if !p.more() {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.todo) == 0 { // another task was quicker
		return 0
	}
	n := p.todo[0]
	p.todo = p.todo[1:]
	return n
}

// more tells whether there are parts to begin.
func (p *parted) more() bool {
	p.mu.Lock()
	left := len(p.todo)
	p.mu.Unlock()
	return left > 0 && p.goesOn()
}

// goesOn tells whether parts may be begun.
func (p *parted) goesOn() bool {
	stopped := p.pool.stopped()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil && stopped {
		p.err = transfer.ErrStopping
	}
	return p.err == nil
}

func (p *parted) note(n int, part bucket.Part, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.parts[n-1] = part
	} else if p.err == nil || p.err == transfer.ErrStopping && !errors.Is(err, context.Canceled) {
		p.err = err
	}
}

// last tells whether the task that asks is the last one of the file.
func (p *parted) last() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tasks--
	return p.tasks == 0
}

// formatSums spells checksums for the ledger; parseSums reads them again.
func formatSums(sums bucket.Checksums) string {
	var list []string
	for a, v := range sums {
		list = append(list, bucket.Checksums{a: v}.String())
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func parseSums(text string) bucket.Checksums {
	sums := bucket.Checksums{}
	for _, s := range strings.Fields(text) {
		for a, v := range bucket.ParseChecksum(s) {
			sums[a] = v
		}
	}
	return sums
}
