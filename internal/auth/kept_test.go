package auth_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// seated is an official in a seat of a hearing in progress.
type seated struct {
	*office
	acc    store.Account
	cookie *http.Cookie // of the official
	seat   *http.Cookie
	ses    store.Session
}

func takeSeat(t *testing.T, f *office, login string) seated {
	t.Helper()
	f.fixture.live = true
	acc := f.account(t, "unit", login, store.RoleJudge)
	*f.seats = append(*f.seats, store.Seat{Hearing: hearing, Person: login, Device: "d", Account: acc.ID})
	c, w := f.official(t, login)
	seat, ses, err := f.o.EnterSeat(context.Background(), w, hearing, login, "d")
	require.NoError(t, err)
	return seated{f, acc, c, seat, ses}
}

// sit lets time pass as a live connection of the session sees it.
func (f *office) sit(t *testing.T, who store.Session, d time.Duration) {
	t.Helper()
	for end := f.now.Add(d); f.now.Before(end); {
		f.now = f.now.Add(min(20*time.Minute, end.Sub(f.now)))
		until, err := f.Alive(context.Background(), who)
		require.NoError(t, err, f.now)
		require.True(t, until.After(f.now), "an end that is past")
	}
}

// A connection to a live hearing keeps the seat and the sign-in that it came from,
// up to the absolute end; one that came to rest before has run out.
func TestALiveHearingKeepsTheSignIn(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	s := takeSeat(t, f, "judge")
	require.Equal(t, f.now.Add(auth.SessionLife), s.ses.Expires)
	require.Equal(t, f.now.Add(auth.SessionMax), s.seat.Expires.UTC(), "a cookie that the browser keeps")
	require.Equal(t, f.now.Add(auth.SessionMax), s.cookie.Expires.UTC())
	began := f.now
	f.sit(t, s.ses, 13*time.Hour)
	_, err := f.with(s.seat)
	require.NoError(t, err, "13 hours old, and seated")
	_, err = f.o.Who(request(s.cookie))
	require.NoError(t, err, "and at home in the office: the hearing was use")

	f.sit(t, s.ses, began.Add(auth.SessionMax).Sub(f.now)-time.Second)
	until, err := f.Alive(ctx, s.ses)
	require.NoError(t, err)
	require.Equal(t, began.Add(auth.SessionMax), until, "known beforehand, so that the connection ends in time")
	f.now = f.now.Add(time.Second)
	_, err = f.Alive(ctx, s.ses)
	require.ErrorIs(t, err, auth.ErrNoSession, "no sign-in is for ever")
	f.refused(t, s.seat, "nor its seat")
	f.out(t, s.cookie, "nor the office")
}

// Without a live hearing a connection keeps nobody beyond the sign-in's life, and
// the seat knows the end of what it came from.
func TestASeatEndsWithItsSignIn(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	acc := f.account(t, "unit", "judge")
	*f.seats = seats{{Hearing: hearing, Person: "p", Device: "d", Account: acc.ID}}
	c, w := f.official(t, "judge")
	ends := f.now.Add(auth.SessionLife)
	for range 11 {
		f.now = f.now.Add(50 * time.Minute)
		_, err := f.o.Who(request(c))
		require.NoError(t, err)
	}
	seat, ses, err := f.o.EnterSeat(ctx, w, hearing, "p", "d") // after nine hours
	require.NoError(t, err)
	f.sit(t, ses, ends.Sub(f.now)-time.Second)
	until, err := f.Alive(ctx, ses)
	require.NoError(t, err)
	require.Equal(t, ends, until)
	f.now = ends
	_, err = f.Alive(ctx, ses)
	require.ErrorIs(t, err, auth.ErrNoSession)
	f.refused(t, seat, "the sign-in is over")
}

// While the database is away a hearing in progress goes on, over the end of the
// sign-in's life too, and not beyond the absolute end.
func TestAnOutageEndsNobodyInAHearing(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	s := takeSeat(t, f, "judge")
	began := f.now
	f.sit(t, s.ses, 11*time.Hour+50*time.Minute)
	f.db.down.Store(true)
	f.sit(t, s.ses, 35*time.Minute) // over the end of twelve hours
	f.db.down.Store(false)
	f.sit(t, s.ses, time.Hour)
	f.db.down.Store(true)
	f.sit(t, s.ses, began.Add(auth.SessionMax).Sub(f.now)-time.Second)
	f.now = began.Add(auth.SessionMax)
	_, err := f.Alive(ctx, s.ses)
	require.ErrorIs(t, err, auth.ErrNoSession)
}

// However a way in ends, what it opened ends in the same call, also when the
// connection is thirteen hours old.
func TestEveryEndReachesOldConnections(t *testing.T) {
	ctx := context.Background()
	yes := true
	by := auth.System("unit")
	for name, end := range map[string]func(*testing.T, seated){
		"signed out": func(t *testing.T, s seated) {
			_, err := s.o.SignOut(request(s.cookie))
			require.NoError(t, err)
		},
		"ended from another place": func(t *testing.T, s seated) {
			_, w := s.official(t, s.acc.Login)
			require.NoError(t, s.o.EndOtherSessions(ctx, w))
		},
		"disabled": func(t *testing.T, s seated) {
			_, err := s.o.ChangeAccount(ctx, by, s.acc.ID, auth.Change{Disabled: &yes})
			require.NoError(t, err)
		},
		"reset": func(t *testing.T, s seated) {
			_, err := s.o.ChangeAccount(ctx, by, s.acc.ID, auth.Change{Reset: true})
			require.NoError(t, err)
		},
		"other roles": func(t *testing.T, s seated) {
			_, err := s.o.ChangeAccount(ctx, by, s.acc.ID, auth.Change{Roles: []store.Role{store.RoleClerk}})
			require.NoError(t, err)
		},
		"certificate revoked": func(t *testing.T, s seated) {
			c := store.Credential{ID: "c-" + s.acc.ID, Account: s.acc.ID, Kind: "certificate", Handle: []byte("h"), Data: []byte("der"), Created: s.now}
			require.NoError(t, s.db.PutCredential(ctx, by.Scope, c, store.AdminEntry{At: s.now, Actor: "system", Unit: "unit", What: "x"}))
			require.NoError(t, s.o.RevokeCredential(ctx, by, s.acc.ID, c.ID))
		},
		"own password changed": func(t *testing.T, s seated) {
			_, w := s.official(t, s.acc.Login)
			_, err := s.o.ChangePassword(ctx, w, password, "một mật khẩu khác hẳn", s.addr())
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := takeSeat(t, setupOffice(t), "judge")
			other := takeSeat(t, s.office, "other")
			for range 39 { // 13 hours
				s.sit(t, s.ses, 20*time.Minute)
				_, err := s.Alive(ctx, other.ses)
				require.NoError(t, err)
			}
			end(t, s)
			require.Equal(t, [][32]byte{s.ses.TokenHash}, s.ended.hashes(), "media")
			_, err := s.Alive(ctx, s.ses)
			require.ErrorIs(t, err, auth.ErrNoSession, "connection")
			s.refused(t, s.seat, "cookie")
			s.out(t, s.cookie, "office")
			_, err = s.Alive(ctx, other.ses)
			require.NoError(t, err, "nobody else")
		})
	}
}

// A sign-out says what it means also when the sign-in has run out meanwhile: what
// it opened may still be there, on this node or another.
func TestSigningOutAfterTheEnd(t *testing.T) {
	f := setupOffice(t)
	s := takeSeat(t, f, "judge")
	f.now = f.now.Add(auth.SessionLife + time.Minute)
	f.out(t, s.cookie, "over")
	_, err := f.o.SignOut(request(s.cookie))
	require.NoError(t, err)
	require.Equal(t, [][32]byte{s.ses.TokenHash}, f.ended.hashes())
}

// A revoked room device is out of its hearing, however long it was there.
func TestARevokedRoomDeviceLeavesItsHearing(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	f.fixture.live = true
	key, spki := deviceKey(t)
	code, _, err := f.o.OfferEnrolment(ctx, auth.System("unit"), "Phòng xử án 1")
	require.NoError(t, err)
	id, err := f.o.Enrol(ctx, code, spki, "", f.addr())
	require.NoError(t, err)
	nonce, err := f.o.ChallengeDevice(ctx, id, f.addr())
	require.NoError(t, err)
	c, err := f.o.SignInDevice(ctx, id, nonce, signNonce(t, key, nonce), f.addr())
	require.NoError(t, err)
	room, err := f.o.Room(request(c))
	require.NoError(t, err)
	*f.seats = seats{{Hearing: hearing, Person: "p", Device: "room", RoomDevice: id}}
	_, ses, err := f.o.EnterRoomSeat(ctx, room, hearing, "p", "room")
	require.NoError(t, err)
	f.sit(t, ses, 13*time.Hour)
	got, err := f.db.SessionByToken(ctx, ses.TokenHash, f.now)
	require.NoError(t, err)
	require.Equal(t, court.UnitID("unit"), got.Unit)
	require.NoError(t, f.o.RevokeDevice(ctx, auth.System("unit"), id))
	require.Equal(t, [][32]byte{ses.TokenHash}, f.ended.hashes())
	_, err = f.Alive(ctx, ses)
	require.ErrorIs(t, err, auth.ErrNoSession)
}

// A revoked invitation opens nothing any more, and what it has opened ends.
func TestARevokedInvitationEndsWhatItOpened(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	f.fixture.live = true
	unused := f.invite(t, "party")
	c := f.signIn(t, "party")
	who, err := f.with(c)
	require.NoError(t, err)
	f.sit(t, who, 13*time.Hour)
	_, err = f.db.SessionByToken(ctx, who.TokenHash, f.now)
	require.NoError(t, err)
	clerk := f.account(t, "unit", "clerk", store.RoleClerk)
	far := f.account(t, "far", "far", store.RoleClerk)
	official := func(acc store.Account) auth.Official {
		return auth.Official{ID: acc.ID, Unit: acc.Unit, Scope: court.ScopeOf(acc.Unit)}
	}
	foreign := f.o.RevokeInvitation(ctx, official(far), hearing, "party")
	nowhere := f.o.RevokeInvitation(ctx, official(far), "no-such-hearing", "party")
	require.ErrorIs(t, foreign, store.ErrNotFound)
	require.Equal(t, nowhere.Error(), foreign.Error())
	_, err = f.Alive(ctx, who)
	require.NoError(t, err)

	require.NoError(t, f.o.RevokeInvitation(ctx, official(clerk), hearing, "party"))
	require.Equal(t, [][32]byte{who.TokenHash}, f.ended.hashes())
	_, err = f.Alive(ctx, who)
	require.ErrorIs(t, err, auth.ErrNoSession)
	f.refused(t, c, "revoked")
	_, _, err = f.Consume(ctx, unused, "", f.addr())
	require.ErrorIs(t, err, auth.ErrDenied)
	require.NoError(t, f.o.RevokeInvitation(ctx, official(clerk), hearing, "nobody"), "nothing to revoke is no error")
}
