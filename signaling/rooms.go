package signaling

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// RoomsParams makes Rooms.
type RoomsParams struct {
	Store store.Store
	// Media may be nil: hearings then run without picture and sound.
	Media Media
	// Relay makes a seat's pass to the relay beside Media; nil: there is none.
	Relay func() (RelayPass, error)
	// Recorder may be nil: nothing is recorded, and the database alone keeps events.
	Recorder Recorder
	// Info takes the calendar's rows, Alarms the operators' tasks; nil: none are
	// written.
	Info   InfoStore
	Alarms AlarmStore
	// Overseers are the units in whose scope a court's hearings lie, the nearest first;
	// nil: none are known.
	Overseers func(court.UnitID) []OverseerUnit
	// Node is this process's name among the nodes of the installation, at most
	// one process a name.
	Node    string
	Limits  Limits
	Logger  *slog.Logger
	Now     func() time.Time
	Random  io.Reader // nil: the system's
	Version string
	Metrics *Metrics // may be nil
}

// Rooms holds the hearings that this node hosts. A hearing is opened when
// somebody first asks for it, and stays until it ends or Close.
type Rooms struct {
	p      RoomsParams
	limits Limits

	mu      sync.Mutex
	closed  bool
	rooms   map[string]*Room // by hearing id
	opening map[string]chan struct{}
	wg      sync.WaitGroup
}

// NewRooms makes an empty set.
func NewRooms(p RoomsParams) *Rooms {
	if p.Now == nil {
		p.Now = time.Now
	}
	return &Rooms{p: p, limits: p.Limits.withDefaults(), rooms: map[string]*Room{}, opening: map[string]chan struct{}{}}
}

// Close ends every room in order and waits.
func (rs *Rooms) Close() {
	rs.mu.Lock()
	rs.closed = true
	rooms := make([]*Room, 0, len(rs.rooms))
	for _, r := range rs.rooms {
		rooms = append(rooms, r)
	}
	rs.mu.Unlock()
	for _, r := range rooms {
		r.stop()
	}
	for _, r := range rooms {
		<-r.done
	}
	rs.wg.Wait()
}

// Enter returns the hearing's room when room is its public id, opening it on
// this node if need be. A wrong, foreign or missing room gives the same refusal.
func (rs *Rooms) Enter(ctx context.Context, hearingID, room string) (*Room, *hearing.Refusal) {
	r, ref := rs.Open(ctx, hearingID)
	if ref != nil {
		return nil, ref
	}
	if subtle.ConstantTimeCompare([]byte(r.p.row.Room), []byte(room)) != 1 {
		return nil, refuseNotFound()
	}
	return r, nil
}

// Open returns the hearing's room on this node.
func (rs *Rooms) Open(ctx context.Context, hearingID string) (*Room, *hearing.Refusal) {
	for {
		rs.mu.Lock()
		if rs.closed {
			rs.mu.Unlock()
			return nil, refuseStopping()
		}
		if r := rs.rooms[hearingID]; r != nil {
			rs.mu.Unlock()
			return r, nil
		}
		if wait := rs.opening[hearingID]; wait != nil {
			rs.mu.Unlock()
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return nil, refuseStopping()
			}
		}
		if len(rs.rooms)+len(rs.opening) >= rs.limits.Rooms {
			rs.mu.Unlock()
			return nil, refuseBusy()
		}
		done := make(chan struct{})
		rs.opening[hearingID] = done
		rs.wg.Add(1)
		rs.mu.Unlock()
		r, err := rs.open(context.WithoutCancel(ctx), hearingID)
		rs.opened(hearingID, r, done)
		if err != nil {
			return nil, rs.refusalFor(hearingID, err)
		}
	}
}

// opened files a room, or the failure to open one.
func (rs *Rooms) opened(id string, r *Room, done chan struct{}) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	defer rs.wg.Done()
	delete(rs.opening, id)
	close(done)
	if r == nil {
		return
	}
	rs.rooms[id] = r
	if rs.closed {
		r.stop()
	}
	rs.wg.Go(func() {
		<-r.done
		rs.mu.Lock()
		delete(rs.rooms, id)
		rs.mu.Unlock()
	})
}

func (rs *Rooms) refusalFor(id string, err error) *hearing.Refusal {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refuseNotFound()
	case errors.Is(err, store.ErrLeased), errors.Is(err, store.ErrFenced):
		return refuseLeased()
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return refuseDatabaseAway()
	case errors.Is(err, errBrokenLog):
		rs.p.Logger.Error("hearing not opened: its state log was changed or damaged", "hearing", id, "err", err)
		return refuseBrokenLog()
	}
	rs.p.Logger.Error("hearing not opened", "hearing", id, "err", err)
	if errors.Is(err, errHeld) {
		return refuseHeld()
	}
	return refuseInternal()
}

// open takes the lease, replays the state log, opens media and evidence, carries
// over what an outage left behind, and notes that this node took the hearing.
// Everything in force before is in force when it returns; nobody was let in yet.
func (rs *Rooms) open(ctx context.Context, id string) (*Room, error) {
	ctx, cancel := context.WithTimeout(ctx, 8*rs.limits.AppendTimeout)
	defer cancel()
	o := &opening{rs: rs, id: id, sig: newSignals(), logger: rs.p.Logger.With("hearing", id)}
	r, err := o.open(ctx)
	if err != nil {
		o.undo()
		return nil, err
	}
	r.start()
	return r, nil
}

// opening is the work of opening one room; undo takes back what was reached.
type opening struct {
	rs     *Rooms
	id     string
	sig    *signals
	logger *slog.Logger

	row      store.Hearing
	keeper   *leaseKeeper
	state    *hearing.State
	lines    [][]byte
	media    MediaRoom
	evidence Evidence
	held     [][]byte // lines of an outage, if known before the evidence log opens
	// over: closed, and its evidence ended.
	over bool
	// overtaken: lines of an outage could not be carried over.
	overtaken bool
}

func (o *opening) open(ctx context.Context) (*Room, error) {
	p, sys := o.rs.p, court.SystemScope()
	row, err := p.Store.Hearing(ctx, sys, o.id)
	if err != nil {
		return nil, err
	}
	o.row = row
	list, err := p.Store.Names(ctx, sys, o.id)
	if err != nil {
		return nil, err
	}
	names := make(map[hearing.PersonID]string, len(list))
	for _, n := range list {
		names[hearing.PersonID(n.Person)] = n.Name
	}
	if err := o.takeLease(ctx); err != nil {
		return nil, err
	}
	if err := o.replay(ctx); err != nil {
		return nil, err
	}
	if err := o.openMedia(ctx); err != nil {
		return nil, err
	}
	if err := o.carryOver(ctx); err != nil {
		return nil, err
	}
	if err := o.note(ctx); err != nil {
		return nil, err
	}
	var left func(context.Context, hearing.Booking) (int, bool)
	if p.Recorder != nil && !o.over {
		left = p.Recorder.Left
	}
	var overseers []OverseerUnit
	if p.Overseers != nil {
		overseers = p.Overseers(row.Unit)
	}
	return newRoom(roomParams{
		left: left, overseers: overseers,
		row: row, epoch: o.keeper.current().Epoch, names: names, booking: o.state.Booking, state: o.state,
		store: p.Store, media: o.media, relay: p.Relay, evidence: o.evidence, now: p.Now, random: p.Random, version: p.Version,
		metrics: p.Metrics, overtaken: o.overtaken, info: p.Info, alarms: p.Alarms,
	}, o.rs.limits, o.sig, o.keeper, o.logger), nil
}

// takeLease takes the lease with an epoch of its own, so that an earlier process
// of the same name that still runs is fenced off.
func (o *opening) takeLease(ctx context.Context) error {
	p, sys, lim := o.rs.p, court.SystemScope(), o.rs.limits
	l, err := p.Store.Acquire(ctx, sys, o.id, p.Node, lim.LeaseTTL)
	if err != nil {
		return err
	}
	if err := p.Store.Release(ctx, sys, l); err != nil {
		return err
	}
	start := p.Now()
	if l, err = p.Store.Acquire(ctx, sys, o.id, p.Node, lim.LeaseTTL); err != nil {
		return err
	}
	o.keeper = &leaseKeeper{
		db: p.Store, limits: lim, logger: o.logger, now: p.Now, sig: o.sig,
		lease: l, until: start.Add(lim.LeaseTTL),
	}
	return nil
}

// errBrokenLog: the state log is not what was written. Nobody may enter on the
// strength of a log that somebody changed.
var errBrokenLog = errors.New("signaling: the state log is broken")

// replay reads the whole log and checks that it is what was written.
func (o *opening) replay(ctx context.Context) error {
	var prev [32]byte
	var epoch uint64
	for {
		lines, err := o.rs.p.Store.Read(ctx, court.SystemScope(), o.id, uint64(len(o.lines))+1, store.MaxReadLines)
		if err != nil {
			return err
		}
		if err := store.VerifyChain(uint64(len(o.lines)), prev, lines); err != nil {
			return fmt.Errorf("%w: %w", errBrokenLog, err)
		}
		for _, l := range lines {
			if l.Epoch < epoch { // across pages
				return fmt.Errorf("%w: line %d of epoch %d after epoch %d", errBrokenLog, l.Seq, l.Epoch, epoch)
			}
			if err := o.apply(l.Line); err != nil {
				return fmt.Errorf("%w: %w", errBrokenLog, err)
			}
			prev, epoch = l.Hash, l.Epoch
		}
		if len(lines) < store.MaxReadLines {
			break
		}
	}
	if o.state == nil {
		return fmt.Errorf("hearing %s has an empty log: %w", o.id, store.ErrNotFound)
	}
	return nil
}

// applied is the state after line; the state at hand stays as it is.
func (o *opening) applied(line []byte) (*hearing.State, error) {
	e, err := hearing.ParseEvent(line)
	if err != nil {
		return nil, fmt.Errorf("%w: line %d: %w", errUnapplicable, len(o.lines)+1, err)
	}
	s, err := hearing.Apply(o.state, e)
	if err != nil {
		return nil, fmt.Errorf("%w: line %d: %w", errUnapplicable, len(o.lines)+1, err)
	}
	return s, nil
}

func (o *opening) apply(line []byte) error {
	s, err := o.applied(line)
	if err != nil {
		return err
	}
	o.state, o.lines = s, append(o.lines, line)
	return nil
}

func (o *opening) openMedia(ctx context.Context) error {
	p := o.rs.p
	over := o.state.Status.Over()
	if over && !o.unfinished(ctx) {
		o.over = true
		return nil
	}
	params := EvidenceParams{
		Hearing: hearing.ID(o.id), Booking: o.state.Booking,
		Epoch: o.keeper.current().Epoch, Notify: o.sig,
	}
	var err error
	if p.Media != nil && !over {
		if o.media, err = p.Media.Room(o.id); err != nil {
			return fmt.Errorf("open media: %w", err)
		}
		params.Room = o.media.SFU()
	}
	if p.Recorder == nil {
		return nil
	}
	// Before recovery puts a damaged tail of the log aside.
	if err := o.readHeld(ctx); err != nil {
		return err
	}
	if o.evidence, err = p.Recorder.Open(ctx, params); err != nil {
		// A hearing without its recorder is better than none: the rules refuse to
		// open it without a reason, and judge and clerk see the trouble.
		o.logger.Error("evidence log not opened", "err", err)
		o.evidence = nil
		o.sig.Recording(false, "not_opened")
	}
	return nil
}

// finisher is a Recorder that knows whether the evidence of a closed hearing
// still lacks its end: the process died between the closing and the end.
type finisher interface {
	Unfinished(ctx context.Context, id hearing.ID) bool
	// AllUnfinished lists the hearings with evidence here of which that is so.
	AllUnfinished(ctx context.Context) ([]hearing.ID, error)
}

func (o *opening) unfinished(ctx context.Context) bool {
	f, ok := o.rs.p.Recorder.(finisher)
	return ok && f.Unfinished(ctx, hearing.ID(o.id))
}

// note puts the take-over into the log.
func (o *opening) note(ctx context.Context) error {
	if o.state.Status.Over() {
		return nil
	}
	sys := hearing.Actor{System: true}
	cmd := hearing.NodeTook{Node: o.rs.p.Node, Epoch: o.keeper.current().Epoch}
	now := o.rs.p.Now()
	bodies, ref := hearing.Decide(o.state, cmd, sys, now)
	if ref != nil {
		return fmt.Errorf("note the take-over: %w", ref)
	}
	b, _, err := number(o.state, bodies, sys, now.UnixMicro())
	if err != nil {
		return err
	}
	for _, line := range b.lines {
		if err := o.appendLine(ctx, line); err != nil {
			return err
		}
		o.copy(ctx, uint64(len(o.lines)))
	}
	return nil
}

// undo leaves things as another attempt or node wants to find them.
func (o *opening) undo() {
	ctx, cancel := context.WithTimeout(context.Background(), o.rs.limits.CloseWait)
	defer cancel()
	if o.evidence != nil {
		if err := o.evidence.Suspend(ctx); err != nil {
			o.logger.Warn("evidence log not suspended", "err", err)
		}
	}
	if o.media != nil {
		o.media.Close()
	}
	if o.keeper != nil {
		o.keeper.release()
	}
}

// at returns the hearing's room if this node hosts it now.
func (rs *Rooms) at(hearingID string) *Room {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.rooms[hearingID]
}
