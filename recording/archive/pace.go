package archive

import (
	"context"
	"io"
	"sync"

	"golang.org/x/time/rate"
)

// Pace keeps work in the background from disturbing recordings on the same disk.
// The zero value keeps nothing.
type Pace struct {
	Limit *rate.Limiter // bytes a second that are read
	// Room is asked after every roomStep bytes; an error of it gives the work up.
	Room func() error
}

const (
	// limitStep is how much is read between two looks at the limiter.
	limitStep = 256 << 10
	// roomStep is what may be written between two looks at the disk: at the default
	// rate a second of work.
	roomStep = 64 << 20
)

// pacer applies a Pace to one piece of work. A failure ends it: a reader that
// takes an error for damage must not be believed afterwards.
type pacer struct {
	Pace
	ctx context.Context

	mu     sync.Mutex
	since  int64 // bytes since Room was asked
	failed error
}

func (p Pace) begin(ctx context.Context) *pacer { return &pacer{Pace: p, ctx: ctx} }

// err is why the work was given up, if it was.
func (p *pacer) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil {
		p.failed = p.ctx.Err()
	}
	return p.failed
}

// ReaderAt paces reads of r until ctx ends, after which every read fails. It is as safe for
// concurrent use as r is.
func (p Pace) ReaderAt(ctx context.Context, r io.ReaderAt) io.ReaderAt {
	return &pacedReaderAt{p.begin(ctx), r}
}

// Limiter lets so many bytes a second through; 0: as many as the disk gives.
func Limiter(perSecond int) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, limitStep)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(perSecond, limitStep))
}

// took is told of n bytes that were read, at most limitStep, and waits for them.
func (p *pacer) took(n int) error {
	err := p.look(n)
	if err == nil && p.Limit != nil {
		err = p.Limit.WaitN(p.ctx, n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil {
		p.failed = err
	}
	return p.failed
}

func (p *pacer) look(n int) error {
	if p.Room == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since += int64(n); p.since < roomStep {
		return nil
	}
	p.since = 0
	return p.Room()
}

// pacedReader paces a reader; told, when set, hears of every read.
type pacedReader struct {
	p    *pacer
	r    io.Reader
	told func(n int)
}

// Read implements io.Reader.
func (r *pacedReader) Read(b []byte) (int, error) {
	if err := r.p.err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(b[:min(len(b), limitStep)])
	if r.told != nil {
		r.told(n)
	}
	if stop := r.p.took(n); stop != nil {
		return n, stop
	}
	return n, err
}

// pacedReaderAt paces reads at an offset. It is as safe for concurrent use as r is.
type pacedReaderAt struct {
	p *pacer
	r io.ReaderAt
}

// ReadAt implements io.ReaderAt.
func (r *pacedReaderAt) ReadAt(b []byte, off int64) (n int, err error) {
	if err := r.p.err(); err != nil {
		return 0, err
	}
	for n < len(b) && err == nil {
		var m int
		m, err = r.r.ReadAt(b[n:min(len(b), n+limitStep)], off+int64(n))
		n += m
		if stop := r.p.took(m); stop != nil {
			return n, stop
		}
	}
	return n, err
}
