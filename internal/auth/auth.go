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
)

// Limits.
const (
	SessionLife   = 12 * time.Hour      // absolute (NIST SP 800-63B AAL3: at most 12 h)
	IdleLife      = time.Hour           // without a request while the hearing is not live
	MaxInvitation = 30 * 24 * time.Hour // life of an invitation
	touchEvery    = time.Minute         // how often a session's last use is written
	lookupTime    = time.Second         // wait for the database where the cache can answer

	inviteBytes  = 24 // 192 bits, 32 characters
	sessionBytes = 32 // 256 bits, 43 characters
)

// Store is what this package asks of the database; store.Store has it.
type Store interface {
	CreateInvitation(ctx context.Context, sc court.Scope, i store.Invitation) error
	Redeem(ctx context.Context, tokenHash [32]byte, s store.Session, now time.Time) (store.Session, error)
	SessionByToken(ctx context.Context, tokenHash [32]byte, now time.Time) (store.Session, error)
	TouchSession(ctx context.Context, tokenHash [32]byte, now time.Time) error
	EndSession(ctx context.Context, tokenHash [32]byte) error
	RevokeSessions(ctx context.Context, sc court.Scope, hearing, person string) (int, error)
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
	// every hearing counts as live and sessions end by SessionLife only.
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
	return &Auth{p: p, throttle: newThrottle(), memory: newMemory()}
}

// Invite makes a single-use token of 32 characters of base64url for one device
// of a person, valid for ttl (up to MaxInvitation). It is shown once and belongs
// into the fragment of a link; only its SHA-256 is stored.
func (a *Auth) Invite(ctx context.Context, sc court.Scope, hearing, person, device string, ttl time.Duration) (string, error) {
	if ttl <= 0 || ttl > MaxInvitation {
		return "", fmt.Errorf("auth: invitation for %v: %w", ttl, store.ErrInvalid)
	}
	// A revocation that waits for the database must not void what is made now.
	if err := a.settle(ctx); err != nil {
		return "", err
	}
	token, hash, err := a.token(inviteBytes)
	if err != nil {
		return "", err
	}
	err = a.p.Store.CreateInvitation(ctx, sc, store.Invitation{
		TokenHash: hash, Hearing: hearing, Person: person, Device: device, Expires: a.p.Now().Add(ttl),
	})
	if err != nil {
		return "", fmt.Errorf("auth: invite: %w", err)
	}
	return token, nil
}

// Consume turns an invitation into a session, once. addr is the address the
// request came from (ip or ip:port), by which wrong attempts are throttled: ten
// at once, then one every six seconds.
func (a *Auth) Consume(ctx context.Context, token, addr string) (*http.Cookie, store.Session, error) {
	now := a.p.Now()
	giveBack, ok := a.throttle.attempt(addr, now)
	if !ok {
		return nil, store.Session{}, ErrThrottled
	}
	cookie, ses, err := a.redeem(ctx, token, now)
	if !errors.Is(err, ErrDenied) {
		giveBack()
	}
	return cookie, ses, err
}

func (a *Auth) redeem(ctx context.Context, token string, now time.Time) (*http.Cookie, store.Session, error) {
	// Not known to the database, a revocation would not stop this invitation.
	if err := a.settle(ctx); err != nil {
		return nil, store.Session{}, err
	}
	secret, hash, err := a.token(sessionBytes)
	if err != nil {
		return nil, store.Session{}, err
	}
	ses, err := a.p.Store.Redeem(ctx, digest(token), store.Session{
		TokenHash: hash, Created: now, LastSeen: now, Expires: now.Add(SessionLife),
	}, now)
	switch {
	case errors.Is(err, store.ErrUsed):
		return nil, store.Session{}, ErrDenied
	case err != nil:
		return nil, store.Session{}, fmt.Errorf("auth: consume: %w", err)
	}
	a.memory.keep(ses)
	return a.cookie(secret, ses.Expires), ses, nil
}

// Session returns the session of the request's cookie, else ErrNoSession.
//
// The database is always asked, because another node may have revoked. While it
// is away, a session that this node has seen and that nobody revoked here goes
// on, so that a running hearing does; an unknown one is refused.
func (a *Auth) Session(r *http.Request) (store.Session, error) {
	c, err := r.Cookie(a.cookieName())
	if err != nil || c.Value == "" {
		return store.Session{}, ErrNoSession
	}
	hash, now := digest(c.Value), a.p.Now()
	ctx, cancel := context.WithTimeout(r.Context(), lookupTime)
	defer cancel()
	ses, err := a.p.Store.SessionByToken(ctx, hash, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		a.memory.forget(hash)
		return store.Session{}, ErrNoSession
	case errors.Is(err, store.ErrUnavailable):
		return a.remembered(hash, now)
	case err != nil:
		return store.Session{}, fmt.Errorf("auth: session: %w", err)
	}
	if a.memory.revoked(ses) || a.idle(ses, now) {
		a.memory.forget(hash)
		return store.Session{}, ErrNoSession
	}
	a.memory.keep(ses)
	a.seen(r.Context(), ses, now)
	return ses, nil
}

// remembered answers from memory while the database is away.
func (a *Auth) remembered(hash [32]byte, now time.Time) (store.Session, error) {
	ses, ok := a.memory.find(hash)
	if !ok || !ses.Expires.After(now) || a.memory.revoked(ses) || a.idle(ses, now) {
		return store.Session{}, ErrNoSession
	}
	ses.LastSeen = now
	a.memory.keep(ses)
	return ses, nil
}

func (a *Auth) idle(ses store.Session, now time.Time) bool {
	if a.p.Live == nil || a.p.Live(ses.Hearing) {
		return false
	}
	return now.Sub(ses.LastSeen) > IdleLife
}

// seen writes the last use now and then. Missing one is harmless, so that a
// database that left just now does not refuse the request, and settles what
// waits for it.
func (a *Auth) seen(ctx context.Context, ses store.Session, now time.Time) {
	_ = a.settle(ctx)
	if now.Sub(ses.LastSeen) >= touchEvery {
		_ = a.p.Store.TouchSession(ctx, ses.TokenHash, now)
	}
}

// Revoke ends a person's sessions in a hearing and voids their invitations to
// it. It takes effect on this node at once. When the database is away the error
// wraps store.ErrUnavailable; the revocation stays in force here and is written
// before the next invitation is made or consumed.
func (a *Auth) Revoke(ctx context.Context, hearing, person string) error {
	a.memory.revoke(subject{hearing, person}, a.p.Now())
	return a.settle(ctx)
}

// settle writes the revocations that the database does not know yet.
func (a *Auth) settle(ctx context.Context) error {
	for _, r := range a.memory.unsettled() {
		// The scope was checked by whoever decided the removal; the process
		// itself carries it out.
		_, err := a.p.Store.RevokeSessions(ctx, court.SystemScope(), r.hearing, r.person)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("auth: revoke: %w", err)
		}
		a.memory.settled(r)
	}
	return nil
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
	return &http.Cookie{
		Name: a.cookieName(), Value: value, Path: "/", Expires: expires.UTC(),
		Secure: !a.p.Demo, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// token draws n random bytes; its text is base64url, its hash what is stored.
func (a *Auth) token(n int) (string, [32]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(a.p.Rand, b); err != nil {
		return "", [32]byte{}, fmt.Errorf("auth: randomness: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(b)
	return text, digest(text), nil
}

// digest hashes the token's text, so that a malformed one needs no other path
// than an unknown one. SHA-256 without salt is enough for a random value.
func digest(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// Explain gives the text for people, in Vietnamese and English, and a stable
// code. ok is false for an error of another kind.
func Explain(err error) (code, vi, en string, ok bool) {
	switch {
	case errors.Is(err, ErrDenied):
		return "auth.denied", "Liên kết mời không hợp lệ hoặc đã được sử dụng. Vui lòng liên hệ thư ký để nhận liên kết mới.",
			"This invitation is not valid or was used before. Please ask the clerk for a new one.", true
	case errors.Is(err, ErrThrottled):
		return "auth.throttled", "Có quá nhiều lần thử từ địa chỉ này. Vui lòng đợi một phút rồi thử lại.",
			"There were too many attempts from this address. Please wait a minute and try again.", true
	case errors.Is(err, ErrNoSession):
		return "auth.session", "Bạn chưa đăng nhập hoặc phiên đăng nhập đã kết thúc. Vui lòng mở lại liên kết mời.",
			"You are not signed in, or your session has ended. Please open an invitation.", true
	case errors.Is(err, store.ErrUnavailable):
		return "auth.unavailable", "Hệ thống tạm thời chưa thể cho đăng nhập. Vui lòng thử lại sau ít phút.",
			"Signing in is not possible at the moment. Please try again in a few minutes.", true
	}
	return "", "", "", false
}
