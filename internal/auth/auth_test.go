package auth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
)

const (
	hearing = "hearing-1"
	here    = "203.0.113.7:5060"
)

var errAway = fmt.Errorf("test: %w", store.ErrUnavailable)

// away is a database that can be unreachable.
type away struct {
	store.Store
	down atomic.Bool
}

func (a *away) err() error {
	if a.down.Load() {
		return errAway
	}
	return nil
}

func (a *away) CreateInvitation(ctx context.Context, sc court.Scope, i store.Invitation) error {
	if err := a.err(); err != nil {
		return err
	}
	return a.Store.CreateInvitation(ctx, sc, i)
}

func (a *away) RedeemCode(ctx context.Context, h, code [32]byte, s store.Session, now time.Time) (store.Session, error) {
	if err := a.err(); err != nil {
		return store.Session{}, err
	}
	return a.Store.RedeemCode(ctx, h, code, s, now)
}

func (a *away) SessionByToken(ctx context.Context, h [32]byte, now time.Time) (store.Session, error) {
	if err := a.err(); err != nil {
		return store.Session{}, err
	}
	return a.Store.SessionByToken(ctx, h, now)
}

func (a *away) EndSession(ctx context.Context, h [32]byte) error {
	if err := a.err(); err != nil {
		return err
	}
	return a.Store.EndSession(ctx, h)
}

type fixture struct {
	*auth.Auth
	db   *away
	path string
	now  time.Time
	live bool
}

func setup(t *testing.T, demo bool) *fixture {
	t.Helper()
	ctx := context.Background()
	f := &fixture{path: filepath.Join(t.TempDir(), "p.db"), now: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)}
	st, err := sqlite.Open(ctx, sqlite.Params{Path: f.path})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	require.NoError(t, st.CreateHearing(ctx, court.SystemScope(),
		store.Hearing{ID: hearing, Room: strings.Repeat("0", 32), Unit: "unit"}, nil))
	f.db = &away{Store: st}
	f.Auth = auth.New(auth.Params{
		Store: f.db, Demo: demo, Now: func() time.Time { return f.now },
		Live: func(h string) bool { return f.live && h == hearing },
	})
	return f
}

func (f *fixture) invite(t *testing.T, person string) string {
	t.Helper()
	token, err := f.Invite(context.Background(), court.ScopeOf("unit"), hearing, person, "device", time.Hour)
	require.NoError(t, err)
	return token
}

func (f *fixture) signIn(t *testing.T, person string) *http.Cookie {
	t.Helper()
	c, ses, err := f.Consume(context.Background(), f.invite(t, person), "", here)
	require.NoError(t, err)
	require.Equal(t, person, ses.Person)
	return c
}

// with is the session of a request that carries the cookie.
func (f *fixture) with(c *http.Cookie) (store.Session, error) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if c != nil {
		r.AddCookie(c)
	}
	return f.Session(r)
}

func (f *fixture) refused(t *testing.T, c *http.Cookie, why string) {
	t.Helper()
	s, err := f.with(c)
	require.ErrorIs(t, err, auth.ErrNoSession, why)
	require.Zero(t, s, why)
}

func TestInvitationBecomesASessionOnce(t *testing.T) {
	f := setup(t, false)
	token := f.invite(t, "judge")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	require.NoError(t, err)
	require.Len(t, raw, 24)
	var won atomic.Int32
	var g errgroup.Group
	for i := range 20 {
		g.Go(func() error {
			_, _, err := f.Consume(context.Background(), token, "", fmt.Sprintf("198.51.100.%d", i))
			if err == nil {
				won.Add(1)
			} else if errors.Is(err, auth.ErrDenied) {
				return nil
			}
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.Equal(t, int32(1), won.Load())
	c := f.signIn(t, "clerk")
	s, err := f.with(c)
	require.NoError(t, err)
	require.Equal(t, []string{hearing, "clerk", "device"}, []string{s.Hearing, s.Person, s.Device})
	require.Equal(t, f.now.Add(12*time.Hour), s.Expires)
}

// Nobody learns from the answer why a token does not work.
func TestEveryDenialLooksTheSame(t *testing.T) {
	f := setup(t, false)
	ctx := context.Background()
	usedToken, expired, voided := f.invite(t, "a"), f.invite(t, "b"), f.invite(t, "c")
	_, err := f.db.RevokeInvitations(ctx, court.SystemScope(), hearing, "c")
	require.NoError(t, err)
	_, _, err = f.Consume(ctx, usedToken, "", here)
	require.NoError(t, err)
	try := func(token string) {
		f.now = f.now.Add(time.Minute)
		c, s, err := f.Consume(ctx, token, "", here)
		require.Nil(t, c)
		require.Zero(t, s)
		require.True(t, err == auth.ErrDenied, "the very same value: %v", err) //nolint:errorlint // identity is the law
	}
	for _, token := range []string{usedToken, voided, strings.Repeat("A", 32), "", "không hợp lệ", strings.Repeat("x", 1<<16)} {
		try(token)
	}
	f.now = f.now.Add(time.Hour)
	try(expired)
	_, err = f.Invite(ctx, court.ScopeOf("other"), hearing, "a", "d", time.Hour)
	require.ErrorIs(t, err, store.ErrNotFound, "of a foreign unit")
	for _, ttl := range []time.Duration{0, -1, 31 * 24 * time.Hour} {
		_, err = f.Invite(ctx, court.ScopeOf("unit"), hearing, "a", "d", ttl)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
}

func TestTokensAreNotInTheDatabase(t *testing.T) {
	f := setup(t, false)
	token := f.invite(t, "a")
	c, _, err := f.Consume(context.Background(), token, "", here)
	require.NoError(t, err)
	raw, err := sqlite.Raw(f.path, time.Second, true)
	require.NoError(t, err)
	defer func() { require.NoError(t, raw.Close()) }()
	for _, table := range []string{"invitation", "session"} {
		rows, err := raw.Query(`SELECT * FROM ` + table)
		require.NoError(t, err)
		cols, err := rows.Columns()
		require.NoError(t, err)
		n := 0
		for rows.Next() {
			n++
			vals := make([]any, len(cols))
			for i := range vals {
				vals[i] = new(any)
			}
			require.NoError(t, rows.Scan(vals...))
			for _, v := range vals {
				text := fmt.Sprintf("%s", *v.(*any))
				require.NotContains(t, text, token)
				require.NotContains(t, text, c.Value)
			}
		}
		require.NoError(t, rows.Err())
		require.Positive(t, n, table)
	}
}

func TestSessionEnds(t *testing.T) {
	f := setup(t, false)
	f.live = true
	c := f.signIn(t, "a")
	f.now = f.now.Add(12*time.Hour - time.Second)
	_, err := f.with(c)
	require.NoError(t, err)
	f.now = f.now.Add(time.Second)
	f.refused(t, c, "requests do not prolong it, also in a live hearing: a connection does")
	f.refused(t, nil, "no cookie")
	f.refused(t, &http.Cookie{Name: auth.CookieName, Value: "x"}, "unknown")
}

// A judge who listens for 65 minutes stays; somebody idle elsewhere does not.
func TestALiveHearingCountsAsActivity(t *testing.T) {
	f := setup(t, false)
	c := f.signIn(t, "judge")
	f.live = true
	f.now = f.now.Add(65 * time.Minute)
	_, err := f.with(c)
	require.NoError(t, err)
	f.live = false
	f.now = f.now.Add(59 * time.Minute)
	_, err = f.with(c)
	require.NoError(t, err, "used an hour ago at most")
	f.now = f.now.Add(61 * time.Minute)
	f.refused(t, c, "idle")
	f.refused(t, c, "asking again did not count as use")
}

// A connection is use: the judge who only listens comes back after a restart,
// however long ago the sign-in was.
func TestALiveConnectionCountsAsActivity(t *testing.T) {
	f := setup(t, false)
	ctx := context.Background()
	c := f.signIn(t, "judge")
	who, err := f.with(c)
	require.NoError(t, err)
	for range 180 {
		f.now = f.now.Add(time.Minute)
		_, err = f.Alive(ctx, who)
		require.NoError(t, err)
	}
	f.Auth = auth.New(auth.Params{ // the process started anew and hosts no hearing yet
		Store: f.db, Now: func() time.Time { return f.now }, Live: func(string) bool { return false },
	})
	f.now = f.now.Add(10 * time.Minute)
	_, err = f.with(c)
	require.NoError(t, err)

	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.AddCookie(c)
	_, err = f.SignOut(r)
	require.NoError(t, err)
	_, err = f.Alive(ctx, who)
	require.ErrorIs(t, err, auth.ErrNoSession)
}

// Another node revoked: this one learns it from the database, and does not
// remember the session when the database goes away afterwards.
func TestRevocationByAnotherNode(t *testing.T) {
	f := setup(t, false)
	c := f.signIn(t, "a")
	_, err := f.with(c)
	require.NoError(t, err)
	_, err = f.db.RevokeInvitations(context.Background(), court.SystemScope(), hearing, "a")
	require.NoError(t, err)
	f.refused(t, c, "revoked elsewhere")
	f.db.down.Store(true)
	s, err := f.with(c)
	require.Error(t, err, "and forgotten here")
	require.Zero(t, s)
}

// R7: while the database is away a running hearing goes on, and nothing that was
// refused becomes possible.
func TestReplayWhileTheDatabaseIsAwayIsRefused(t *testing.T) {
	f := setup(t, false)
	ctx := context.Background()
	f.live = true
	known, left, unused := f.signIn(t, "known"), f.signIn(t, "left"), f.invite(t, "new")
	usedToken := f.invite(t, "x")
	_, _, err := f.Consume(ctx, usedToken, "", here)
	require.NoError(t, err)

	f.db.down.Store(true)
	s, err := f.with(known)
	require.NoError(t, err)
	require.Equal(t, "known", s.Person)
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.AddCookie(left)
	_, err = f.SignOut(r)
	require.ErrorIs(t, err, store.ErrUnavailable)
	f.refused(t, left, "signed out while away")
	_, err = f.with(&http.Cookie{Name: auth.CookieName, Value: strings.Repeat("A", 43)})
	require.ErrorIs(t, err, store.ErrUnavailable, "unknown: ask again later")
	require.NotErrorIs(t, err, auth.ErrNoSession)
	for _, token := range []string{unused, usedToken} {
		_, _, err = f.Consume(ctx, token, "", here)
		require.ErrorIs(t, err, store.ErrUnavailable)
	}
	fresh := auth.New(auth.Params{Store: f.db, Now: func() time.Time { return f.now }})
	r = httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(known)
	_, err = fresh.Session(r)
	require.ErrorIs(t, err, store.ErrUnavailable, "a node that never saw it cannot tell")
	require.NotErrorIs(t, err, auth.ErrNoSession)

	f.db.down.Store(false)
	f.refused(t, left, "back, and still signed out")
	_, _, err = f.Consume(ctx, unused, "", here)
	require.NoError(t, err, "the refusal while away did not use it up")

	f.db.down.Store(true)
	f.now = f.now.Add(12 * time.Hour)
	f.refused(t, known, "away, but its time is over")
}

func TestSignOut(t *testing.T) {
	f := setup(t, false)
	c := f.signIn(t, "a")
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.AddCookie(c)
	gone, err := f.SignOut(r)
	require.NoError(t, err)
	require.Equal(t, -1, gone.MaxAge)
	require.Empty(t, gone.Value)
	f.refused(t, c, "signed out")
	_, err = f.SignOut(httptest.NewRequest(http.MethodPost, "/", nil))
	require.NoError(t, err)
}

func TestCookieIsBoundToItsHost(t *testing.T) {
	c := setup(t, false).signIn(t, "a")
	require.Equal(t, "__Host-phientoa", c.Name)
	require.Equal(t, "/", c.Path)
	require.Empty(t, c.Domain)
	require.True(t, c.Secure && c.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, c.SameSite)
	require.NoError(t, c.Valid())
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	require.NoError(t, err)
	require.Len(t, raw, 32)

	f := setup(t, true)
	d := f.signIn(t, "a")
	require.Equal(t, "phientoa_demo", d.Name)
	require.False(t, d.Secure, "http://ROLE.localhost")
	require.True(t, d.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, d.SameSite)
	require.Empty(t, d.Domain)
	_, err = f.with(d)
	require.NoError(t, err)
	d.Name = auth.CookieName
	f.refused(t, d, "each kind knows its own cookie only")
}

func TestGuessingIsThrottled(t *testing.T) {
	f := setup(t, false)
	ctx := context.Background()
	guess := func(addr string) error {
		_, _, err := f.Consume(ctx, "guess", "", addr)
		return err
	}
	for range 10 {
		require.ErrorIs(t, guess("[2001:db8:1:2::1]:1000"), auth.ErrDenied)
	}
	require.ErrorIs(t, guess("[2001:db8:1:2::2]:1000"), auth.ErrThrottled, "the same network")
	require.ErrorIs(t, guess("2001:db8:1:3::1"), auth.ErrDenied, "another network")
	token := f.invite(t, "a")
	_, _, err := f.Consume(ctx, token, "", "2001:db8:1:2::3")
	require.ErrorIs(t, err, auth.ErrThrottled, "also with a good one")
	f.now = f.now.Add(6 * time.Second)
	_, _, err = f.Consume(ctx, token, "", "2001:db8:1:2::3")
	require.NoError(t, err, "which was not used up")

	for range 30 { // a whole courtroom behind one address
		_, _, err := f.Consume(ctx, f.invite(t, "p"), "", here)
		require.NoError(t, err)
	}
	for range 10 {
		require.ErrorIs(t, guess("198.51.100.1"), auth.ErrDenied)
	}
	require.ErrorIs(t, guess("::ffff:198.51.100.1"), auth.ErrThrottled, "mapped")
	for range 10 {
		require.ErrorIs(t, guess("not an address"), auth.ErrDenied)
	}
	require.ErrorIs(t, guess("neither this"), auth.ErrThrottled, "they share a bucket")
}

func TestNoRandomnessNoToken(t *testing.T) {
	f := setup(t, false)
	a := auth.New(auth.Params{Store: f.db, Rand: strings.NewReader("short")})
	_, err := a.Invite(context.Background(), court.ScopeOf("unit"), hearing, "a", "d", time.Hour)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestErrorsForPeopleAreInBothLanguages(t *testing.T) {
	codes := map[string]bool{}
	for _, err := range []error{auth.ErrDenied, auth.ErrThrottled, auth.ErrNoSession, errAway} {
		code, vi, en, ok := auth.Explain(fmt.Errorf("wrapped: %w", err))
		require.True(t, ok)
		require.NotEmpty(t, vi)
		require.NotEmpty(t, en)
		codes[code] = true
	}
	require.Len(t, codes, 4)
	_, _, _, ok := auth.Explain(io.EOF)
	require.False(t, ok)
}
