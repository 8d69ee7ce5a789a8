//go:build !verifier

package recording

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"phientoa/internal/ledger"
	"phientoa/sfu"
)

// moveRetry is the wait between attempts to go on elsewhere.
const moveRetry = 2 * time.Second

// leftEvery is the wait between attempts to end a part that was left.
const leftEvery = time.Minute

// eventWait bounds how long state events wait for the next part, from the moment at
// which the last one was left: a disk that stays away holds no hearing up.
const eventWait = 5 * time.Second

// Sitting is the recording of a hearing on this node: one part after the other.
// When a disk fails or is full it goes on in the next part, in the second
// directory where one is set, otherwise in the same one as soon as that takes
// bytes again. Its methods are safe for concurrent use.
type Sitting struct {
	p      Params
	cancel context.CancelFunc
	once   sync.Once
	endErr error

	watched, tidied chan struct{} // closed when watch and endLeft have returned

	mu      sync.Mutex
	part    *Part // the one that records; while moving, the one that was left
	changed chan struct{}
	moving  bool
	since   time.Time // of moving
	over    bool
	why     string  // of over
	left    []place // without their end line
	hung    string  // see Params

	ev recent
}

// recent keeps the state events that a failing log may have swallowed: those
// handed to it since the checkpoint before the last one.
type recent struct {
	serial sync.Mutex // events stand in the order of the calls

	mu         sync.Mutex
	older, new []copiedEvent
	keep       bool // while the recording moves
}

type copiedEvent struct {
	seq       uint64
	line      []byte
	committed bool
}

func (r *recent) add(e copiedEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.new = append(r.new, e)
	if over := len(r.older) + len(r.new) - maxPending; over > 0 {
		r.older = r.older[min(over, len(r.older)):]
	}
}

// drop forgets the last one: it was refused.
func (r *recent) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.new); n > 0 {
		r.new = r.new[:n-1]
	}
}

// checkpointed: what was handed over before the last checkpoint is durable now.
func (r *recent) checkpointed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.keep {
		r.older, r.new = r.new, nil
	}
}

// keepAll makes checkpoints forget nothing, until it is taken back: the next part
// has its first one before it has the events.
func (r *recent) keepAll(keep bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep = keep
}

func (r *recent) all() []copiedEvent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(append([]copiedEvent(nil), r.older...), r.new...)
}

// Begin opens the hearing's evidence as Open does and stays with it.
func Begin(ctx context.Context, params Params) (*Sitting, error) {
	if params.Notify == nil {
		return nil, errors.New("recording: Notify is required")
	}
	s := &Sitting{p: params, changed: make(chan struct{}), watched: make(chan struct{}), tidied: make(chan struct{})}
	s.p.Notify = sittingNotify{s, params.Notify}
	part, err := Open(ctx, s.p)
	if err != nil {
		return nil, err
	}
	s.p = part.p // with its defaults
	s.part = part
	s.began(part.Dir())
	s.findLeft(part.number)
	ctx, s.cancel = context.WithCancel(context.Background())
	go s.watch(ctx)
	go s.endLeft(ctx)
	return s, nil
}

// sittingNotify passes on what the recording part reports.
type sittingNotify struct {
	s *Sitting
	n Notify
}

// Recording implements Notify. A part that was left has nothing more to say: what
// it said last holds until the next one records.
func (n sittingNotify) Recording(on bool, trouble string) {
	if trouble == troubleMoved {
		return
	}
	n.n.Recording(on, trouble)
}

// Checkpoint implements Notify.
func (n sittingNotify) Checkpoint(size uint64, root string, note []byte) {
	n.s.ev.checkpointed()
	n.n.Checkpoint(size, root, note)
}

// current is the part that records, nil while there is none.
func (s *Sitting) current() (part *Part, changed <-chan struct{}, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moving {
		return nil, s.changed, s.over
	}
	return s.part, s.changed, s.over
}

// Dir is the directory of the latest part; Number counts parts from 1.
func (s *Sitting) Dir() string { return s.latest().Dir() }

// Number of the latest part within the hearing on this node, from 1.
func (s *Sitting) Number() int { return s.latest().Number() }

func (s *Sitting) latest() *Part {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.part
}

// LastEventSeq is the highest sequence of a state event in the latest part.
func (s *Sitting) LastEventSeq() uint64 { return s.latest().LastEventSeq() }

// Uncommitted returns the events of the latest part that wait for the database.
func (s *Sitting) Uncommitted(ctx context.Context) ([][]byte, error) {
	return s.latest().Uncommitted(ctx)
}

// Event is Part.Event. While the recording moves to its next part, which writes the
// event in any case, a durable one waits, at most eventWait from the beginning.
func (s *Sitting) Event(ctx context.Context, seq uint64, line []byte, committed, durable bool) error {
	s.ev.serial.Lock()
	defer s.ev.serial.Unlock()
	s.ev.add(copiedEvent{seq, append([]byte(nil), line...), committed})
	for {
		part, changed, over := s.current()
		err := ledger.ErrFailed
		if part != nil {
			if err = part.tellEvent(ctx, seq, line, committed, durable); err == nil {
				return nil
			}
			if !errors.Is(err, ledger.ErrFailed) && !errors.Is(err, ledger.ErrClosed) {
				s.ev.drop()
				return err
			}
		}
		if over {
			return err
		}
		if !durable {
			return nil // the next part has it from recent
		}
		if !s.await(ctx, changed) {
			return fmt.Errorf("recording: event %d waits for the next part: %w", seq, err)
		}
	}
}

// await waits for the next part; it tells whether there is one.
func (s *Sitting) await(ctx context.Context, changed <-chan struct{}) bool {
	wait := eventWait
	s.mu.Lock()
	if s.moving {
		wait -= s.p.Now().Sub(s.since)
	}
	s.mu.Unlock()
	timer := time.NewTimer(max(wait, 0))
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-timer.C:
		return false
	case <-ctx.Done():
		return false
	}
}

// watch moves the recording whenever its part cannot go on.
func (s *Sitting) watch(ctx context.Context) {
	defer close(s.watched)
	for {
		part := s.latest()
		select {
		case <-ctx.Done():
			return
		case <-part.leaving:
		}
		if !s.move(ctx, part) {
			return
		}
	}
}

// move ends a part as well as it can be and begins the next; it tells whether
// there is one.
func (s *Sitting) move(ctx context.Context, old *Part) bool {
	s.mu.Lock()
	s.moving, s.since = true, s.p.Now()
	s.mu.Unlock()
	s.ev.keepAll(true)
	logger := s.p.Logger.With("hearing", s.p.Hearing, "part", old.number)
	logger.Error("recording leaves its part", "cause", old.leaveCause)
	carried, previous := s.leave(old, logger)
	for {
		part, err := s.params().next(ctx, old.number+1, previous, carried, old.at().root)
		if err == nil {
			why, over := s.moved(ctx, part, logger)
			s.began(part.Dir())
			if over {
				s.tooLate(part, why, logger)
				return false
			}
			return true
		}
		logger.Error("recording cannot go on yet", "error", err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(moveRetry):
		}
	}
}

// tooLate ends a part that a hung disk gave back after nobody waited for it any
// more.
func (s *Sitting) tooLate(part *Part, why string, logger *slog.Logger) {
	if err := part.end(context.Background(), why); err != nil {
		logger.Error("part begun too late not ended", "begun", part.number, "error", err)
	}
	if why == whyEnd {
		s.ended(part.Dir())
	}
}

// moved hands the events over that the part before may lack, and everything that
// follows. over tells that the sitting was given up meanwhile, and why.
func (s *Sitting) moved(ctx context.Context, part *Part, logger *slog.Logger) (why string, over bool) {
	s.mu.Lock() // whoever comes later goes to the new part, and behind these
	defer s.mu.Unlock()
	for _, e := range s.ev.all() {
		if err := part.Event(ctx, e.seq, e.line, e.committed, false); err != nil {
			logger.Error("event not copied into the next part", "seq", e.seq, "error", err)
		}
	}
	s.ev.keepAll(false)
	s.part, s.moving = part, false
	close(s.changed)
	s.changed = make(chan struct{})
	return s.why, s.over
}

func (s *Sitting) began(dir string) {
	if s.p.Began != nil {
		s.p.Began(dir)
	}
}

func (s *Sitting) ended(dir string) {
	if s.p.Ended != nil {
		s.p.Ended(dir)
	}
}

// Close ends the recording of the hearing for good. The part is never written again.
func (s *Sitting) Close(ctx context.Context) error { return s.end(ctx, whyEnd) }

// Suspend flushes and signs everything and leaves the part open for a later process.
func (s *Sitting) Suspend(ctx context.Context) error { return s.end(ctx, whySuspend) }

// end waits for the next part, when the recording moves, and for the ends of
// earlier parts, neither longer than ctx allows: a disk may never answer. The part
// that records does not wait for the latter.
func (s *Sitting) end(ctx context.Context, why string) error {
	s.once.Do(func() {
		s.cancel()
		waited := within(ctx, s.watched)
		s.mu.Lock()
		part := s.part
		if s.moving {
			part = nil
		}
		s.over, s.why = true, why
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
		if part == nil {
			s.endErr = errors.Join(fmt.Errorf("%w: no part could be begun", ledger.ErrFailed), waited)
			return
		}
		s.endErr = part.end(ctx, why)
		if why == whyEnd {
			s.ended(part.Dir())
		}
		if err := within(ctx, s.tidied); err != nil {
			s.p.Logger.Error("an earlier part is still being ended", "hearing", s.p.Hearing, "error", err)
		}
	})
	return s.endErr
}

// within waits for done as long as ctx allows.
func within(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-done: // both: a context that is over stands in the way of nothing
		return nil
	default:
		return fmt.Errorf("recording: %w", ctx.Err())
	}
}

// carry is a source that the next part has to account for: what it sent from
// then on stands in no earlier part.
type carry struct {
	info  sfu.SourceInfo
	from  time.Time
	cause string
}

// carried is what the next part has to account for, without the cause. Of the loop, or
// after end; clean tells whether that wrote everything, gaps up to the end too.
func (p *Part) carried(clean bool) []carry {
	var out []carry
	for _, t := range p.order {
		if !t.open && t.awayCause == "" {
			continue
		}
		c := carry{info: t.info, from: p.finished}
		if !clean {
			c.from = t.unnamed()
		}
		out = append(out, c)
	}
	return out
}

// unnamed is since when no durable line says what the track sent.
func (t *track) unnamed() time.Time {
	from := t.named
	if t.since.After(from) {
		from = t.since
	}
	earlier := func(at time.Time, counts bool) {
		if counts && (from.IsZero() || at.Before(from)) {
			from = at
		}
	}
	earlier(t.away, !t.away.IsZero())
	earlier(t.heard, t.silent)
	earlier(t.starved, t.starving > 0)
	return from
}

// give says that this part cannot go on.
func (p *Part) give(cause string) {
	p.leaveOnce.Do(func() {
		p.leaveCause = cause
		close(p.leaving)
	})
}

// logFailed: the log takes nothing any more, for good.
func (p *Part) logFailed() {
	cause, code := causeOf(p.log.Err()), "log-failed"
	if cause == CauseFull {
		code = CauseFull
	}
	p.status.failed(code)
	p.give(cause)
}

// faultSpan: two faults of track files within it are a fault of the disk, not of
// one file.
const faultSpan = 5 * time.Second

// faulted counts a fault of a track file. The file is given up in any case; the
// part is left when there is another directory and the disk is full, or failed
// twice. Without one a new file is tried again and again, and the log goes on.
func (p *Part) faulted(cause string) {
	p.status.trouble(cause)
	now := p.p.Now()
	if p.elsewhere && (cause == CauseFull || !p.fault.IsZero() && now.Sub(p.fault) < faultSpan) {
		p.give(cause)
	}
	p.fault = now
}

// findLeft lists the earlier parts; endLeft finds out which of them lack their end.
func (s *Sitting) findLeft(number int) {
	all, err := places(s.p.roots()...)
	if err != nil {
		s.p.Logger.Error("earlier parts not looked through", "hearing", s.p.Hearing, "error", err)
	}
	for _, pl := range all.found {
		if pl.number < number {
			s.left = append(s.left, pl)
		}
	}
}

// endLeft gives the parts that were left by a fault of their disk their end line,
// as soon as the disk takes it, so that they can be sealed.
func (s *Sitting) endLeft(ctx context.Context) {
	defer close(s.tidied)
	tick := time.NewTicker(leftEvery)
	defer tick.Stop()
	for {
		s.mu.Lock()
		left := s.left
		s.left = nil
		s.mu.Unlock()
		for _, pl := range left {
			ended, err := s.p.endPart(ctx, pl)
			switch {
			case err == nil && ended:
				s.ended(pl.dir())
				now := s.latest() // its disk takes bytes again: perhaps it did not when this one began
				s.params().announce(now.at())
			case err == nil, errors.Is(err, ledger.ErrDamaged), errors.Is(err, ledger.ErrEmpty):
			default:
				s.p.Logger.Warn("left part not ended yet", "hearing", s.p.Hearing, "part", pl.number, "error", err)
				s.mu.Lock()
				s.left = append(s.left, pl)
				s.mu.Unlock()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// endPart recovers a part that lacks its end line and writes that. ended is false
// when it stood there already. What is not recorded since is stated by the part
// that follows.
func (p Params) endPart(ctx context.Context, pl place) (ended bool, err error) {
	part, lp, err := p.openDir(pl.root, pl.number)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, part.fs.Close()) }()
	var rec ledger.Recovery
	if part.log, rec, err = ledger.Open(ctx, lp); err != nil {
		if errors.Is(err, ledger.ErrEnded) {
			err = nil
		}
		return false, err
	}
	if err = part.recover(ctx, rec, false); err != nil {
		return false, errors.Join(err, part.log.Close())
	}
	_, err = part.endLog(ctx, whyMoved)
	return err == nil, err
}
