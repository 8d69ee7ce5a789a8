// Package permit breaks off what is being given out when the permission for it ends:
// a download, a playback or the making of a film may last for hours, and the account,
// the sign-in, the grant or the archive itself may be gone before it is through.
package permit

import (
	"context"
	"errors"
	"io"
	"time"
)

// Every is how long anything goes on before its permission is asked for again: what
// has ended is over a second later.
const Every = time.Second

// ErrEnded: the permission does not hold any more.
var ErrEnded = errors.New("permit: the permission has ended")

// Still tells whether a permission holds at this moment. What cannot be told does not.
type Still func(ctx context.Context) bool

// Reader reads r while the permission holds, which was asked for a moment ago, and
// gives ErrEnded from then on. It asks before it reads, so that nothing goes out on
// the word of longer than Every ago, however slow whoever reads is.
func Reader(ctx context.Context, r io.ReadSeeker, still Still) io.ReadSeeker {
	return &reader{ReadSeeker: r, ctx: ctx, still: still, next: time.Now().Add(Every)}
}

type reader struct {
	io.ReadSeeker
	ctx   context.Context
	still Still
	next  time.Time
	ended bool
}

// Read implements io.Reader.
func (r *reader) Read(b []byte) (int, error) {
	if now := time.Now(); !r.ended && !now.Before(r.next) {
		r.ended = !r.still(r.ctx)
		r.next = now.Add(Every)
	}
	if r.ended {
		return 0, ErrEnded
	}
	return r.ReadSeeker.Read(b)
}

// Context ends, with ErrEnded as its cause, when the permission does. stop ends the
// asking; it has to be called.
func Context(ctx context.Context, still Still) (held context.Context, stop context.CancelFunc) {
	held, cancel := context.WithCancelCause(ctx)
	go func() {
		t := time.NewTicker(Every)
		defer t.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-t.C:
			}
			if !still(held) && held.Err() == nil {
				cancel(ErrEnded)
				return
			}
		}
	}()
	return held, func() { cancel(context.Canceled) }
}
