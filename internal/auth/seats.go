package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// SeatLister finds who may take which seat; store.Office has it.
type SeatLister interface {
	Seats(ctx context.Context, sc court.Scope, hearing string) ([]store.Seat, error)
}

// SeatEnder ends the live connections and media of sessions that have ended. It
// must be harmless for a session that has none. Matching is by TokenHash: another
// may sit in the same seat by now.
type SeatEnder interface {
	EndSeats(ctx context.Context, ended []store.Session)
}

// EnterSeat gives an official the session of a seat, if a Seat row names the
// account for exactly this hearing, person and device; else ErrForbidden, also
// for a hearing that does not exist. parent is the session it is entered from:
// when that ends, the seat's does. No role opens a seat.
func (o *Officials) EnterSeat(ctx context.Context, w Who, hearing, person, device string) (*http.Cookie, store.Session, error) {
	if w.Account.MustChange {
		return nil, store.Session{}, ErrMustChange
	}
	return o.enter(ctx, w.Session, hearing, person, device, func(s store.Seat) bool { return s.Account == w.Account.ID })
}

// Enter is EnterSeat of a request's official.
func (o *Officials) Enter(ctx context.Context, r *http.Request, hearing, person, device string) (*http.Cookie, error) {
	w, err := o.Account(r)
	if err != nil {
		return nil, err
	}
	cookie, _, err := o.EnterSeat(ctx, w, hearing, person, device)
	return cookie, err
}

// EnterRoomSeat is EnterSeat of a room device.
func (o *Officials) EnterRoomSeat(ctx context.Context, d Room, hearing, person, device string) (*http.Cookie, store.Session, error) {
	return o.enter(ctx, d.Session, hearing, person, device, func(s store.Seat) bool { return s.RoomDevice == d.Device.ID })
}

func (o *Officials) enter(ctx context.Context, parent store.AccountSession, hearing, person, device string,
	mine func(store.Seat) bool,
) (*http.Cookie, store.Session, error) {
	if o.p.Seats == nil || o.p.Auth == nil {
		return nil, store.Session{}, ErrForbidden
	}
	// The row is the permission: officials of a procuracy or a detention facility
	// take seats in a court's hearing, which their own scope does not reach.
	seats, err := o.p.Seats.Seats(ctx, court.SystemScope(), hearing)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, store.Session{}, fmt.Errorf("auth: seats: %w", err)
	}
	allowed := false
	for _, s := range seats {
		allowed = allowed || (s.Hearing == hearing && s.Person == person && s.Device == device && mine(s))
	}
	if !allowed {
		return nil, store.Session{}, ErrForbidden
	}
	cookie, ses, err := o.p.Auth.seat(ctx, store.Session{
		Hearing: hearing, Person: person, Device: device, Owner: parent.Account, Parent: parent.TokenHash,
	})
	if err != nil {
		return nil, store.Session{}, err
	}
	// Whoever ended the parent before now has not seen the seat's session.
	_, err = o.st.AccountSessionByToken(ctx, parent.TokenHash, o.p.Now())
	if err == nil {
		return cookie, ses, nil
	}
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoSession
	}
	o.p.Auth.memory.end(ses.TokenHash)
	return nil, store.Session{}, errors.Join(err, o.p.Auth.p.Store.EndSession(ctx, ses.TokenHash))
}

// seat starts the session of a seat without an invitation. Its caller has checked
// that it may.
func (a *Auth) seat(ctx context.Context, ses store.Session) (*http.Cookie, store.Session, error) {
	secret, hash, err := a.token(sessionBytes)
	if err != nil {
		return nil, store.Session{}, err
	}
	now := a.p.Now()
	ses.TokenHash, ses.Created, ses.LastSeen, ses.Expires = hash, now, now, now.Add(SessionLife)
	if err := a.p.Store.CreateSession(ctx, ses); err != nil {
		return nil, store.Session{}, fmt.Errorf("auth: enter seat: %w", err)
	}
	return a.cookie(secret, ses.Expires), ses, nil
}

// endSeats ends the media of an owner's seats whose sessions the database has
// ended, now or before.
func (o *Officials) endSeats(ctx context.Context, owner string) error {
	// Once the rows say so it must happen, also when the caller has hung up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	seats, err := o.st.SeatSessions(ctx, owner, o.p.Now())
	if err != nil {
		return fmt.Errorf("auth: sessions of seats: %w", err)
	}
	var ended []store.Session
	for _, s := range seats {
		if s.Revoked {
			ended = append(ended, s)
		}
	}
	if len(ended) == 0 {
		return nil
	}
	if o.p.Auth != nil {
		for _, s := range ended {
			o.p.Auth.memory.end(s.TokenHash) // also while the database is away
		}
	}
	if o.p.Ender != nil {
		o.p.Ender.EndSeats(ctx, ended)
	}
	return nil
}

// SeatCalendar finds the seats of an account or room device in hearings that start
// in [fromMicros, toMicros); store.Office has it.
type SeatCalendar interface {
	SeatsOfAccount(ctx context.Context, account string, fromMicros, toMicros int64) ([]store.Seat, error)
	SeatsOfRoomDevice(ctx context.Context, device string, fromMicros, toMicros int64) ([]store.Seat, error)
}

// liveSpan is how far from now a hearing in progress may have been set to start.
const liveSpan = 24 * time.Hour

// SeatsLive makes OfficialsParams.Live: an owner is busy while one of its seats is
// in a hearing in progress. A calendar that cannot be read counts as busy: nobody
// is signed out because the database left in the middle of a hearing.
func SeatsLive(seats SeatCalendar, live func(hearing string) bool, now func() time.Time) func(ctx context.Context, owner string) bool {
	return func(ctx context.Context, owner string) bool {
		from, to := now().Add(-liveSpan).UnixMicro(), now().Add(liveSpan).UnixMicro()
		for _, of := range []func(context.Context, string, int64, int64) ([]store.Seat, error){seats.SeatsOfAccount, seats.SeatsOfRoomDevice} {
			list, err := of(ctx, owner, from, to)
			if err != nil {
				return true
			}
			for _, s := range list {
				if live(s.Hearing) {
					return true
				}
			}
		}
		return false
	}
}

// endTime bounds the ending of media after a revocation (reliability 2.1: dead
// within 2 s).
const endTime = 2 * time.Second
