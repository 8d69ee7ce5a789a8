package office

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// check tells what booking would be told.
func (o *Office) check(c *call) (any, error) {
	k, err := o.examine(c.r.Context(), c, c.body.(*BookingBody))
	if err != nil {
		return nil, err
	}
	a := CheckAnswer{Refusals: k.refusals, Warnings: k.warnings}
	if a.Refusals == nil {
		a.Refusals = []Finding{}
	}
	if a.Warnings == nil {
		a.Warnings = []Finding{}
	}
	return a, nil
}

// book books under the caller's Idempotency-Key.
func (o *Office) book(c *call) (any, error) {
	key, err := idempotencyKey(c)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte("book\n"), c.raw...))
	p, err := o.once(c, key, sum, c.body.(*BookingBody), nil)
	if err != nil {
		return nil, err
	}
	return BookedAnswer{ID: p.ID, DocketNo: c.body.(*BookingBody).Case.DocketNo, Warnings: p.Warnings}, nil
}

func idempotencyKey(c *call) (string, error) {
	key := c.r.Header.Get("Idempotency-Key")
	if len(key) < 8 || len(checkID("", key, 64)) > 0 {
		return "", keyMissing()
	}
	return key, nil
}

// once books a body under a key: the first call draws a plan and keeps it, and
// every call with it brings the hearing about or finds it there. A refusal is not
// kept, since nothing was done. first, if any, is done before the hearing is
// booked as planned, and again after an interruption.
func (o *Office) once(c *call, key string, sum [32]byte, b *BookingBody, first func(plan) error) (plan, error) {
	ctx := c.r.Context()
	kept, err := o.p.Store.Remembered(ctx, c.ID, key)
	switch {
	case err == nil && kept.Digest != sum:
		return plan{}, keyReused()
	case err == nil:
		return o.again(c, kept, b, first)
	case !errors.Is(err, store.ErrNotFound):
		return plan{}, err
	}
	k, err := o.examine(ctx, c, b)
	if err != nil {
		return plan{}, err
	}
	if len(k.refusals) > 0 {
		return plan{}, refused(k.refusals)
	}
	drawn, err := o.plan(c.now.UnixMicro(), k.warnings)
	if err != nil {
		return plan{}, err
	}
	text, err := json.Marshal(drawn)
	if err != nil {
		return plan{}, fmt.Errorf("plan: %w", err)
	}
	kept, err = o.p.Store.Remember(ctx, store.Idempotent{
		Account: c.ID, Key: key, Digest: sum, Status: http.StatusCreated, Body: text, At: c.now,
	})
	if errors.Is(err, store.ErrConflict) {
		return plan{}, keyReused()
	}
	if err != nil {
		return plan{}, err
	}
	return o.again(c, kept, b, first)
}

// again brings a kept plan about. What stands already is left alone: the row of
// the calendar is written last, so that where it stands everything does.
func (o *Office) again(c *call, kept store.Idempotent, b *BookingBody, first func(plan) error) (plan, error) {
	ctx := c.r.Context()
	var p plan
	if err := json.Unmarshal(kept.Body, &p); err != nil {
		return plan{}, fmt.Errorf("kept plan: %w", err)
	}
	sc := court.ScopeOf(c.Unit)
	done, err := alone(ctx, o.writing)
	if err != nil {
		return plan{}, err
	}
	defer done()
	infos, err := o.p.Store.HearingInfos(ctx, sc, []string{p.ID})
	if err != nil {
		return plan{}, err
	}
	if len(infos) == 1 {
		// The answer repeats the tidied number, as the first one did.
		b.Case.DocketNo = tidy(b.Case.DocketNo)
		return p, nil
	}
	// The same body was found in order at that time, so it is built as of then.
	then := *c
	then.now = time.UnixMicro(p.At)
	k, err := o.examine(ctx, &then, b)
	if err != nil {
		return plan{}, err
	}
	if len(k.refusals) > 0 { // an account was disabled in between
		return plan{}, refused(k.refusals)
	}
	if first != nil {
		if err := first(p); err != nil {
			return plan{}, err
		}
	}
	h, names, booking, seats, info := k.build(p, c.Unit, o.courtName(ctx, c.Unit))
	h.Demo, booking.Demo = o.p.Demo, o.p.Demo
	if err := o.p.Book(ctx, h, names, booking); err != nil {
		var ref *hearing.Refusal
		if errors.As(err, &ref) {
			return plan{}, refused([]Finding{{Code: ref.Code, Vi: ref.Vi, En: ref.En}})
		}
		return plan{}, elsewhere(err)
	}
	if err := o.p.Store.PutSeats(ctx, sc, seats); err != nil {
		return plan{}, err
	}
	return p, o.p.Store.PutHearingInfo(ctx, sc, info)
}

// elsewhere: nobody else knows these ids, so whatever stands in the way is the
// same request at work on another node. A repetition finds it complete.
func elsewhere(err error) error {
	if errors.Is(err, store.ErrLeased) || errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrConflict) {
		return busy()
	}
	return err
}

// courtName is how the unit is called; without a directory it has no name.
func (o *Office) courtName(ctx context.Context, unit court.UnitID) string {
	u, err := o.unit(ctx, unit)
	if err != nil || len([]rune(u.Name)) > hearing.MaxLabelRunes {
		return ""
	}
	return u.Name
}

// unit is what the directory knows of a unit, its id at least.
func (o *Office) unit(ctx context.Context, id court.UnitID) (store.Unit, error) {
	if o.p.Directory == nil {
		return store.Unit{ID: id}, nil
	}
	list, err := o.p.Directory.Units(ctx, court.ScopeOf(id))
	for _, u := range list {
		if u.ID == id {
			return u, err
		}
	}
	return store.Unit{ID: id}, err
}
