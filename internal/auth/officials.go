package auth

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Errors of officials' sign-in. Whatever is wrong with a login, a password, a
// passkey or a certificate gives the same ErrSignIn, so that nobody learns by
// trying which accounts exist.
var (
	ErrSignIn = errors.New("auth: sign-in refused")
	// ErrMustChange wraps ErrNoSession: with a password that somebody else has set
	// nothing but its change is possible.
	ErrMustChange = fmt.Errorf("%w: the password must be changed first", ErrNoSession)
	// ErrStepUp: the act asks for a proof of who one is from the last StepUpLife.
	ErrStepUp = errors.New("auth: fresh proof needed")
	// ErrForbidden: the roles do not allow it.
	ErrForbidden = errors.New("auth: not allowed")
	// ErrOwnAccount: nobody administers oneself.
	ErrOwnAccount = errors.New("auth: own account")
	// ErrTwoNeeded: the act has to be proposed and confirmed by another administrator.
	ErrTwoNeeded = errors.New("auth: two administrators needed")
	// ErrOwnProposal: nobody confirms what they proposed.
	ErrOwnProposal = errors.New("auth: own proposal")
	// ErrNoCertificate: the connection carries no certificate of the known authorities.
	ErrNoCertificate = errors.New("auth: no certificate")
	// ErrNotOffered: this installation has no such way to sign in.
	ErrNotOffered = errors.New("auth: not offered here")
)

// Cookie names of officials and of room devices, beside that of a seat.
const (
	OfficeCookieName     = "__Host-phientoa-office"
	DemoOfficeCookieName = "phientoa_demo_office"
	DeviceCookieName     = "__Host-phientoa-device"
	DemoDeviceCookieName = "phientoa_demo_device"
)

// Ways to sign in.
const (
	byPassword    = "password"
	byPasskey     = "passkey"
	byCertificate = "certificate"
	byDevice      = "device"
)

// passkeyBegins is how many ceremonies an address may begin in a minute: a whole
// court behind one address signs in at eight o'clock.
const passkeyBegins = 120

// OfficialStore is what officials' sign-in asks of the database; store.Store has it.
type OfficialStore interface {
	store.Accounts
	store.Services
}

// OfficialsParams of NewOfficials.
type OfficialsParams struct {
	Store OfficialStore
	Auth  *Auth            // makes the sessions of seats
	Now   func() time.Time // default time.Now
	Rand  io.Reader        // default crypto/rand
	// Demo: cookies for http://, which cannot be Secure.
	Demo bool
	// Seats finds who may enter which seat; nil: nobody without an invitation.
	Seats SeatLister
	// Calendar finds the hearings of room devices; nil: they have none.
	Calendar SeatCalendar
	// Ender ends the media of seats whose sessions ended; nil: they end with their
	// connection's next check.
	Ender SeatEnder
	// Host is the name under which browsers reach the court (RPID of WebAuthn),
	// Origins the exact origins; without either there are no passkeys.
	Host    string
	Origins []string
	// ClientCAs are the authorities of officials' certificates as they are known now;
	// nil: none is taken.
	ClientCAs func() *x509.CertPool
	Cost      Argon2 // default DefaultArgon2
}

// Officials signs in who works for a court or procuracy, and administers who may.
// It is safe for concurrent use and owns no goroutine.
type Officials struct {
	p         OfficialsParams
	st        store.Accounts
	services  store.Services
	hasher    *hasher
	web       *webauthn.WebAuthn // nil: no passkeys
	addresses *throttle
	logins    *throttle
	begins    *throttle
	enrols    *throttle
	tokens    *throttle // by token
	wrong     *throttle // wrong tokens, by address
}

// NewOfficials wires them. It fails when Host or Origins cannot be used for passkeys.
func NewOfficials(p OfficialsParams) (*Officials, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Rand == nil {
		p.Rand = rand.Reader
	}
	o := &Officials{
		p: p, st: p.Store, services: p.Store, hasher: newHasher(p.Cost, p.Rand),
		addresses: newThrottle(attemptsPerMinute), logins: newThrottle(attemptsPerMinute),
		begins: newThrottle(passkeyBegins), enrols: newThrottle(enrolsPerMinute),
		tokens: newThrottle(tokensPerMinute), wrong: newThrottle(wrongPerMinute),
	}
	if p.Host != "" && len(p.Origins) > 0 {
		resident := true
		web, err := webauthn.New(&webauthn.Config{
			RPID: p.Host, RPDisplayName: "Phiên tòa trực tuyến", RPOrigins: p.Origins,
			AttestationPreference: protocol.PreferNoAttestation,
			AuthenticatorSelection: protocol.AuthenticatorSelection{
				RequireResidentKey: &resident, ResidentKey: protocol.ResidentKeyRequirementRequired,
				UserVerification: protocol.VerificationRequired,
			},
		})
		if err != nil {
			return nil, fmt.Errorf("auth: passkeys: %w", err)
		}
		o.web = web
	}
	return o, nil
}

// Who is the signed-in account of a request.
type Who struct {
	Account store.Account
	Session store.AccountSession
	// Scope is the account's own unit, whatever its roles.
	Scope court.Scope
}

// Official is the form in which others ask.
func (w Who) Official() Official {
	return Official{
		ID: w.Account.ID, Unit: w.Account.Unit, Name: w.Account.Name, Roles: w.Account.Roles,
		Scope: w.Scope, SteppedUp: w.Session.SteppedUp,
	}
}

// Who is the official, or the other system, of a request that may act. ErrNoSession,
// also as ErrMustChange: there is none, for good; any other error passes. A request
// with an Authorization header stands for its token alone, whatever cookies it has.
func (o *Officials) Who(r *http.Request) (Official, error) {
	if token, given := bearer(r); given {
		return o.service(r, token)
	}
	w, err := o.Account(r)
	switch {
	case err != nil:
		return Official{}, err
	case w.Account.MustChange:
		return Official{}, ErrMustChange
	}
	return w.Official(), nil
}

// Account is the signed-in account of a request, also one that must change its
// password first. Errors are those of Who.
func (o *Officials) Account(r *http.Request) (Who, error) {
	ses, err := o.session(r, o.officeCookie())
	if err != nil {
		return Who{}, err
	}
	if ses.Method == byDevice {
		return Who{}, ErrNoSession
	}
	acc, err := o.st.Account(r.Context(), court.SystemScope(), ses.Account)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Who{}, ErrNoSession
	case err != nil:
		return Who{}, fmt.Errorf("auth: account: %w", err)
	case acc.Disabled, isService(acc): // other systems have tokens and see no page
		return Who{}, ErrNoSession
	}
	return Who{Account: acc, Session: ses, Scope: court.ScopeOf(acc.Unit)}, nil
}

// session looks up the session of a cookie. The database is always asked, because
// another node may have ended it; while it is away nobody acts outside hearings.
func (o *Officials) session(r *http.Request, cookie string) (store.AccountSession, error) {
	c, err := r.Cookie(cookie)
	if err != nil || c.Value == "" {
		return store.AccountSession{}, ErrNoSession
	}
	now, hash := o.p.Now(), digest(c.Value)
	ses, err := o.st.AccountSessionByToken(r.Context(), hash, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.AccountSession{}, ErrNoSession
	case err != nil:
		return store.AccountSession{}, fmt.Errorf("auth: account session: %w", err)
	}
	if now.Sub(ses.LastSeen) > IdleLife { // a seat in a live hearing has kept it (Auth.Alive)
		return store.AccountSession{}, ErrNoSession
	}
	// Missing a use is harmless; a database that left just now refuses nobody.
	if now.Sub(ses.LastSeen) >= touchEvery && o.st.TouchAccountSession(r.Context(), hash, now) == nil {
		ses.LastSeen = now
	}
	return ses, nil
}

// begin starts a session and returns its cookie. still is asked after the session
// stands whether what it was opened with still holds: a password changed or a
// credential revoked meanwhile has not seen the new session.
func (o *Officials) begin(ctx context.Context, owner, method, cookie string, still func() (bool, error)) (*http.Cookie, store.AccountSession, error) {
	secret, hash, err := newToken(o.p.Rand, sessionBytes)
	if err != nil {
		return nil, store.AccountSession{}, err
	}
	now := o.p.Now()
	ses := store.AccountSession{
		TokenHash: hash, Account: owner, Method: method, Created: now, LastSeen: now, Expires: now.Add(SessionLife),
	}
	ses.Address, ses.Agent = clientOf(ctx)
	if err := o.st.CreateAccountSession(ctx, ses); err != nil {
		if errors.Is(err, store.ErrNotFound) { // disabled just now
			return nil, store.AccountSession{}, ErrSignIn
		}
		return nil, store.AccountSession{}, fmt.Errorf("auth: sign in: %w", err)
	}
	ok, err := still()
	if err == nil && ok {
		return strict(cookie, secret, ses.Created.Add(SessionMax), o.p.Demo), ses, nil
	}
	if err == nil {
		err = ErrSignIn
	}
	_, undone := o.st.EndAccountSession(ctx, hash)
	return nil, store.AccountSession{}, errors.Join(err, undone)
}

// SignOut ends the official's session of a request, and those of the seats that
// were entered from it, and returns the cookie that removes it from the browser.
func (o *Officials) SignOut(r *http.Request) (*http.Cookie, error) {
	return o.signOut(r, o.officeCookie())
}

// SignOutDevice is SignOut of a room device.
func (o *Officials) SignOutDevice(r *http.Request) (*http.Cookie, error) {
	return o.signOut(r, o.deviceCookie())
}

func (o *Officials) signOut(r *http.Request, name string) (*http.Cookie, error) {
	gone := strict(name, "", time.Unix(1, 0), o.p.Demo)
	gone.MaxAge = -1
	c, err := r.Cookie(name)
	if err != nil {
		return gone, nil //nolint:nilerr // the only error is that there is no cookie: nothing to end
	}
	// Also of a sign-in that is over already: what it opened may still be there.
	seats, err := o.st.EndAccountSession(r.Context(), digest(c.Value))
	if err != nil {
		return gone, fmt.Errorf("auth: sign out: %w", err)
	}
	o.endMedia(r.Context(), seats)
	return gone, nil
}

func (o *Officials) officeCookie() string {
	if o.p.Demo {
		return DemoOfficeCookieName
	}
	return OfficeCookieName
}

func (o *Officials) deviceCookie() string {
	if o.p.Demo {
		return DemoDeviceCookieName
	}
	return DeviceCookieName
}

// act is an entry of the administrative log by somebody of a unit.
func (o *Officials) act(by Official, what, object, detail string) store.AdminEntry {
	return store.AdminEntry{At: o.p.Now(), Actor: by.ID, Unit: by.Unit, What: what, Object: object, Detail: detail}
}

// Now is the clock by which proofs age.
func (o *Officials) Now() time.Time { return o.p.Now() }
