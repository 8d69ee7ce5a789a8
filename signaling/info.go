package signaling

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// InfoStore keeps what calendars show of a hearing; store.Office has it.
type InfoStore interface {
	PutHearingInfo(ctx context.Context, sc court.Scope, i store.HearingInfo) error
}

// infoWriter writes a hearing's row of the calendar behind the actor's back. The
// latest counts: while the database is away one row waits, and no more.
type infoWriter struct {
	st     InfoStore
	limits Limits
	logger *slog.Logger
	wake   chan struct{} // capacity 1

	mu   sync.Mutex
	next *store.HearingInfo // not written yet

	noted infoKey // of the actor only
}

// infoKey is what changes in a row.
type infoKey struct {
	status hearing.Status
	phase  court.Phase
	closed bool
}

func newInfoWriter(st InfoStore, lim Limits, logger *slog.Logger) *infoWriter {
	if st == nil {
		return nil
	}
	return &infoWriter{st: st, limits: lim, logger: logger, wake: make(chan struct{}, 1)}
}

// note takes the state's row, if it changed. It never waits; a nil writer writes
// nothing.
func (w *infoWriter) note(s *hearing.State, now time.Time) {
	if w == nil {
		return
	}
	key := infoKey{s.Status, s.Phase, s.Visibility == hearing.ClosedDoors}
	if key == w.noted {
		return
	}
	w.noted = key
	row := infoOf(s, now)
	w.mu.Lock()
	w.next = &row
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// infoOf is the calendar's row of a state.
func infoOf(s *hearing.State, now time.Time) store.HearingInfo {
	b := s.Booking
	i := store.HearingInfo{
		Hearing: string(b.Hearing), EFileCode: b.Reference, Procedure: string(b.Procedure), Instance: b.Instance,
		Form: string(b.Form), Status: string(s.Status), Phase: string(s.Phase),
		Closed: s.Visibility == hearing.ClosedDoors, Minutes: b.Minutes, OpenedAt: s.OpenedAt, Updated: now.UnixMicro(),
	}
	if s.OpenedAt != 0 && (s.Status.Over() || s.Status == hearing.Suspended) {
		i.EndedAt = s.Since
	}
	for _, p := range b.Points {
		i.Points = append(i.Points, store.InfoPoint{ID: p.ID, Name: p.Name, Kind: string(p.Kind), Unit: p.Unit})
	}
	return i
}

// run writes until ctx ends, and then once more.
func (w *infoWriter) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			w.write(context.WithoutCancel(ctx))
			return
		case <-w.wake:
		}
		for !w.write(ctx) {
			if !pause(ctx, w.limits.RetryEvery) {
				break
			}
		}
	}
}

// write tells whether nothing is left to write.
func (w *infoWriter) write(ctx context.Context) bool {
	w.mu.Lock()
	row := w.next
	w.mu.Unlock()
	if row == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, w.limits.AppendTimeout)
	defer cancel()
	if err := w.st.PutHearingInfo(ctx, court.SystemScope(), *row); err != nil {
		w.logger.Warn("calendar not written, tried again", "err", err)
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next == row {
		w.next = nil
	}
	return w.next == nil
}

// pause waits d; false when ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
