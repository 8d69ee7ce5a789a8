package signaling

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// batch is the events of one command on their way into the logs.
type batch struct {
	after uint64 // sequence of the last event before
	lines [][]byte
	// order is who waits for the answer; nil for none.
	order *order
	// restricts: in effect already. fact: bookkeeping of the server, for which
	// the evidence log counts as durable while the database is away.
	restricts, fact bool
	// effective: applied to the state that routes and views are made of.
	effective bool
	bodies    []numbered
}

// outcome is what became of a batch.
type outcome uint8

const (
	outDurable  outcome = iota // in the database
	outHeld                    // database away, in the evidence log
	outUnlogged                // database away, and the evidence log failed too
	outCarried                 // was held, now in the database
)

type result struct {
	b   *batch
	out outcome
}

// stateLog is the part of the store that the writer asks.
type stateLog interface {
	Append(ctx context.Context, sc court.Scope, l store.Lease, after uint64, lines [][]byte) error
}

// logWriter writes one room's state log in strict order, on a goroutine of its
// own so that the actor never waits for a database. While the database is away
// it keeps what must not be lost in the evidence log and carries it over later,
// in the same order with the same bytes.
type logWriter struct {
	log      stateLog
	lease    func() store.Lease
	evidence Evidence // nil: none
	limits   Limits
	logger   *slog.Logger
	wake     func() // tells the actor that results wait
	fatal    func(error)
	finish   func(ctx context.Context) // ends the evidence of a closed hearing
	metrics  *Metrics                  // may be nil

	in chan *batch

	mu      sync.Mutex
	results []result
	held    int
	ended   bool

	// of the goroutine only
	backlog []*batch
	ending  bool
}

func newLogWriter(log stateLog, ev Evidence, lim Limits, logger *slog.Logger) *logWriter {
	return &logWriter{log: log, evidence: ev, limits: lim, logger: logger, in: make(chan *batch, lim.LogQueue)}
}

// room tells whether a batch still fits; the reserve keeps places for
// restrictions and facts.
func (w *logWriter) room(reserve int) bool {
	w.mu.Lock()
	held := w.held
	w.mu.Unlock()
	return len(w.in) < cap(w.in)-reserve && held < w.limits.Backlog-reserve
}

// put hands a batch over. The caller has asked room before and is the only one
// to put, so it never blocks. A nil order with no lines ends the evidence log.
func (w *logWriter) put(b *batch) { w.in <- b }

// away tells whether lines wait for the database.
func (w *logWriter) away() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.held > 0
}

// take returns the results since the last call, in order.
func (w *logWriter) take() []result {
	w.mu.Lock()
	defer w.mu.Unlock()
	rs := w.results
	w.results = nil
	return rs
}

func (w *logWriter) report(b *batch, out outcome) {
	w.mu.Lock()
	w.results = append(w.results, result{b, out})
	w.held = len(w.backlog)
	w.mu.Unlock()
	w.wake()
}

// run writes until ctx ends, then makes one last attempt for everything left.
// Its own deadline for that is limits.CloseWait.
func (w *logWriter) run(ctx context.Context) {
	retry := time.NewTimer(time.Hour)
	retry.Stop()
	defer retry.Stop()
	running := false // new events must not push the next attempt back
	for {
		select {
		case b := <-w.in:
			w.write(ctx, b)
		case <-retry.C:
			running = false
			w.carry(ctx)
		case <-ctx.Done():
			w.drain()
			return
		}
		if len(w.backlog) > 0 && !running {
			retry.Reset(w.limits.RetryEvery)
			running = true
		}
	}
}

func (w *logWriter) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), w.limits.CloseWait)
	defer cancel()
	for {
		select {
		case b := <-w.in:
			w.write(ctx, b)
			continue
		default:
		}
		break
	}
	w.carry(ctx)
}

func (w *logWriter) write(ctx context.Context, b *batch) {
	if len(b.lines) == 0 {
		w.ending = true
		w.endIfDone(ctx)
		return
	}
	if len(w.backlog) > 0 {
		w.hold(ctx, b)
		return
	}
	switch err := w.append(ctx, b); {
	case err == nil:
		w.report(b, outDurable)
		w.copy(ctx, b)
	case final(err):
		w.fatal(err)
	default:
		w.logger.Warn("state log not reachable, going on with the evidence log", "err", err)
		w.hold(ctx, b)
	}
}

// final errors leave nothing to retry: another node writes this log.
func final(err error) bool {
	return errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrConflict)
}

func (w *logWriter) append(ctx context.Context, b *batch) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.limits.AppendTimeout)
	defer cancel()
	began := time.Now()
	err := w.log.Append(ctx, court.SystemScope(), w.lease(), b.after, b.lines)
	w.metrics.appended(began, err)
	return err
}

// copy puts committed lines into the evidence log. A failure there is the
// recorder's trouble and reported by it.
func (w *logWriter) copy(ctx context.Context, b *batch) {
	if w.evidence == nil {
		return
	}
	for i, line := range b.lines {
		if err := w.evidence.Event(ctx, b.after+uint64(i)+1, line, true, false); err != nil {
			w.logger.Error("event not copied into the evidence log", "seq", b.after+uint64(i)+1, "err", err)
		}
	}
}

// hold keeps a batch for later, durable in the evidence log.
func (w *logWriter) hold(ctx context.Context, b *batch) {
	w.backlog = append(w.backlog, b)
	w.metrics.batchHeld()
	if w.evidence == nil {
		w.report(b, outUnlogged)
		return
	}
	for i, line := range b.lines {
		if err := w.evidence.Event(ctx, b.after+uint64(i)+1, line, false, true); err != nil {
			w.logger.Error("event in effect but in no log", "seq", b.after+uint64(i)+1, "err", err)
			w.report(b, outUnlogged)
			return
		}
	}
	w.report(b, outHeld)
}

// carry brings the backlog into the database, oldest first.
func (w *logWriter) carry(ctx context.Context) {
	for len(w.backlog) > 0 {
		b := w.backlog[0]
		err := w.append(ctx, b)
		if err != nil {
			if final(err) {
				w.fatal(err)
			}
			return
		}
		w.backlog = w.backlog[1:]
		w.report(b, outCarried)
		w.copy(ctx, b)
	}
	w.endIfDone(ctx)
}

// endIfDone closes the evidence once the hearing is closed and nothing waits.
func (w *logWriter) endIfDone(ctx context.Context) {
	if !w.ending || len(w.backlog) > 0 || w.finish == nil {
		return
	}
	w.finish(ctx)
	w.finish = nil
	w.evidence = nil
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.wake()
}

// done tells whether everything stands in the database, the evidence log of a
// closed hearing has ended, and no result waits for the actor.
func (w *logWriter) done() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended && w.held == 0 && len(w.results) == 0 && len(w.in) == 0
}

// idle tells whether nothing is on its way into the logs.
func (w *logWriter) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.held == 0 && len(w.results) == 0 && len(w.in) == 0
}
