package signaling

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// releaseByCourt is store.Release.By where the state alone tells that the court decided,
// and not who of it: after the room was opened anew.
const releaseByCourt = "court"

// ReleaseStore keeps what held of following hearings from outside; store.Oversight has it.
type ReleaseStore interface {
	PutRelease(ctx context.Context, sc court.Scope, r store.Release) error
}

// releaseWriter writes what holds of following the hearing from outside, for the figures
// of oversight, behind the actor's back: what holds when the room opens, and each durable
// event that changes it. One that the database does not take holds up those behind it;
// beyond Limits.Alarms the newest are dropped and logged, and the next opening of the
// room says again what holds then.
type releaseWriter struct {
	st      ReleaseStore
	hearing string
	limits  Limits
	logger  *slog.Logger
	mail    chan store.Release
}

func newReleaseWriter(st ReleaseStore, id string, lim Limits, logger *slog.Logger) *releaseWriter {
	return &releaseWriter{st: st, hearing: id, limits: lim, logger: logger, mail: make(chan store.Release, lim.Alarms)}
}

// releaseOf is what holds in a state, told at a time.
func releaseOf(s *hearing.State, at int64) store.Release {
	m := hearing.ViewFor(s, hearing.Reader{System: true}).Monitoring
	r := store.Release{Hearing: string(s.Booking.Hearing), Seq: s.Seq, At: time.UnixMicro(at).UTC(), To: store.ReleaseTo(m.To), Units: m.Units, Reason: m.Reason}
	if m.Decided {
		r.By = releaseByCourt
	}
	return r
}

// opened notes what holds of a hearing that can still be followed.
func (w *releaseWriter) opened(s *hearing.State, now time.Time) {
	if !s.Status.Over() {
		w.raise(releaseOf(s, now.UnixMicro()))
	}
}

// durable notes what events of the log changed; s is the state that has them all.
func (w *releaseWriter) durable(events []hearing.Event, s *hearing.State) {
	for _, e := range events {
		switch b := e.Body.(type) {
		case hearing.MonitoringSet:
			w.raise(store.Release{
				Hearing: w.hearing, Seq: e.Seq, At: time.UnixMicro(e.At).UTC(), To: store.ReleaseTo(b.To), Units: b.Units, Reason: b.Reason,
				By: string(e.Actor.Person),
			})
		case hearing.VisibilitySet:
			// Behind doors that just closed nobody follows. Doors that open give back what
			// was said in public; if they are closed again by now, the next event says so.
			r := store.Release{To: store.ReleasedToNone}
			if b.To != hearing.ClosedDoors && s.Visibility != hearing.ClosedDoors {
				r = releaseOf(s, e.At)
			}
			r.Hearing, r.Seq, r.At = w.hearing, e.Seq, time.UnixMicro(e.At).UTC()
			w.raise(r)
		}
	}
}

// raise queues one; it never waits.
func (w *releaseWriter) raise(r store.Release) {
	select {
	case w.mail <- r:
	default:
		w.logger.Error("too many releases wait, one was dropped", "seq", r.Seq)
	}
}

// run writes until ctx ends, then tries once for what is left.
func (w *releaseWriter) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			w.drain()
			return
		case r := <-w.mail:
			for !w.put(ctx, r) {
				if !pause(ctx, w.limits.RetryEvery) {
					w.put(context.WithoutCancel(ctx), r)
					break
				}
			}
		}
	}
}

func (w *releaseWriter) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), w.limits.CloseWait)
	defer cancel()
	for {
		select {
		case r := <-w.mail:
			w.put(ctx, r)
		default:
			return
		}
	}
}

// put tells whether it is written, or never can be. What stands at that place of the log
// already says the same: it was told before.
func (w *releaseWriter) put(ctx context.Context, r store.Release) bool {
	ctx, cancel := context.WithTimeout(ctx, w.limits.AppendTimeout)
	defer cancel()
	err := w.st.PutRelease(ctx, court.SystemScope(), r)
	switch {
	case err == nil, errors.Is(err, store.ErrConflict):
		return true
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		w.logger.Error("release refused by the database", "seq", r.Seq, "err", err)
		return true
	}
	w.logger.Warn("release not written, tried again", "seq", r.Seq, "err", err)
	return false
}
