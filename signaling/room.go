package signaling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Room is the actor of one hearing: a goroutine that alone holds the hearing's
// state, decides commands, and passes on what follows from them.
//
// tip is the state after every event that has a sequence number; eff is the
// state that routes and views are made of. They differ only while an
// enlargement is not durable yet; restrictions decided meanwhile stand in both.
type Room struct {
	p      roomParams
	limits Limits
	logger *slog.Logger

	mail     chan func()
	sig      *signals
	log      *logWriter
	lease    *leaseKeeper
	done     chan struct{} // closed when the actor has ended
	stop     context.CancelFunc
	helpers  sync.WaitGroup
	closers  sync.WaitGroup // peers being closed
	status   atomic.Value   // hearing.Status of eff, for others
	wellness atomic.Uint32  // see tellWellness
	live     atomic.Pointer[LiveHearing]
	info     *infoWriter // nil: none
	releases *releaseWriter
	exhibits *exhibitCopier
	why      *hearing.Refusal // set before done closes: what clients are told

	// of the actor only
	tip, eff  *hearing.State
	inflight  *batch   // the one enlargement under way
	limbo     *batch   // an enlargement whose writing the outage interrupted
	waiting   []*order // enlarging commands in order
	seats     map[hearing.DeviceID]*place
	away      bool
	awaySince time.Time
	leaseAway bool
	recording recordingReport
	reported  recordingReport // as the rules know it
	leftNew   *int            // minutes of recording left, not yet told to the rules
	anchored  time.Time
	anchorNew *checkpointReport
	noteSent  time.Time
	noteNew   *checkpointReport
	closing   bool
	publishDB chan checkpointReport // capacity 1, the latest
	quiet     time.Time             // since when nobody is connected; zero: somebody is
	watch     watch
	closedAt  time.Time // since when all of a closed hearing is written
	alarms    *alarmer  // nil: none
	points    pointMemory
	flaps     flaps
	gallery   gallery
	index     bookingIndex
	presiding hearing.PersonID
	followers []Follower // of now, by name
}

// bookingIndex finds people and devices of a booking by their places in it; a
// state's People and Devices have the same order.
type bookingIndex struct {
	people  map[hearing.PersonID]int
	devices map[hearing.DeviceID]int
}

func newBookingIndex(b hearing.Booking) bookingIndex {
	x := bookingIndex{map[hearing.PersonID]int{}, map[hearing.DeviceID]int{}}
	for i, p := range b.People {
		x.people[p.ID] = i
	}
	for i, d := range b.Devices {
		x.devices[d.ID] = i
	}
	return x
}

// roomParams is what opening a room has found out.
type roomParams struct {
	row      store.Hearing
	epoch    uint64
	names    map[hearing.PersonID]string
	booking  hearing.Booking
	state    *hearing.State
	store    store.Store
	media    MediaRoom // nil when the hearing is closed
	relay    func() (RelayPass, error)
	evidence Evidence // nil when there is none
	// left measures what the disks still take, see Recorder.Left; nil: nobody does.
	left    func(ctx context.Context, b hearing.Booking) (minutes int, ok bool)
	now     func() time.Time
	random  io.Reader
	version string
	metrics *Metrics // may be nil
	// overtaken: orders of an outage were not carried over; told to judge and clerk.
	overtaken bool
	info      InfoStore  // may be nil
	alarms    AlarmStore // may be nil
	overseers []OverseerUnit
}

// order is a command on its way through the actor.
type order struct {
	cmd   hearing.Command
	actor hearing.Actor
	reply func(reply) // nil for the server's own commands
}

// reply is the answer to an order.
type reply struct {
	refusal *hearing.Refusal
	seq     uint64
}

func (o *order) answer(r reply) {
	if o != nil && o.reply != nil {
		o.reply(r)
	}
}

// place is a seat with what the actor keeps about it.
type place struct {
	seat     *seat
	media    *seatMedia
	presence presence
	lastView viewSent
	owner    [32]byte // the sign-in that sits here: its token's hash
}

func newRoom(p roomParams, lim Limits, sig *signals, lease *leaseKeeper, logger *slog.Logger) *Room {
	r := &Room{
		p: p, limits: lim, logger: logger,
		mail: make(chan func(), lim.Mailbox), sig: sig, lease: lease,
		done: make(chan struct{}),
		tip:  p.state, eff: p.state,
		seats:     map[hearing.DeviceID]*place{},
		publishDB: make(chan checkpointReport, 1),
		reported:  recordingReport{p.state.Recorder.On, p.state.Recorder.Trouble},
		info:      newInfoWriter(p.info, lim, logger),
		releases:  newReleaseWriter(p.store, p.row.ID, lim, logger),
		alarms:    newAlarmer(p.alarms, p.row, lim, p.now, logger),
		points:    newPointMemory(),
		flaps:     flaps{},
		index:     newBookingIndex(p.booking),
	}
	for _, q := range p.booking.People {
		if q.Capacity == court.PresidingJudge {
			r.presiding = q.ID
		}
	}
	r.status.Store(p.state.Status)
	r.log = newLogWriter(p.store, p.evidence, lim, logger)
	r.log.lease, r.log.wake, r.log.fatal = lease.current, sig.poke, sig.fail
	r.log.finish, r.log.metrics = r.finishEvidence, p.metrics
	r.exhibits = newExhibitCopier(p.store, p.row.ID, p.evidence, lim, logger)
	r.releases.opened(p.state, p.now())
	return r
}

// start runs the actor and its helpers until Stop or a fatal error. A state
// whose evidence must end (closed before a crash) is ended first.
func (r *Room) start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	writerCtx, stopWriter := context.WithCancel(context.Background())
	r.helpers.Go(func() { r.log.run(writerCtx) })
	helperCtx, stopHelpers := context.WithCancel(context.Background())
	r.helpers.Go(func() { r.lease.run(helperCtx) })
	r.helpers.Go(func() { r.publishCheckpoints(helperCtx) })
	if r.p.left != nil {
		r.helpers.Go(func() { r.watchLeft(helperCtx) })
	}
	r.helpers.Go(func() { r.exhibits.run(helperCtx) })
	r.helpers.Go(func() { r.releases.run(helperCtx) })
	if r.info != nil {
		r.helpers.Go(func() { r.info.run(helperCtx) })
	}
	if r.alarms != nil {
		r.helpers.Go(func() { r.alarms.run(helperCtx) })
	}
	go func() {
		defer close(r.done)
		err := r.runSafely(ctx)
		cancel()
		r.end(err)
		stopHelpers()
		stopWriter()
		r.helpers.Wait()
		r.endEvidence()
		if !errors.Is(err, store.ErrFenced) {
			r.lease.release()
		}
	}()
}

// Stop ends the room in order and waits: clients are told to come back, what is
// decided is written, the evidence log stays open for the next process.
func (r *Room) Stop() {
	r.stop()
	<-r.done
}

// Status is the hearing's state at this moment.
func (r *Room) Status() hearing.Status { return r.status.Load().(hearing.Status) }

// Booking is what stands fixed about the hearing; it is not to be changed.
func (r *Room) Booking() hearing.Booking { return r.p.booking }

// Done is closed when the room has ended.
func (r *Room) Done() <-chan struct{} { return r.done }

// runSafely keeps one hearing's defect from ending the others.
func (r *Room) runSafely(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.logger.Error("room actor failed", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("room actor: %v", p)
		}
	}()
	return r.run(ctx)
}

func (r *Room) run(ctx context.Context) error {
	r.applyRouting()
	r.publish()
	if hearing.RecordComplete(r.tip) {
		r.endHearing()
	}
	tick := time.NewTimer(r.untilNext())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case act := <-r.mail:
			act()
		case <-r.sig.wake:
			if err := r.heed(); err != nil {
				return err
			}
		case <-tick.C:
			r.onTime()
		}
		if err := r.mayGo(r.p.now()); err != nil {
			return err
		}
		tick.Reset(r.untilNext())
	}
}

// heed looks at what helpers report.
func (r *Room) heed() error {
	rec, cp, leaseAway, fatal := r.sig.snapshot()
	// What became durable is answered even when the room has to end now.
	for _, res := range r.log.take() {
		r.onResult(res)
	}
	if fatal != nil {
		return fatal
	}
	r.leaseAway = leaseAway
	if rec != nil {
		r.recording = *rec
		r.p.metrics.trouble(rec.trouble)
	}
	if left := r.sig.takeLeft(); left != nil {
		r.leftNew = left
	}
	if list := r.sig.takeFollowers(); list != nil && !slices.Equal(*list, r.followers) {
		r.heedFollowers(*list)
	}
	if cp != nil {
		r.noteNew = cp
		// While an adjournment is being announced nothing is recorded; the last anchor
		// follows the end.
		if !r.tipClosed() || r.closing {
			r.anchorNew = cp
		}
		r.toDatabase(*cp)
	}
	r.setAway() // before anything that waits is decided
	r.tellWellness()
	r.next()
	r.onTime()
	return nil
}

func (r *Room) setAway() {
	away := r.log.away() || r.leaseAway
	if away == r.away {
		return
	}
	r.away = away
	if away {
		r.awaySince = r.p.now()
		r.logger.Warn("database away: only restrictions are accepted")
		for _, o := range r.waiting {
			o.answer(reply{refusal: refuseDatabaseAway(), seq: r.eff.Seq})
		}
		r.waiting = nil
	} else {
		r.logger.Info("database is back")
	}
	r.publish()
}

// post puts an act of the server or a session into the mailbox; it waits for a
// place until ctx or the room ends.
func (r *Room) post(ctx context.Context, act func()) error {
	select {
	case r.mail <- act:
		return nil
	case <-r.done:
		return errRoomEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errRoomEnded = errors.New("signaling: room has ended")

// submit hands in a command of a person without waiting. A full mailbox answers
// busy; restrictions may use its reserve.
func (r *Room) submit(o *order) {
	if !hearing.Restricts(o.cmd) && len(r.mail) >= cap(r.mail)-r.limits.MailboxReserve {
		o.answer(reply{refusal: refuseBusy()})
		return
	}
	select {
	case <-r.done:
		o.answer(reply{refusal: refuseStopping()})
	case r.mail <- func() { r.process(o) }:
	default:
		o.answer(reply{refusal: refuseBusy()})
	}
}

// end takes the hearing's media and clients away.
func (r *Room) end(err error) {
	r.why = refuseStopping()
	r.p.metrics.ended(err)
	switch {
	case err == nil, errors.Is(err, errQuiet):
	case errors.Is(err, errOver):
		r.why = refuseOver()
	case errors.Is(err, store.ErrFenced):
		r.why = refuseLeased()
		r.logger.Error("fenced by another node, stopping this hearing here", "err", err)
	default:
		r.why = refuseInternal()
		if errors.Is(err, errLeaseLost) {
			r.why = refuseDatabaseAway()
		}
		r.logger.Error("hearing ended on this node", "err", err)
	}
	if r.p.media != nil {
		r.p.media.Close()
	}
	for _, pl := range r.seats {
		pl.media.close()
		pl.seat.end(byeRetry(r.why))
	}
	r.closers.Wait()
}

// endEvidence leaves the evidence log for the next process.
func (r *Room) endEvidence() {
	if r.log.evidence == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.limits.CloseWait)
	defer cancel()
	if err := r.log.evidence.Suspend(ctx); err != nil {
		r.logger.Error("evidence log not suspended in order", "err", err)
	}
}

// finishEvidence ends the evidence of a closed hearing; the writer calls it.
func (r *Room) finishEvidence(ctx context.Context) {
	if r.log.evidence == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*r.limits.CloseWait)
	defer cancel()
	if !r.exhibits.end(ctx) && r.alarms != nil {
		r.alarms.raise(alarmRecorder, "", "", troubleExhibit)
	}
	if err := r.log.evidence.Close(ctx); err != nil {
		r.logger.Error("evidence log not ended in order", "err", err)
	}
}
