// Package auth tells who one is: single-use invitations become sessions, a
// session is a cookie whose SHA-256 alone is stored. What one may do in a hearing
// is decided by package hearing only.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Errors of this package. An unknown, used, expired, voided or malformed token
// always gives the same ErrDenied value, so that nobody learns by trying.
// store.ErrUnavailable is passed on when the database is needed and away.
var (
	ErrDenied    = errors.New("auth: invitation not valid")
	ErrThrottled = errors.New("auth: too many attempts")
	ErrNoSession = errors.New("auth: not signed in")
	// ErrCodeNeeded: the invitation is good and asks for the code that was sent by
	// another channel.
	ErrCodeNeeded = errors.New("auth: invitation asks for its code")
	// ErrCodeWrong: the code is another; store.MaxCodeTries of them void the invitation.
	ErrCodeWrong = errors.New("auth: wrong code of an invitation")
)

// Limits.
const (
	SessionLife = 12 * time.Hour // of a sign-in (NIST SP 800-63B AAL3: at most 12 h)
	// SessionMax is how far a connection to a live hearing prolongs a sign-in, from its
	// beginning: nobody drops out of a hearing because it lasts, and no sign-in is for
	// ever. It is the life of the cookie.
	SessionMax = 24 * time.Hour
	// IdleLife is how long a sign-in stands without a request, or a connection to a
	// live hearing; also how long it stands after such a connection has ended.
	IdleLife      = time.Hour
	MaxInvitation = 30 * 24 * time.Hour // life of an invitation
	touchEvery    = time.Minute         // how often a session's last use is written
	lookupTime    = time.Second         // wait for the database where the cache can answer

	inviteBytes  = 24 // 192 bits, 32 characters
	sessionBytes = 32 // 256 bits, 43 characters
)

// Store is what this package asks of the database; store.Store has it.
type Store interface {
	CreateInvitation(ctx context.Context, sc court.Scope, i store.Invitation) error
	RedeemCode(ctx context.Context, tokenHash, codeHash [32]byte, s store.Session, now time.Time) (store.Session, error)
	SessionByToken(ctx context.Context, tokenHash [32]byte, now time.Time) (store.Session, error)
	TouchSession(ctx context.Context, tokenHash [32]byte, now time.Time) error
	KeepSession(ctx context.Context, tokenHash [32]byte, now, until time.Time, life time.Duration) error
	RevokeInvitations(ctx context.Context, sc court.Scope, hearing, person string) ([]store.Session, error)
	EndSession(ctx context.Context, tokenHash [32]byte) error
	CreateSession(ctx context.Context, s store.Session) error
}

// Params of New.
type Params struct {
	Store Store
	Now   func() time.Time // default time.Now
	Rand  io.Reader        // default crypto/rand
	// Demo: cookies for http://ROLE.localhost, which cannot be Secure.
	Demo bool
	// Live tells whether a hearing is in progress on this node; it then counts as
	// activity, so that a silent judge is never signed out. Must not block. Nil:
	// every hearing counts as live.
	Live func(hearing string) bool
}

// Auth is safe for concurrent use and owns no goroutine.
type Auth struct {
	p        Params
	throttle *throttle
	memory   *memory
}

// New wires the package.
func New(p Params) *Auth {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Rand == nil {
		p.Rand = rand.Reader
	}
	return &Auth{p: p, throttle: newThrottle(attemptsPerMinute), memory: newMemory()}
}

// Invite makes a single-use token of 32 characters of base64url for one device
// of a person, valid for ttl (up to MaxInvitation). It is shown once and belongs
// into the fragment of a link; only its SHA-256 is stored.
func (a *Auth) Invite(ctx context.Context, sc court.Scope, hearing, person, device string, ttl time.Duration) (string, error) {
	return a.invite(ctx, sc, store.Invitation{Hearing: hearing, Person: person, Device: device}, ttl, "")
}

// InviteWithCode is Invite with a code of six digits that travels by a second
// channel (told on the telephone, printed in the summons). Consume asks for it;
// store.MaxCodeTries wrong ones void the invitation.
func (a *Auth) InviteWithCode(ctx context.Context, sc court.Scope, hearing, person, device string, ttl time.Duration) (token, code string, err error) {
	if code, err = a.digits(6); err != nil {
		return "", "", err
	}
	token, err = a.invite(ctx, sc, store.Invitation{Hearing: hearing, Person: person, Device: device}, ttl, code)
	return token, code, err
}

func (a *Auth) invite(ctx context.Context, sc court.Scope, i store.Invitation, ttl time.Duration, code string) (string, error) {
	if ttl <= 0 || ttl > MaxInvitation {
		return "", fmt.Errorf("auth: invitation for %v: %w", ttl, store.ErrInvalid)
	}
	token, hash, err := a.token(inviteBytes)
	if err != nil {
		return "", err
	}
	i.TokenHash, i.Expires, i.CodeHash = hash, a.p.Now().Add(ttl), codeDigest(token, code)
	err = a.p.Store.CreateInvitation(ctx, sc, i)
	if err != nil {
		return "", fmt.Errorf("auth: invite: %w", err)
	}
	return token, nil
}

// codeDigest binds the code to its token: whoever reads the database alone cannot
// try the million codes.
func codeDigest(token, code string) [32]byte {
	if code == "" {
		return [32]byte{}
	}
	return sha256.Sum256([]byte("code\x00" + token + "\x00" + code))
}

// digits draws a decimal number of n digits, each number as likely as another.
func (a *Auth) digits(n int) (string, error) { return digits(a.p.Rand, n) }

func digits(random io.Reader, n int) (string, error) {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	v, err := rand.Int(random, most)
	if err != nil {
		return "", fmt.Errorf("auth: randomness: %w", err)
	}
	return fmt.Sprintf("%0*d", n, v), nil
}

// Consume turns an invitation into a session, once. code is what came by the
// second channel, empty when none was given: ErrCodeNeeded says that this
// invitation asks for one, ErrCodeWrong that it was another (what comes with it
// says whose invitation it is and opens nothing). addr is the address the request
// came from (ip or ip:port), by which wrong attempts are throttled: ten at once,
// then one every six seconds.
func (a *Auth) Consume(ctx context.Context, token, code, addr string) (*http.Cookie, store.Session, error) {
	now := a.p.Now()
	giveBack, ok := a.throttle.attempt(addr, now)
	if !ok {
		return nil, store.Session{}, ErrThrottled
	}
	cookie, ses, err := a.redeem(ctx, token, code, now)
	if !errors.Is(err, ErrDenied) && !errors.Is(err, ErrCodeWrong) {
		giveBack()
	}
	return cookie, ses, err
}

func (a *Auth) redeem(ctx context.Context, token, code string, now time.Time) (*http.Cookie, store.Session, error) {
	secret, hash, err := a.token(sessionBytes)
	if err != nil {
		return nil, store.Session{}, err
	}
	ses, err := a.p.Store.RedeemCode(ctx, digest(token), codeDigest(token, code), store.Session{
		TokenHash: hash, Created: now, LastSeen: now, Expires: now.Add(SessionLife),
	}, now)
	switch {
	case errors.Is(err, store.ErrUsed):
		return nil, store.Session{}, ErrDenied
	case errors.Is(err, store.ErrCodeNeeded):
		return nil, store.Session{}, ErrCodeNeeded
	case errors.Is(err, store.ErrCodeWrong):
		return nil, ses, ErrCodeWrong
	case err != nil:
		return nil, store.Session{}, fmt.Errorf("auth: consume: %w", err)
	}
	a.memory.keep(ses)
	return a.cookie(secret, ses.Created.Add(SessionMax)), ses, nil
}

// Session returns the session of the request's cookie. ErrNoSession says that
// there is none, for good; any other error says nothing about it and passes.
//
// The database is always asked, because another node may have ended the session.
// While it is away, a session that this node has seen goes on, so that a running
// hearing does; for an unknown one the error wraps store.ErrUnavailable.
func (a *Auth) Session(r *http.Request) (store.Session, error) {
	c, err := r.Cookie(a.cookieName())
	if err != nil || c.Value == "" {
		return store.Session{}, ErrNoSession
	}
	return a.look(r.Context(), digest(c.Value), false)
}

// Alive tells whether a session that a live connection began with still stands,
// and counts as its use: who listens to a hearing sends no requests. While the
// hearing is live it also keeps the session, and the official's sign-in that a seat
// was entered from, from ending, up to SessionMax after it began. The answer is
// when the session ends unless it is used again; errors are those of Session.
func (a *Auth) Alive(ctx context.Context, who store.Session) (until time.Time, err error) {
	ses, err := a.look(ctx, who.TokenHash, true)
	return ses.Expires, err
}

// look finds a session, which a live connection uses just now or not.
func (a *Auth) look(ctx context.Context, hash [32]byte, connected bool) (store.Session, error) {
	now := a.p.Now()
	var used time.Time
	if connected {
		used = now
	}
	query, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	ses, err := a.p.Store.SessionByToken(query, hash, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		a.memory.forget(hash)
		return store.Session{}, ErrNoSession
	case errors.Is(err, store.ErrUnavailable):
		return a.remembered(hash, now, used, err)
	case err != nil:
		return store.Session{}, fmt.Errorf("auth: session: %w", err)
	}
	seen := later(ses.LastSeen, used)
	if known, ok := a.memory.find(hash); ok {
		seen = later(seen, known.LastSeen) // used while the database was away
	}
	if a.memory.isEnded(hash) || a.idle(ses, seen, now) {
		a.memory.forget(hash)
		return store.Session{}, ErrNoSession
	}
	// Missing a use is harmless; a database that left just now refuses nobody.
	if now.Sub(ses.LastSeen) >= touchEvery && a.touch(ctx, &ses, connected, now) == nil {
		seen = now
	}
	ses.LastSeen = seen
	a.memory.keep(ses)
	return ses, nil
}

// touch writes a use of the session.
func (a *Auth) touch(ctx context.Context, ses *store.Session, connected bool, now time.Time) error {
	if !connected || !a.live(ses.Hearing) {
		return a.p.Store.TouchSession(ctx, ses.TokenHash, now)
	}
	err := a.p.Store.KeepSession(ctx, ses.TokenHash, now, now.Add(IdleLife), SessionMax)
	if err == nil {
		prolong(ses, now)
	}
	return err
}

// prolong does to a session what KeepSession does to its row.
func prolong(ses *store.Session, now time.Time) {
	until, most := now.Add(IdleLife), ses.Created.Add(SessionMax)
	if until.After(most) {
		until = most
	}
	ses.Expires = later(ses.Expires, until)
}

func (a *Auth) live(hearing string) bool { return a.p.Live == nil || a.p.Live(hearing) }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// remembered answers from memory while the database is away.
func (a *Auth) remembered(hash [32]byte, now, used time.Time, away error) (store.Session, error) {
	ses, ok := a.memory.find(hash)
	switch {
	case a.memory.isEnded(hash):
		return store.Session{}, ErrNoSession
	case !ok:
		return store.Session{}, fmt.Errorf("auth: session: %w", away)
	case !ses.Expires.After(now), a.idle(ses, later(ses.LastSeen, used), now):
		return store.Session{}, ErrNoSession
	}
	if !used.IsZero() && a.live(ses.Hearing) {
		prolong(&ses, now)
	}
	ses.LastSeen = now
	a.memory.keep(ses)
	return ses, nil
}

func (a *Auth) idle(ses store.Session, seen, now time.Time) bool {
	return !a.live(ses.Hearing) && now.Sub(seen) > IdleLife
}

// SignOut ends the request's session and returns the cookie that removes it from
// the browser. Without a session it does nothing more.
func (a *Auth) SignOut(r *http.Request) (*http.Cookie, error) {
	gone := a.cookie("", time.Unix(1, 0))
	gone.MaxAge = -1
	c, err := r.Cookie(a.cookieName())
	if errors.Is(err, http.ErrNoCookie) {
		return gone, nil
	}
	if err == nil {
		hash := digest(c.Value)
		a.memory.end(hash)
		err = a.p.Store.EndSession(r.Context(), hash)
	}
	if err != nil {
		return gone, fmt.Errorf("auth: sign out: %w", err)
	}
	return gone, nil
}

// Cookie names. The prefix __Host- makes browsers insist on Secure, Path=/ and
// no Domain (RFC 6265bis, 4.1.3.2).
const (
	CookieName     = "__Host-phientoa"
	DemoCookieName = "phientoa_demo"
)

func (a *Auth) cookieName() string {
	if a.p.Demo {
		return DemoCookieName
	}
	return CookieName
}

// cookie is bound to the one host that set it, so that demonstration roles at
// ROLE.localhost do not share it.
func (a *Auth) cookie(value string, expires time.Time) *http.Cookie {
	return strict(a.cookieName(), value, expires, a.p.Demo)
}

func strict(name, value string, expires time.Time, demo bool) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", Expires: expires.UTC(),
		Secure: !demo, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// token draws n random bytes; its text is base64url, its hash what is stored.
func (a *Auth) token(n int) (string, [32]byte, error) { return newToken(a.p.Rand, n) }

func newToken(random io.Reader, n int) (string, [32]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", [32]byte{}, fmt.Errorf("auth: randomness: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(b)
	return text, digest(text), nil
}

// digest hashes the token's text, so that a malformed one needs no other path
// than an unknown one. SHA-256 without salt is enough for a random value.
func digest(token string) [32]byte { return sha256.Sum256([]byte(token)) }
