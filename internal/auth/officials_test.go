package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// seats is the calendar's table of seats.
type seats []store.Seat

func (s seats) Seats(_ context.Context, _ court.Scope, hearing string) ([]store.Seat, error) {
	var out []store.Seat
	for _, x := range s {
		if x.Hearing == hearing {
			out = append(out, x)
		}
	}
	if out == nil {
		return nil, store.ErrNotFound
	}
	return out, nil
}

// ended notes whose media were ended.
type ended struct {
	mu   sync.Mutex
	list []store.Session
}

func (e *ended) EndSeats(_ context.Context, list []store.Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, list...)
}

func (e *ended) hashes() (out [][32]byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.list {
		out = append(out, s.TokenHash)
	}
	return out
}

type office struct {
	*fixture
	o     *auth.Officials
	seats *seats
	ended *ended
	n     int
}

func cheapCost() auth.Argon2 { return auth.Argon2{Memory: 64, Time: 1, Lanes: 1} }

func setupOffice(t *testing.T, change ...func(*auth.OfficialsParams)) *office {
	t.Helper()
	f := &office{fixture: setup(t, false), seats: &seats{}, ended: &ended{}}
	p := auth.OfficialsParams{
		Store: f.db, Auth: f.Auth, Now: func() time.Time { return f.now }, Seats: f.seats, Ender: f.ended,
		Host: "court.example", Origins: []string{"https://court.example"}, Cost: cheapCost(),
	}
	for _, c := range change {
		c(&p)
	}
	o, err := auth.NewOfficials(p)
	require.NoError(t, err)
	f.o = o
	return f
}

const password = "một mật khẩu đủ dài"

// account creates one whose password has been changed by its owner.
func (f *office) account(t *testing.T, unit court.UnitID, login string, roles ...store.Role) store.Account {
	t.Helper()
	ctx := context.Background()
	if len(roles) == 0 {
		roles = []store.Role{store.RoleClerk}
	}
	acc, oneTime, err := f.o.CreateAccount(ctx, auth.System(unit), auth.NewAccount{Login: login, Name: "Nguyễn Văn A", Roles: roles})
	require.NoError(t, err)
	c, err := f.o.SignIn(ctx, login, oneTime, f.addr())
	require.NoError(t, err)
	w, err := f.o.Account(request(c))
	require.NoError(t, err)
	_, err = f.o.ChangePassword(ctx, w, oneTime, password, f.addr())
	require.NoError(t, err)
	acc, err = f.db.Account(ctx, court.SystemScope(), acc.ID)
	require.NoError(t, err)
	return acc
}

// addr is another address each time, so that throttling is tested where it is meant.
func (f *office) addr() string {
	f.n++
	return "198.51." + string(rune('0'+f.n/10%10)) + "." + string(rune('0'+f.n%10))
}

func request(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	for _, c := range cookies {
		if c != nil {
			r.AddCookie(c)
		}
	}
	return r
}

func (f *office) official(t *testing.T, login string) (*http.Cookie, auth.Who) {
	t.Helper()
	c, err := f.o.SignIn(context.Background(), login, password, f.addr())
	require.NoError(t, err)
	w, err := f.o.Account(request(c))
	require.NoError(t, err)
	return c, w
}

func (f *office) out(t *testing.T, c *http.Cookie, why string) {
	t.Helper()
	w, err := f.o.Who(request(c))
	require.ErrorIs(t, err, auth.ErrNoSession, why)
	require.Zero(t, w, why)
}

func TestOfficialSignsInByPassword(t *testing.T) {
	f := setupOffice(t)
	acc := f.account(t, "unit", "thu.ky", store.RoleClerk, store.RoleJudge)
	c, err := f.o.SignIn(context.Background(), " Thu.Ky ", password, here)
	require.NoError(t, err)
	require.Equal(t, "__Host-phientoa-office", c.Name)
	require.True(t, c.Secure && c.HttpOnly)
	require.Equal(t, []any{"/", "", http.SameSiteStrictMode}, []any{c.Path, c.Domain, c.SameSite})
	who, err := f.o.Who(request(c))
	require.NoError(t, err)
	require.Equal(t, auth.Official{
		ID: acc.ID, Unit: "unit", Name: "Nguyễn Văn A", Roles: []store.Role{store.RoleClerk, store.RoleJudge},
		Scope: court.ScopeOf("unit"),
	}, who)
	_, err = f.with(&http.Cookie{Name: auth.CookieName, Value: c.Value})
	require.ErrorIs(t, err, auth.ErrNoSession, "the office opens no seat")
	f.out(t, &http.Cookie{Name: auth.OfficeCookieName, Value: "x"}, "unknown")
	_, err = f.o.Room(request(&http.Cookie{Name: auth.DeviceCookieName, Value: c.Value}))
	require.ErrorIs(t, err, auth.ErrNoSession, "an official is no room device")
}

// Unknown login, wrong password, disabled account, empty password: one answer.
func TestEverySignInRefusalLooksTheSame(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	f.account(t, "unit", "good")
	off := f.account(t, "unit", "off")
	yes := true
	_, err := f.o.ChangeAccount(ctx, auth.System("unit"), off.ID, auth.Change{Disabled: &yes})
	require.NoError(t, err)
	for _, try := range [][2]string{
		{"good", "wrong"},
		{"good", ""},
		{"unknown", password},
		{"off", password},
		{"", password},
		{"không dấu", password},
		{strings.Repeat("a", 1<<16), password},
		{"good", strings.Repeat("x", 1<<12)},
	} {
		c, err := f.o.SignIn(ctx, try[0], try[1], f.addr())
		require.Nil(t, c)
		require.True(t, err == auth.ErrSignIn, "the very same value for %.20q: %v", try[0], err) //nolint:errorlint // identity is the law
	}
}

func TestPasswordGuessingIsThrottledByAddressAndLogin(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	f.account(t, "unit", "judge")
	f.now = f.now.Add(time.Hour)
	try := func(login, pw, addr string) error {
		_, err := f.o.SignIn(ctx, login, pw, addr)
		return err
	}
	for n := range 10 {
		require.ErrorIs(t, try("judge", "wrong", f.addr()), auth.ErrSignIn, n)
	}
	require.ErrorIs(t, try("judge", password, f.addr()), auth.ErrThrottled, "from whatever address, also with the right one")
	require.ErrorIs(t, try("JUDGE ", password, f.addr()), auth.ErrThrottled, "however it is typed")
	for range 10 {
		require.ErrorIs(t, try("nobody", "wrong", f.addr()), auth.ErrSignIn)
	}
	require.ErrorIs(t, try("nobody", "wrong", f.addr()), auth.ErrThrottled, "an unknown login behaves the same")
	for n := range 10 {
		require.ErrorIs(t, try("login"+string(rune('a'+n)), "wrong", "192.0.2.1"), auth.ErrSignIn)
	}
	require.ErrorIs(t, try("other", "wrong", "192.0.2.1"), auth.ErrThrottled, "whatever login")
	f.now = f.now.Add(6 * time.Second)
	for range 30 {
		require.NoError(t, try("judge", password, "192.0.2.2"), "a right one costs nothing")
	}
}

func TestOneTimePasswordOpensNothingButItsChange(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	acc, oneTime, err := f.o.CreateAccount(ctx, auth.System("unit"), auth.NewAccount{Login: "new", Name: "B", Roles: []store.Role{store.RoleJudge}})
	require.NoError(t, err)
	*f.seats = seats{{Hearing: hearing, Person: "p", Device: "d", Account: acc.ID}}
	c, err := f.o.SignIn(ctx, "new", oneTime, here)
	require.NoError(t, err)
	_, err = f.o.Who(request(c))
	require.ErrorIs(t, err, auth.ErrMustChange)
	require.ErrorIs(t, err, auth.ErrNoSession, "for those who know no more")
	w, err := f.o.Account(request(c))
	require.NoError(t, err)
	_, _, err = f.o.EnterSeat(ctx, w, hearing, "p", "d")
	require.ErrorIs(t, err, auth.ErrMustChange)

	for _, weak := range []string{"short", oneTime, "new", ""} {
		_, err = f.o.ChangePassword(ctx, w, oneTime, weak, here)
		require.ErrorIs(t, err, auth.ErrWeakPassword, weak)
	}
	_, err = f.o.ChangePassword(ctx, w, "wrong", password, here)
	require.ErrorIs(t, err, auth.ErrSignIn)
	fresh, err := f.o.ChangePassword(ctx, w, oneTime, password, here)
	require.NoError(t, err)
	f.out(t, c, "the session before the change")
	_, err = f.o.Who(request(fresh))
	require.NoError(t, err)
	_, err = f.o.SignIn(ctx, "new", oneTime, here)
	require.ErrorIs(t, err, auth.ErrSignIn)
}

func TestOfficeSessionEnds(t *testing.T) {
	f := setupOffice(t)
	f.account(t, "unit", "judge")
	c, _ := f.official(t, "judge")
	f.now = f.now.Add(time.Hour)
	_, err := f.o.Who(request(c))
	require.NoError(t, err, "used an hour ago at most")
	f.now = f.now.Add(61 * time.Minute)
	f.out(t, c, "idle")
	f.out(t, c, "asking again did not count as use")

	c, _ = f.official(t, "judge")
	for range 24 {
		f.now = f.now.Add(30*time.Minute - time.Second)
		_, err = f.o.Who(request(c))
		require.NoError(t, err)
	}
	f.now = f.now.Add(24 * time.Second)
	f.out(t, c, "requests alone do not prolong it")
}

func TestStepUpHoldsForFiveMinutes(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	f.account(t, "unit", "admin", store.RoleAdmin)
	c, w := f.official(t, "admin")
	fresh := func() bool {
		who, err := f.o.Who(request(c))
		require.NoError(t, err)
		return who.Fresh(f.now)
	}
	require.False(t, fresh(), "signing in is no fresh proof")
	require.ErrorIs(t, f.o.StepUp(ctx, w, "wrong", f.addr()), auth.ErrSignIn)
	require.False(t, fresh())
	require.NoError(t, f.o.StepUp(ctx, w, password, f.addr()))
	require.True(t, fresh())
	f.now = f.now.Add(5*time.Minute - time.Second)
	require.True(t, fresh())
	f.now = f.now.Add(time.Second)
	require.False(t, fresh())
	other, _ := f.official(t, "admin")
	who, err := f.o.Who(request(other))
	require.NoError(t, err)
	require.False(t, who.Fresh(f.now), "the proof is of one session")
	require.False(t, auth.Official{SteppedUp: f.now.Add(time.Second)}.Fresh(f.now), "of the future")
	for range 10 {
		require.ErrorIs(t, f.o.StepUp(ctx, w, "wrong", f.addr()), auth.ErrSignIn)
	}
	require.ErrorIs(t, f.o.StepUp(ctx, w, password, f.addr()), auth.ErrThrottled, "the login's bucket is the same")
}

// A seat needs its row, whatever the roles; it ends with the session it was
// entered from.
func TestSeatsAreEnteredByRowOnly(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	roles := []store.Role{store.RoleAdmin, store.RoleChiefJudge, store.RoleOperator, store.RoleProcurator}
	acc := f.account(t, "vks", "everything", roles...)
	c, w := f.official(t, "everything")
	try := func(hearing, person, device string) error {
		_, _, err := f.o.EnterSeat(ctx, w, hearing, person, device)
		return err
	}
	require.ErrorIs(t, try(hearing, "p", "d"), auth.ErrForbidden, "no row")
	require.ErrorIs(t, try("no-such-hearing", "p", "d"), auth.ErrForbidden, "the same for nothing at all")
	*f.seats = seats{
		{Hearing: hearing, Person: "other", Device: "d", Account: "somebody"},
		{Hearing: hearing, Person: "room", Device: "d", RoomDevice: acc.ID},
		{Hearing: hearing, Person: "p", Device: "d", Account: acc.ID},
	}
	for _, x := range [][2]string{{"other", "d"}, {"room", "d"}, {"p", "other"}, {"", ""}} {
		require.ErrorIs(t, try(hearing, x[0], x[1]), auth.ErrForbidden, x)
	}
	seat, ses, err := f.o.EnterSeat(ctx, w, hearing, "p", "d")
	require.NoError(t, err, "a procurator of another unit has a seat in the court's hearing")
	require.Equal(t, auth.CookieName, seat.Name)
	got, err := f.with(seat)
	require.NoError(t, err)
	require.Equal(t, []string{hearing, "p", "d", acc.ID}, []string{got.Hearing, got.Person, got.Device, got.Owner})
	require.Equal(t, ses.TokenHash, got.TokenHash)

	// A seat from another session of the account stays when this one signs out.
	_, w2 := f.official(t, "everything")
	kept, _, err := f.o.EnterSeat(ctx, w2, hearing, "p", "d")
	require.NoError(t, err)
	_, err = f.o.SignOut(request(c))
	require.NoError(t, err)
	f.out(t, c, "signed out")
	f.refused(t, seat, "with its parent")
	_, err = f.with(kept)
	require.NoError(t, err)
	require.Equal(t, [][32]byte{ses.TokenHash}, f.ended.hashes(), "its media end")
	_, _, err = f.o.EnterSeat(ctx, w, hearing, "p", "d")
	require.ErrorIs(t, err, auth.ErrNoSession, "who was signed out in the same moment")
	_, err = f.o.SignOut(request(c))
	require.NoError(t, err)
	_, err = f.o.SignOut(request())
	require.NoError(t, err)
}

// Whoever is disabled, reset or loses a role is out at once, with all seats.
func TestRevocationEndsSessionsAndSeats(t *testing.T) {
	yes := true
	for name, change := range map[string]auth.Change{
		"disabled": {Disabled: &yes}, "reset": {Reset: true}, "other roles": {Roles: []store.Role{store.RoleAuditor}},
	} {
		t.Run(name, func(t *testing.T) {
			f := setupOffice(t)
			ctx := context.Background()
			acc := f.account(t, "unit", "judge", store.RoleJudge)
			*f.seats = seats{{Hearing: hearing, Person: "p", Device: "d", Account: acc.ID}}
			c, w := f.official(t, "judge")
			seat, ses, err := f.o.EnterSeat(ctx, w, hearing, "p", "d")
			require.NoError(t, err)
			_, err = f.with(seat)
			require.NoError(t, err)
			invited := f.signIn(t, "p")
			oneTime, err := f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, change)
			require.NoError(t, err)
			require.Equal(t, change.Reset, oneTime != "")
			f.out(t, c, name)
			f.refused(t, seat, name)
			require.Equal(t, [][32]byte{ses.TokenHash}, f.ended.hashes())
			_, err = f.with(invited)
			require.NoError(t, err, "an invitation is not the account's")
			_, _, err = f.o.EnterSeat(ctx, w, hearing, "p", "d")
			require.ErrorIs(t, err, auth.ErrNoSession)
			if change.Reset {
				_, err = f.o.SignIn(ctx, "judge", password, f.addr())
				require.ErrorIs(t, err, auth.ErrSignIn)
				_, err = f.o.SignIn(ctx, "judge", oneTime, f.addr())
				require.NoError(t, err)
			}
		})
	}
}

// Nobody administers the own account, nor one of another unit; that one looks
// like one that does not exist.
func TestAdministratorsHaveBounds(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	f.account(t, "unit", "admin", store.RoleAdmin)
	mate, far := f.account(t, "unit", "mate", store.RoleClerk, store.RoleJudge, store.RoleAuditor), f.account(t, "far", "far")
	_, w := f.official(t, "admin")
	by := w.Official()
	name, yes := "C", true
	for _, c := range []auth.Change{{Name: &name}, {Roles: []store.Role{store.RoleJudge}}, {Disabled: &yes}, {Reset: true}, {}} {
		_, err := f.o.ChangeAccount(ctx, by, by.ID, c)
		require.ErrorIs(t, err, auth.ErrOwnAccount)
		_, foreignErr := f.o.ChangeAccount(ctx, by, far.ID, c)
		require.ErrorIs(t, foreignErr, store.ErrNotFound)
		_, nothing := f.o.ChangeAccount(ctx, by, "no-such-account", c)
		require.Equal(t, nothing.Error(), foreignErr.Error())
	}
	for _, c := range []auth.Change{{Roles: []store.Role{"king"}}, {Roles: []store.Role{}}, {Name: new(string)}} {
		_, err := f.o.ChangeAccount(ctx, by, mate.ID, c)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	_, err := f.o.ChangeAccount(ctx, by, mate.ID, auth.Change{Name: &name, Roles: []store.Role{store.RoleClerk, store.RoleClerk, store.RoleAuditor}})
	require.NoError(t, err)
	got, err := f.db.Account(ctx, court.SystemScope(), mate.ID)
	require.NoError(t, err)
	require.Equal(t, []any{"C", []store.Role{store.RoleAuditor, store.RoleClerk}}, []any{got.Name, got.Roles})
	made, _, err := f.o.ProposeAccount(ctx, by, auth.NewAccount{Login: "made", Name: "D", Roles: []store.Role{store.RoleClerk}})
	require.NoError(t, err)
	require.Equal(t, court.UnitID("unit"), made.Unit, "in the own unit only")
	for _, bad := range []auth.NewAccount{{Login: "x y", Name: "D", Roles: by.Roles}, {Login: "x", Roles: by.Roles}, {Login: "x", Name: "D"}} {
		_, _, err = f.o.ProposeAccount(ctx, by, bad)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	_, _, err = f.o.ProposeAccount(ctx, by, auth.NewAccount{Login: "far", Name: "D", Roles: []store.Role{store.RoleClerk}})
	require.ErrorIs(t, err, store.ErrConflict)
	list, err := f.o.Accounts(ctx, by)
	require.NoError(t, err)
	for _, a := range list {
		require.Equal(t, court.UnitID("unit"), a.Unit)
	}

	n, head, err := auth.VerifyAdminLog(ctx, f.db)
	require.NoError(t, err)
	require.NotZero(t, n)
	require.NotZero(t, head)
	entries, err := f.o.AdminLog(ctx, by, 1, 1000)
	require.NoError(t, err)
	for _, e := range entries {
		require.NotContains(t, e.Detail, "C;", "no name")
		require.NotContains(t, e.Detail, "Nguyễn")
		require.Equal(t, court.UnitID("unit"), e.Unit)
	}
}

// forger is a database whose administrative log somebody has rewritten.
type forger struct {
	auth.AdminLogStore
	forge func([]store.AdminEntry) []store.AdminEntry
}

func (f forger) AdminLog(ctx context.Context, sc court.Scope, from uint64, limit int) ([]store.AdminEntry, error) {
	e, err := f.AdminLogStore.AdminLog(ctx, sc, from, min(limit, 3)) // in several pages
	return f.forge(e), err
}

func TestAdminLogVerificationFindsForgery(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	for _, login := range []string{"a", "b", "c"} {
		f.account(t, "unit", login)
	}
	n, head, err := auth.VerifyAdminLog(ctx, forger{f.db, func(e []store.AdminEntry) []store.AdminEntry { return e }})
	require.NoError(t, err)
	whole, wholeHead, err := auth.VerifyAdminLog(ctx, f.db)
	require.NoError(t, err)
	require.Equal(t, []any{whole, wholeHead}, []any{n, head})
	require.Equal(t, uint64(6), n)
	for name, forge := range map[string]func([]store.AdminEntry) []store.AdminEntry{
		"changed": func(e []store.AdminEntry) []store.AdminEntry {
			if len(e) > 0 {
				e[0].Actor = "nobody"
			}
			return e
		},
		"removed": func(e []store.AdminEntry) []store.AdminEntry { return e[min(1, len(e)):] },
		"moved": func(e []store.AdminEntry) []store.AdminEntry {
			if len(e) > 0 {
				e[0].Unit = "other"
			}
			return e
		},
	} {
		_, _, err := auth.VerifyAdminLog(ctx, forger{f.db, forge})
		require.Error(t, err, name)
	}
}

// A code travels by a second channel; without it the link opens nothing.
func TestInvitationWithACode(t *testing.T) {
	f := setup(t, false)
	ctx := context.Background()
	token, code, err := f.InviteWithCode(ctx, court.ScopeOf("unit"), hearing, "p", "d", time.Hour)
	require.NoError(t, err)
	require.Len(t, code, 6)
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	_, _, err = f.Consume(ctx, token, "", here)
	require.ErrorIs(t, err, auth.ErrCodeNeeded)
	_, _, err = f.Consume(ctx, strings.Repeat("A", 32), code, here)
	require.ErrorIs(t, err, auth.ErrDenied, "a code opens no other link")
	for range store.MaxCodeTries - 1 {
		_, _, err = f.Consume(ctx, token, wrong, here)
		require.ErrorIs(t, err, auth.ErrCodeWrong)
	}
	_, ses, err := f.Consume(ctx, token, code, here)
	require.NoError(t, err)
	require.Equal(t, "p", ses.Person)

	token, code, err = f.InviteWithCode(ctx, court.ScopeOf("unit"), hearing, "p", "d", time.Hour)
	require.NoError(t, err)
	for n := range store.MaxCodeTries {
		f.now = f.now.Add(time.Minute)
		_, _, err = f.Consume(ctx, token, "999999x", here)
		require.Equal(t, n == store.MaxCodeTries-1, errors.Is(err, auth.ErrDenied))
	}
	_, _, err = f.Consume(ctx, token, code, here)
	require.ErrorIs(t, err, auth.ErrDenied, "voided")
}
