package lgsp

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Bounds of the outbox.
const (
	MaxTries  = 20               // then a report counts as refused: about 12 hours
	firstWait = 10 * time.Second // before the second try, doubled each time
	maxWait   = time.Hour        // between two tries
	lookEvery = 15 * time.Second // for what is due
)

// What the access log keeps, of the account that had it sent.
const (
	noteSent    = "lgsp.sent"
	noteRefused = "lgsp.refused"
)

// Reasons of ours, where the platform gave none.
const (
	reasonNoAnswer = "no_answer"
	reasonGivenUp  = "given_up"
)

// OutboxParams of New. Now and Logger are needed.
type OutboxParams struct {
	Store interface {
		DueReports(ctx context.Context, sc court.Scope, now time.Time) ([]store.OutgoingReport, error)
		TriedOutgoing(ctx context.Context, sc court.Scope, r store.OutgoingReport) error
	}
	Sender Sender
	Note   func(unit court.UnitID, hearing, account, what string) // the access log; must not wait
	Now    func() time.Time
	Logger *slog.Logger
}

// Outbox sends what waits in the database. Two nodes may send the same report at once:
// its key makes it one.
type Outbox struct {
	p    OutboxParams
	wake chan struct{}
}

// NewOutbox wires it; Run does the work.
func NewOutbox(p OutboxParams) *Outbox { return &Outbox{p, make(chan struct{}, 1)} }

// Wake has it look at once.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends.
func (o *Outbox) Run(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		if err := o.Look(ctx); err != nil && ctx.Err() == nil {
			o.p.Logger.Warn("outgoing reports", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-o.wake:
		}
	}
}

// Look tries each report that is due, once.
func (o *Outbox) Look(ctx context.Context) error {
	list, err := o.p.Store.DueReports(ctx, court.SystemScope(), o.p.Now())
	if err != nil {
		return err
	}
	for _, r := range list {
		err := o.p.Sender.Send(ctx, r.ID, r.Body)
		if ctx.Err() != nil { // stopping: the try says nothing
			return ctx.Err()
		}
		o.settle(&r, err)
		err = o.p.Store.TriedOutgoing(ctx, court.SystemScope(), r)
		if errors.Is(err, store.ErrConflict) {
			continue // another node was first
		}
		if err != nil {
			return err
		}
		o.tell(r)
	}
	return nil
}

func (o *Outbox) settle(r *store.OutgoingReport, err error) {
	now := o.p.Now()
	var refused *Refused
	switch {
	case err == nil:
		r.State, r.Settled, r.Reason = store.OutgoingSent, now, ""
	case errors.As(err, &refused):
		r.State, r.Settled, r.Reason = store.OutgoingRefused, now, refused.Reason
	case r.Tries+1 >= MaxTries:
		r.State, r.Settled, r.Reason = store.OutgoingRefused, now, reasonGivenUp
	default:
		r.Due, r.Reason = now.Add(min(firstWait<<min(r.Tries, 10), maxWait)), reasonNoAnswer
		var status *statusError
		if errors.As(err, &status) {
			r.Reason = "HTTP " + strconv.Itoa(status.code)
		}
	}
}

func (o *Outbox) tell(r store.OutgoingReport) {
	o.p.Logger.Info("outgoing report", "report", r.ID, "state", string(r.State), "tries", r.Tries+1, "reason", r.Reason)
	switch r.State {
	case store.OutgoingSent:
		o.p.Note(r.Unit, "", r.Account, noteSent)
	case store.OutgoingRefused:
		o.p.Note(r.Unit, "", r.Account, noteRefused)
	}
}
