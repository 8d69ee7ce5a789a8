//go:build !verifier

// Package recording captures a hearing as it happens: a tap's packets become
// track files, the evidence log names every byte of them and every gap between
// them, checkpoints sign the log; and it verifies all of that from a directory
// alone. The format is docs/archive-format.md.
package recording

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"phientoa/internal/ledger"
	"phientoa/sfu"
)

// Class is the class of grants that the recorder's tap joins.
const Class = "recorder"

// Notify takes the recorder's reports. Calls never block.
type Notify interface {
	// Recording: bytes of the hearing are reaching the disk, or not. trouble is a
	// code (docs/archive-format.md), empty when there is none.
	Recording(on bool, trouble string)
	// Checkpoint: a signed checkpoint is durable. root is base64.
	Checkpoint(size uint64, root string, note []byte)
}

// Tapper is the room as far as the recorder needs it; *sfu.Room is one.
type Tapper interface {
	Tap(p sfu.TapParams) (remove func(), err error)
}

// PartFS is the directory of a part.
type PartFS = ledger.CloserFS

// Limits of one part. Zero fields take the default given here.
type Limits struct {
	Batch        time.Duration // between batches, default 250 ms
	Segment      time.Duration // a seg line is written when its first batch is this old, default 1 s (never over 2 s)
	Checkpoint   time.Duration // between checkpoints, default 1 s
	Wait         time.Duration // for late packets, default 500 ms
	Held         int           // packets of one source held for late ones, default 1024; more end the wait
	QueuePackets int           // packets waiting for the loop, default 8192; more are dropped and become a gap
	QueueBytes   int           // their payload, default 12 MiB
	Tracks       int           // sources of one part, default 256; more are not recorded, with trouble "track-limit"
	SilentCamera time.Duration // granted without a packet, default 2 s
	SilentMic    time.Duration // granted without packet or report, default 10 s
	Durable      time.Duration // age of the last durable batch at which "recording" goes out, default 2 s
	MaxHeight    int           // camera layer asked for, default 720
	Keyframe     time.Duration // between keyframe requests, default 10 s
}

func (l *Limits) defaults() {
	def := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	num := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Batch, 250*time.Millisecond)
	def(&l.Segment, time.Second)
	def(&l.Checkpoint, time.Second)
	def(&l.Wait, 500*time.Millisecond)
	def(&l.SilentCamera, 2*time.Second)
	def(&l.SilentMic, 10*time.Second)
	def(&l.Durable, 2*time.Second)
	def(&l.Keyframe, 10*time.Second)
	num(&l.Held, 1024)
	num(&l.QueuePackets, 8192)
	num(&l.QueueBytes, 12<<20)
	num(&l.Tracks, 256)
	num(&l.MaxHeight, 720)
}

// Params opens a Part.
type Params struct {
	Dir string // of all evidence; the part is Dir/<hearing>/part-NNNN
	// Second takes the next part when Dir fails or is full; empty: there is none.
	Second string
	// Mirror has Second hold the same bytes of every part as Dir, at the same time.
	Mirror  bool
	Hearing string          // id of the hearing, a name without separators
	Node    string          // name of this node, see pki
	Genesis json.RawMessage // JSON object: what is known of the session, goes into line 0
	Epoch   uint64          // of the lease
	Room    Tapper          // nil: no tap, for tests
	Signer  ledger.Signer
	Notify  Notify
	Now     func() time.Time // default time.Now
	Rand    io.Reader        // salts
	Limits  Limits
	// FS opens the directory of a part, which exists; default ledger.DirFS.
	FS     func(dir string) (PartFS, error)
	Logger *slog.Logger
	// Began is told the directory of every part that records, Ended of one that has
	// ended, or was to; either may be nil (Begin only).
	Began func(part string)
	Ended func(part string)

	hung string // the hearing's directory of a disk that does not answer; nothing is asked of it
}

// Part is the recording of one sitting on one node. Its methods are safe for
// concurrent use.
type Part struct {
	p      Params
	root   string // the hearing's directory that held it first
	number int
	base   time.Time
	fs     PartFS
	mirror *mirrored // fs, where a second directory has the same
	log    *ledger.Log
	queue  *queue
	status *status

	// The loop's own.
	tracks map[sfu.SourceID]*track
	order  []*track
	items  []item
	out    []ledger.Record
	// Of the cycle (cycle.go).
	flying, settling bool
	flights          []flight
	done             chan landing

	// A part that cannot go on is left for the next one (sitting.go).
	elsewhere  bool // there is another directory
	fault      time.Time
	finished   time.Time
	leaving    chan struct{}
	leaveOnce  sync.Once
	leaveCause string // written before leaving is closed
	standing   atomic.Pointer[[]carry]
	signed     atomic.Pointer[ledger.Checkpoint] // the last that was published

	signable atomic.Bool // lines were written since the last checkpoint
	stop     chan string
	loopDone chan struct{}
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	untap    func()
	endOnce  sync.Once
	endErr   error

	ev events
	ex exhibits
}

// Dir is the part's directory, the one that counts where there are two; Number counts
// parts from 1.
func (p *Part) Dir() string { return p.at().dir() }

// at is where the part stands, which changes when a mirror takes over.
func (p *Part) at() place {
	if p.mirror != nil {
		return p.mirror.at()
	}
	return place{p.root, p.number}
}

// Number of the part within the hearing on this node, from 1.
func (p *Part) Number() int { return p.number }

// Tap is what Open puts into the room. Tests without a room feed it.
func (p *Part) Tap() sfu.Tap { return p.queue }

// start runs the goroutines of an opened log and puts the tap into the room.
func (p *Part) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.stop, p.loopDone, p.done = make(chan string, 1), make(chan struct{}), make(chan landing, 1)
	p.untap = func() {}
	if p.p.Room != nil {
		remove, err := p.p.Room.Tap(sfu.TapParams{
			Class: Class, Tap: p.queue, MaxHeight: p.p.Limits.MaxHeight, KeyframeEvery: p.p.Limits.Keyframe,
			NeedKey: p.queue.needKey,
		})
		if err != nil {
			cancel()
			return fmt.Errorf("recording: tap: %w", err)
		}
		p.untap = remove
	}
	go p.loop(ctx)
	p.wg.Go(func() { p.status.watch(ctx) })
	p.wg.Go(func() { p.checkpoints(ctx) })
	p.status.good(p.p.Now())
	return nil
}

// checkpoints signs what became durable. It stands beside the loop: a slow
// signer holds no media up.
func (p *Part) checkpoints(ctx context.Context) {
	tick := time.NewTicker(p.p.Limits.Checkpoint)
	defer tick.Stop()
	p.publish(p.log.Last())
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.log.Failed():
			p.logFailed()
			return
		case <-tick.C:
		}
		if !p.signable.Swap(false) {
			continue
		}
		cp, err := p.log.Checkpoint(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			p.signable.Store(true)
			p.status.signed(false)
			p.p.Logger.Warn("checkpoint not made", "hearing", p.p.Hearing, "error", err)
			continue
		}
		p.status.signed(true)
		p.publish(cp)
	}
}

func (p *Part) publish(cp ledger.Checkpoint) {
	if cp.Size > 0 {
		p.signed.Store(&cp)
		p.p.Notify.Checkpoint(cp.Size, base64.StdEncoding.EncodeToString(cp.Root[:]), cp.Note)
	}
}

// Close flushes everything, writes the end line and signs the last checkpoint.
// The part is never written again.
func (p *Part) Close(ctx context.Context) error { return p.end(ctx, whyEnd) }

// Suspend flushes and signs everything and leaves the part open for a later process.
func (p *Part) Suspend(ctx context.Context) error { return p.end(ctx, whySuspend) }

func (p *Part) end(ctx context.Context, why string) error {
	p.endOnce.Do(func() {
		p.untap()
		p.stop <- why
		select {
		case <-p.loopDone:
		case <-ctx.Done():
			p.endErr = fmt.Errorf("recording: %w", ctx.Err())
		}
		p.cancel()
		<-p.loopDone
		p.wg.Wait()
		switch why {
		case whyMoved:
			p.status.failed(troubleMoved)
		default:
			p.status.failed("ended")
		}
		var cp ledger.Checkpoint
		var err error
		if why != whySuspend {
			reason := "closed"
			if why == whyMoved {
				reason = whyMoved
			}
			p.endExhibits(ctx)
			cp, err = p.endLog(ctx, reason)
		} else {
			cp, err = p.log.Suspend(ctx)
		}
		if err == nil {
			p.publish(cp)
		}
		p.endErr = errors.Join(p.endErr, err, p.log.Close(), p.fs.Close())
	})
	return p.endErr
}
