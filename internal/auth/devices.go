package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Limits of room devices.
const (
	EnrolLife = 15 * time.Minute // of an enrolment code
	NonceLife = time.Minute      // of a challenge to sign

	enrolDigits = 8
	toEnrol     = "device.enrol"
	toSign      = "device.signin"
)

// Room is the signed-in room device of a request.
type Room struct {
	Device  store.RoomDevice
	Session store.AccountSession
}

// enrolment is what an operator promised to whoever brings the code.
type enrolment struct {
	Unit  court.UnitID `json:"unit"`
	By    string       `json:"by"`
	Label string       `json:"label"`
}

// OfferEnrolment makes a code of eight digits with which one room device enrols
// itself in the operator's unit. It is shown once.
func (o *Officials) OfferEnrolment(ctx context.Context, by Official, label string) (code string, ends time.Time, err error) {
	data, err := json.Marshal(enrolment{Unit: by.Unit, By: by.ID, Label: label})
	if err != nil {
		return "", time.Time{}, err
	}
	now := o.p.Now()
	ends = now.Add(EnrolLife)
	for range 3 { // the same code may be open elsewhere
		if code, err = digits(o.p.Rand, enrolDigits); err != nil {
			return "", time.Time{}, err
		}
		err = o.st.PutChallenge(ctx, store.Challenge{Hash: digest(code), Kind: toEnrol, Data: data, Expires: ends}, now)
		if !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	if err == nil {
		err = o.st.AppendAdmin(ctx, o.act(by, "device.offered", "", ""))
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("auth: enrolment: %w", err)
	}
	return code, ends, nil
}

// Enrol takes a code and stores the device's public key (SubjectPublicKeyInfo of
// P-256). Wrong codes are throttled by address, and for the whole process: eight
// digits are few.
func (o *Officials) Enrol(ctx context.Context, code string, key []byte, label, addr string) (string, error) {
	if _, err := publicKey(key); err != nil {
		return "", err
	}
	now := o.p.Now()
	one, err := o.attempt(addr, "")
	if err != nil {
		return "", err
	}
	all, ok := o.enrols.attemptKey("all", now)
	if !ok {
		return "", ErrThrottled
	}
	c, err := o.st.TakeChallenge(ctx, toEnrol, digest(code), now)
	if errors.Is(err, store.ErrUsed) {
		return "", ErrSignIn
	}
	one()
	all()
	var e enrolment
	if err == nil {
		err = json.Unmarshal(c.Data, &e)
	}
	if err != nil {
		return "", fmt.Errorf("auth: enrolment: %w", err)
	}
	if e.Label != "" {
		label = e.Label
	}
	if err := o.stillWorks(ctx, e.By); err != nil {
		return "", err
	}
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return "", fmt.Errorf("auth: randomness: %w", err)
	}
	d := store.RoomDevice{ID: id.String(), Unit: e.Unit, Label: label, PublicKey: key, Enrolled: now, EnrolledBy: e.By}
	err = o.st.PutRoomDevice(ctx, court.ScopeOf(e.Unit), d, store.AdminEntry{
		At: now, Actor: e.By, Unit: e.Unit, What: "device.enrolled", Object: d.ID,
	})
	if err != nil {
		return "", fmt.Errorf("auth: enrolment: %w", err)
	}
	return d.ID, nil
}

// stillWorks gives ErrSignIn when whoever made the code was disabled meanwhile.
func (o *Officials) stillWorks(ctx context.Context, account string) error {
	if account == systemActor {
		return nil
	}
	acc, err := o.st.Account(ctx, court.SystemScope(), account)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !mayEnrol(acc):
		return ErrSignIn
	case err != nil:
		return fmt.Errorf("auth: enrolment: %w", err)
	}
	return nil
}

func mayEnrol(acc store.Account) bool {
	return !acc.Disabled && slices.Contains(acc.Roles, store.RoleOperator)
}

// publicKey reads a P-256 key; store.ErrInvalid for anything else.
func publicKey(spki []byte) (*ecdsa.PublicKey, error) {
	k, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("auth: public key: %w", store.ErrInvalid)
	}
	ec, ok := k.(*ecdsa.PublicKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, fmt.Errorf("auth: public key: %w", store.ErrInvalid)
	}
	return ec, nil
}

// ChallengeDevice makes a nonce, 32 bytes in base64url, for a device to sign. It is given for any name, so
// that nobody learns which devices exist.
func (o *Officials) ChallengeDevice(ctx context.Context, device, addr string) (string, error) {
	if len(device) > MaxLogin {
		device = ""
	}
	if _, ok := o.begins.attempt(addr, o.p.Now()); !ok {
		return "", ErrThrottled
	}
	nonce, hash, err := newToken(o.p.Rand, sessionBytes)
	if err != nil {
		return "", err
	}
	now := o.p.Now()
	err = o.st.PutChallenge(ctx, store.Challenge{Hash: hash, Kind: toSign, Subject: device, Expires: now.Add(NonceLife)}, now)
	if err != nil {
		return "", fmt.Errorf("auth: challenge: %w", err)
	}
	return nonce, nil
}

// SignInDevice signs a room device in by its signature of the nonce's 32 bytes:
// ECDSA with P-256 and SHA-256, r and s of 32 bytes each (IEEE P1363, as Web
// Crypto gives it). The key serves for nothing else, and a nonce is taken once and
// by the device that asked for it, so that nothing more needs to be signed.
func (o *Officials) SignInDevice(ctx context.Context, device, nonce string, signature []byte, addr string) (*http.Cookie, error) {
	giveBack, err := o.attempt(addr, "")
	if err != nil {
		return nil, err
	}
	cookie, err := o.signInDevice(ctx, device, nonce, signature)
	if !errors.Is(err, ErrSignIn) {
		giveBack()
	}
	return cookie, err
}

func (o *Officials) signInDevice(ctx context.Context, device, nonce string, signature []byte) (*http.Cookie, error) {
	c, err := o.st.TakeChallenge(ctx, toSign, digest(nonce), o.p.Now())
	var d store.RoomDevice
	if err == nil {
		d, err = o.st.RoomDevice(ctx, device)
	}
	switch {
	case errors.Is(err, store.ErrUsed), errors.Is(err, store.ErrNotFound):
		return nil, ErrSignIn
	case err != nil:
		return nil, fmt.Errorf("auth: sign in: %w", err)
	case c.Subject != device, d.Revoked, d.ShowsToken(), !signed(d.PublicKey, nonce, signature):
		return nil, ErrSignIn
	}
	cookie, _, err := o.begin(ctx, d.ID, byDevice, o.deviceCookie(), func() (bool, error) {
		now, err := o.st.RoomDevice(ctx, d.ID)
		return err == nil && !now.Revoked, err
	})
	return cookie, err
}

func signed(spki []byte, nonce string, signature []byte) bool {
	key, err := publicKey(spki)
	message, bad := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || bad != nil || len(signature) != 64 {
		return false
	}
	sum := sha256.Sum256(message)
	return ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}

// Room is the signed-in room device of a request. Errors are those of Who.
func (o *Officials) Room(r *http.Request) (Room, error) {
	ses, err := o.session(r, o.deviceCookie())
	if err != nil {
		return Room{}, err
	}
	if ses.Method != byDevice {
		return Room{}, ErrNoSession
	}
	d, err := o.st.RoomDevice(r.Context(), ses.Account)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && d.Revoked:
		return Room{}, ErrNoSession
	case err != nil:
		return Room{}, fmt.Errorf("auth: room device: %w", err)
	}
	return Room{Device: d, Session: ses}, nil
}

// Devices returns those of the official's unit.
func (o *Officials) Devices(ctx context.Context, by Official) ([]store.RoomDevice, error) {
	return o.st.RoomDevices(ctx, by.Scope)
}

// LendDevice lets another court use a room device of the official's unit in its
// hearings, or no longer in those that are booked from now on; a device or a court
// that is not there gives store.ErrNotFound.
func (o *Officials) LendDevice(ctx context.Context, by Official, device string, to court.UnitID, lend bool) error {
	units, err := o.st.Units(ctx, court.ScopeOf(to))
	if err == nil && len(units) == 0 {
		err = store.ErrNotFound
	}
	if err == nil {
		what := map[bool]string{true: "device.lent", false: "device.kept"}[lend]
		err = o.st.LendRoomDevice(ctx, by.Scope, device, to, lend, o.act(by, what, device, "to "+string(to)))
	}
	if err != nil {
		return fmt.Errorf("auth: room device: %w", err)
	}
	return nil
}

// DeviceCourts returns the courts to which a room device of the official's unit is
// lent; else store.ErrNotFound.
func (o *Officials) DeviceCourts(ctx context.Context, by Official, device string) ([]court.UnitID, error) {
	d, err := o.st.RoomDevice(ctx, device)
	if err == nil && !by.Scope.Covers(d.Unit) {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("auth: room device: %w", err)
	}
	return o.st.RoomDeviceCourts(ctx, device)
}

// LentDevices returns the room devices that other units lend to the official's court.
func (o *Officials) LentDevices(ctx context.Context, by Official) ([]store.RoomDevice, error) {
	return o.st.RoomDevicesLentTo(ctx, by.Unit)
}

// Units returns every unit of the installation by id, also those that ended: what
// courts and facilities are called is no secret of any of them.
func (o *Officials) Units(ctx context.Context) ([]store.Unit, error) {
	return o.st.Units(ctx, court.SystemScope())
}

// RevokeDevice ends a room device of the official's unit for good, with its
// sessions and the media of its seats; else store.ErrNotFound.
func (o *Officials) RevokeDevice(ctx context.Context, by Official, device string) error {
	d, err := o.st.RoomDevice(ctx, device)
	if err == nil && !by.Scope.Covers(d.Unit) {
		err = store.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("auth: room device: %w", err)
	}
	d.Revoked = true
	if err := o.st.PutRoomDevice(ctx, by.Scope, d, o.act(by, "device.revoked", d.ID, "")); err != nil {
		return fmt.Errorf("auth: room device: %w", err)
	}
	return o.endSeats(ctx, d.ID)
}
