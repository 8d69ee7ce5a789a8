package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
// for a hearing that does not exist. It is a part of the sign-in that it was
// entered from, as old as that, and ends with it at the latest. No role opens a
// seat.
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
		Created: parent.Created, Expires: parent.Expires,
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

// seat starts the session of a seat without an invitation, in the time of the
// sign-in it is entered from. Its caller has checked that it may.
func (a *Auth) seat(ctx context.Context, ses store.Session) (*http.Cookie, store.Session, error) {
	secret, hash, err := a.token(sessionBytes)
	if err != nil {
		return nil, store.Session{}, err
	}
	ses.TokenHash, ses.LastSeen = hash, a.p.Now()
	if err := a.p.Store.CreateSession(ctx, ses); err != nil {
		return nil, store.Session{}, fmt.Errorf("auth: enter seat: %w", err)
	}
	return a.cookie(secret, ses.Created.Add(SessionMax)), ses, nil
}

// endSeats ends the media of an owner's seats whose sessions the database has
// ended, now or before.
func (o *Officials) endSeats(ctx context.Context, owner string) error {
	// Once the rows say so it must happen, also when the caller has hung up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	// No connection is of a session that began earlier, however long it was kept.
	seats, err := o.st.SeatSessions(ctx, owner, o.p.Now().Add(-SessionMax))
	if err != nil {
		return fmt.Errorf("auth: sessions of seats: %w", err)
	}
	o.endMedia(ctx, slices.DeleteFunc(seats, func(s store.Session) bool { return !s.Revoked }))
	return nil
}

// endMedia ends connections and media of sessions that the database has ended.
func (o *Officials) endMedia(ctx context.Context, ended []store.Session) {
	if len(ended) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	if o.p.Auth != nil {
		for _, s := range ended {
			o.p.Auth.memory.end(s.TokenHash) // also while the database is away
		}
	}
	if o.p.Ender != nil {
		o.p.Ender.EndSeats(ctx, ended)
	}
}

// RevokeInvitation voids a person's unused invitations to a hearing of the
// official's unit and ends what used ones have opened, media included. A hearing
// elsewhere or nowhere gives store.ErrNotFound; a person without an invitation is
// no error.
func (o *Officials) RevokeInvitation(ctx context.Context, by Official, hearing, person string) error {
	ended, err := o.p.Auth.p.Store.RevokeInvitations(ctx, by.Scope, hearing, person)
	if err != nil {
		return fmt.Errorf("auth: invitation: %w", err)
	}
	o.endMedia(ctx, ended)
	return nil
}

// SeatCalendar finds the hearings of a room device; store.Store has it.
type SeatCalendar interface {
	SeatsOfRoomDevice(ctx context.Context, device string, fromMicros, toMicros int64) ([]store.Seat, error)
	Hearing(ctx context.Context, sc court.Scope, id string) (store.Hearing, error)
	HearingInfos(ctx context.Context, sc court.Scope, hearings []string) ([]store.HearingInfo, error)
}

// RoomSeat is a seat of a room device with when its hearing is and how it stands;
// nothing of the case.
type RoomSeat struct {
	store.Seat
	StartsAt int64 // UTC unix microseconds
	Minutes  int   // scheduled length; 0: not known
	Status   string
}

// RoomSeats returns the seats of a room device in hearings that start in [from,
// to), of whatever unit, by start.
func (o *Officials) RoomSeats(ctx context.Context, d Room, from, to time.Time) ([]RoomSeat, error) {
	if o.p.Calendar == nil {
		return nil, nil
	}
	seats, err := o.p.Calendar.SeatsOfRoomDevice(ctx, d.Device.ID, from.UnixMicro(), to.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("auth: seats: %w", err)
	}
	var ids []string
	for _, s := range seats {
		if !slices.Contains(ids, s.Hearing) {
			ids = append(ids, s.Hearing)
		}
	}
	// The rows are the permission, as in enter.
	infos, err := o.p.Calendar.HearingInfos(ctx, court.SystemScope(), ids)
	if err != nil {
		return nil, fmt.Errorf("auth: seats: %w", err)
	}
	var out []RoomSeat
	for _, s := range seats {
		h, err := o.p.Calendar.Hearing(ctx, court.SystemScope(), s.Hearing)
		if err != nil {
			return nil, fmt.Errorf("auth: seats: %w", err)
		}
		r := RoomSeat{Seat: s, StartsAt: h.StartsAt}
		if i := slices.IndexFunc(infos, func(i store.HearingInfo) bool { return i.Hearing == s.Hearing }); i >= 0 {
			r.Minutes, r.Status = infos[i].Minutes, infos[i].Status
		}
		out = append(out, r)
	}
	return out, nil
}

// endTime bounds the ending of media after a revocation (reliability 2.1: dead
// within 2 s).
const endTime = 2 * time.Second
