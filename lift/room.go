package lift

import (
	"context"
	"fmt"
)

// room compares what the documents take with what is free.
func (p *Plan) room(ctx context.Context) (err error) {
	if stored, ok := p.job.Source.(interface {
		Size(ctx context.Context) (int64, error)
	}); ok {
		if p.Bytes, err = stored.Size(ctx); err != nil {
			return err
		}
	}
	if free, ok := p.job.Target.Room(ctx); ok {
		p.Room = free
	}
	if p.made == nil && p.Room > 0 && p.Bytes > p.Room {
		p.Warnings = append(p.Warnings, fmt.Sprintf("the documents take about %d bytes, and the disk of the target has %d left", p.Bytes, p.Room))
	}
	return nil
}
