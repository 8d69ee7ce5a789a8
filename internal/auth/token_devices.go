package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// OfferTokenDevice adds an encoder or a viewing wall to the room devices of the
// operator's unit and makes its token, `<device>.<256 random bits in base64url>`. The
// token is shown once: only the SHA-256 of its secret is stored. With it an encoder
// publishes (WHIP, RFC 9725) and a wall plays (WHEP) in the seats for which the calendar
// names the device; it opens nothing else, and RevokeDevice ends it. store.ErrInvalid:
// devices of that kind show no token.
func (o *Officials) OfferTokenDevice(ctx context.Context, by Official, kind store.DeviceKind, label string) (device, token string, err error) {
	if !(store.RoomDevice{Kind: kind}).ShowsToken() {
		return "", "", store.ErrInvalid
	}
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return "", "", fmt.Errorf("auth: randomness: %w", err)
	}
	secret, hash, err := newToken(o.p.Rand, sessionBytes)
	if err != nil {
		return "", "", err
	}
	d := store.RoomDevice{
		ID: id.String(), Unit: by.Unit, Kind: kind, Label: label, PublicKey: hash[:], Enrolled: o.p.Now(), EnrolledBy: by.ID,
	}
	if err := o.st.PutRoomDevice(ctx, court.ScopeOf(by.Unit), d, o.act(by, "device."+string(kind), d.ID, "")); err != nil {
		return "", "", fmt.Errorf("auth: %w", err)
	}
	return d.ID, d.ID + "." + secret, nil
}

// TokenDevice is the device of this kind whose bearer token (RFC 6750, 2.1) a request
// carries, as the database has it now. Whatever is wrong with the token gives
// ErrNoSession, with the device that was named if there is such a one; ErrThrottled:
// wrong ones came too often from this address. It opens no seat by itself.
func (o *Officials) TokenDevice(r *http.Request, kind store.DeviceKind) (store.RoomDevice, error) {
	token, given := bearer(r)
	if !given {
		return store.RoomDevice{}, ErrNoSession
	}
	giveBack, ok := o.wrong.attempt(r.RemoteAddr, o.p.Now())
	if !ok {
		return store.RoomDevice{}, ErrThrottled
	}
	id, secret, _ := strings.Cut(token, ".")
	d, err := o.st.RoomDevice(r.Context(), id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.RoomDevice{}, ErrNoSession
	case err != nil:
		giveBack()
		return store.RoomDevice{}, fmt.Errorf("auth: %w", err)
	}
	hash := digest(secret)
	if !d.ShowsToken() || d.Kind != kind || subtle.ConstantTimeCompare(hash[:], d.PublicKey) != 1 || d.Revoked {
		return d, ErrNoSession
	}
	giveBack()
	return d, nil
}

// SignInTokenDevice begins a sign-in of a device that has just shown its token. Nobody
// gets a cookie of it; SignOutRoom, a revocation and SessionMax end it.
func (o *Officials) SignInTokenDevice(ctx context.Context, d store.RoomDevice) (Room, error) {
	_, ses, err := o.begin(ctx, d.ID, byDevice, o.deviceCookie(), func() (bool, error) {
		now, err := o.st.RoomDevice(ctx, d.ID)
		return err == nil && !now.Revoked, err
	})
	return Room{Device: d, Session: ses}, err
}

// SignOutRoom ends a sign-in of a room device with its seats, their connections and
// their media.
func (o *Officials) SignOutRoom(ctx context.Context, d Room) error {
	seats, err := o.st.EndAccountSession(ctx, d.Session.TokenHash)
	if err != nil {
		return fmt.Errorf("auth: sign out: %w", err)
	}
	o.endMedia(ctx, seats)
	return nil
}
