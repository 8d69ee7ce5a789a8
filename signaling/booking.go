package signaling

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"golang.org/x/text/unicode/norm"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// BookHearing creates a hearing: its row, the names of its people, and the
// first event of its log. Called again with the same arguments it completes what
// an earlier call began, or finds it complete; a hearing that stands otherwise
// under this id or room gives store.ErrConflict.
func BookHearing(ctx context.Context, st store.Store, node string, h store.Hearing, names []store.PersonName,
	b hearing.Booking, now time.Time,
) error {
	actor := hearing.Actor{System: true}
	bodies, ref := hearing.Decide(nil, hearing.Book{Booking: b}, actor, now)
	if ref != nil {
		return fmt.Errorf("book hearing: %w", ref)
	}
	batch, s, err := number(nil, bodies, actor, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("book hearing: %w", err)
	}
	if err := book(ctx, st, node, h, names, batch); err != nil {
		return fmt.Errorf("book hearing: %w", err)
	}
	// Of an earlier call the first stands, which says the same.
	if err := st.PutRelease(ctx, court.SystemScope(), releaseOf(s, now.UnixMicro())); err != nil && !errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("book hearing: %w", err)
	}
	return nil
}

func book(ctx context.Context, st store.Store, node string, h store.Hearing, names []store.PersonName, b *batch) error {
	sys := court.SystemScope()
	err := st.CreateHearing(ctx, sys, h, names)
	if errors.Is(err, store.ErrConflict) {
		var done bool
		if done, err = bookedBefore(ctx, st, h, names, b); done {
			return nil
		}
	}
	if err != nil {
		return err
	}
	l, err := st.Acquire(ctx, sys, h.ID, node, 15*time.Second)
	if err != nil {
		return err
	}
	// The lease goes back in any case, so that a repetition need not wait for it.
	return errors.Join(st.Append(ctx, sys, l, 0, b.lines), st.Release(ctx, sys, l))
}

// bookedBefore looks at what stands in the place of a new hearing: the same row
// and names without a first line (done is false), the same with the same booking
// as its first line (done), or another hearing (ErrConflict).
func bookedBefore(ctx context.Context, st store.Store, h store.Hearing, names []store.PersonName, b *batch) (done bool, err error) {
	sys := court.SystemScope()
	row, err := st.Hearing(ctx, sys, h.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, store.ErrConflict // of the room
	}
	if err != nil {
		return false, err
	}
	standing, err := st.Names(ctx, sys, h.ID)
	if err != nil {
		return false, err
	}
	h.DocketNo, h.Title = norm.NFC.String(h.DocketNo), norm.NFC.String(h.Title)
	if row != h || !sameNames(standing, names) {
		return false, store.ErrConflict
	}
	lines, err := st.Read(ctx, sys, h.ID, 1, 1)
	if err != nil || len(lines) == 0 {
		return false, err
	}
	first, err := hearing.ParseEvent(lines[0].Line)
	if err != nil {
		return false, err
	}
	if !reflect.DeepEqual(first.Body, b.bodies[0].Body) {
		return false, store.ErrConflict
	}
	return true, nil
}

func sameNames(standing, names []store.PersonName) bool {
	if len(standing) != len(names) {
		return false
	}
	by := make(map[string]string, len(standing))
	for _, n := range standing {
		by[n.Person] = n.Name
	}
	for _, n := range names {
		if name, ok := by[n.Person]; !ok || name != norm.NFC.String(n.Name) {
			return false
		}
	}
	return true
}
