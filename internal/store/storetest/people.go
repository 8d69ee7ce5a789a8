package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// at is a moment of the tests' own clock, in microseconds as stored.
func at(d time.Duration) time.Time {
	return time.Date(2026, 11, 22, 1, 2, 3, 4000, time.UTC).Add(d)
}

func foreignIsNotFound(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	l := acquire(t, f.A, h, "a", long)
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, lines(1, "x")))
	require.NoError(t, f.A.PutCheckpoint(bg(), sys(), h, 1, []byte("note")))

	for name, sc := range map[string]court.Scope{"other unit": court.ScopeOf(foreign), "no unit": {}} {
		for _, target := range []string{h, "no-such-hearing"} {
			inv := store.Invitation{TokenHash: f.hash(), Hearing: target, Person: "p", Device: "d", Expires: at(long)}
			fl := store.Lease{Hearing: target, Node: "a", Epoch: l.Epoch}
			for call, got := range map[string]func() error{
				"Acquire":        func() error { _, err := f.A.Acquire(bg(), sc, target, "a", long); return err },
				"Renew":          func() error { _, err := f.A.Renew(bg(), sc, fl, long); return err },
				"Release":        func() error { return f.A.Release(bg(), sc, fl) },
				"Append":         func() error { return f.A.Append(bg(), sc, fl, 1, lines(1, "y")) },
				"Read":           func() error { _, err := f.A.Read(bg(), sc, target, 1, 10); return err },
				"PutCheckpoint":  func() error { return f.A.PutCheckpoint(bg(), sc, target, 2, []byte("x")) },
				"LastCheckpoint": func() error { _, _, err := f.A.LastCheckpoint(bg(), sc, target); return err },
				"Hearing":        func() error { _, err := f.A.Hearing(bg(), sc, target); return err },
				"Names":          func() error { _, err := f.A.Names(bg(), sc, target); return err },
				"CreateInvitation": func() error {
					return f.A.CreateInvitation(bg(), sc, inv)
				},
				"RevokeInvitations": func() error { _, err := f.A.RevokeInvitations(bg(), sc, target, "p"); return err },
				"CreateHearing": func() error {
					return f.A.CreateHearing(bg(), sc, store.Hearing{ID: f.id("h"), Unit: unit, Room: fmt.Sprintf("%032x", f.n.Add(1))}, nil)
				},
			} {
				require.ErrorIs(t, got(), store.ErrNotFound, "%s, %s, %s", name, call, target)
			}
		}
		found, err := f.A.Hearings(bg(), sc, 0, 1<<62)
		require.NoError(t, err)
		require.Empty(t, found, name)
	}
	require.Len(t, all(t, f.A, h), 1, "nothing was written")
	_, err := f.A.Renew(bg(), court.ScopeOf(unit, foreign), l, long)
	require.NoError(t, err, "nothing was released")
}

func namesAreNFC(t *testing.T, f *fixture) {
	const composed, decomposed = "Nguyễn Thị Hồng Ánh", "Nguye\u0302\u0303n Thi\u0323 Ho\u0302\u0300ng A\u0301nh"
	require.NotEqual(t, composed, decomposed)
	h := store.Hearing{ID: f.id("h"), Room: fmt.Sprintf("%032x", f.n.Add(1)), Unit: unit, Title: decomposed, DocketNo: "1"}
	require.NoError(t, f.A.CreateHearing(bg(), court.ScopeOf(unit), h, []store.PersonName{
		{Person: "p2", Name: decomposed},
		{Person: "p1", Name: composed, Hearing: h.ID},
		{Person: "p3", Name: "漢字 👩‍⚖️ \u202eabc"},
	}))
	names, err := f.B.Names(bg(), court.ScopeOf(unit), h.ID)
	require.NoError(t, err)
	require.Equal(t, []store.PersonName{
		{Person: "p1", Name: composed, Hearing: h.ID},
		{Person: "p2", Name: composed, Hearing: h.ID},
		{Person: "p3", Name: "漢字 👩‍⚖️ \u202eabc", Hearing: h.ID},
	}, names)
	got, err := f.B.Hearing(bg(), court.ScopeOf(unit), h.ID)
	require.NoError(t, err)
	require.Equal(t, composed, got.Title)
}

func hearingOnce(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	h := store.Hearing{
		ID: f.id("h"), Room: "00112233445566778899aabbccddeeff", Unit: unit,
		DocketNo: "7/2026/DS-ST", Title: "Tranh chấp", StartsAt: 1_795_000_000_000_000, Demo: true,
	}
	names := []store.PersonName{{Person: "p", Name: "A", Hearing: h.ID}}
	require.NoError(t, f.A.CreateHearing(bg(), sc, h, names))
	got, err := f.B.Hearing(bg(), sc, h.ID)
	require.NoError(t, err)
	require.Equal(t, h, got)

	sameRoom := h
	sameRoom.ID = f.id("h")
	require.ErrorIs(t, f.A.CreateHearing(bg(), sc, h, names), store.ErrConflict)
	require.ErrorIs(t, f.A.CreateHearing(bg(), sc, sameRoom, nil), store.ErrConflict)
	_, err = f.A.Hearing(bg(), sc, sameRoom.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	twice := store.Hearing{ID: f.id("h"), Room: "ffffffffffffffffffffffffffffffff", Unit: unit}
	err = f.A.CreateHearing(bg(), sc, twice, []store.PersonName{{Person: "p"}, {Person: "p"}})
	require.ErrorIs(t, err, store.ErrConflict)
	_, err = f.A.Hearing(bg(), sc, twice.ID)
	require.ErrorIs(t, err, store.ErrNotFound, "all or nothing")
}

func hearingsByStart(t *testing.T, f *fixture) {
	var ids []string
	for range 4 {
		ids = append(ids, f.hearing(t, unit))
		f.hearing(t, foreign)
	}
	found, err := f.B.Hearings(bg(), court.ScopeOf(unit), 0, 1<<62)
	require.NoError(t, err)
	var got []string
	for _, h := range found {
		got = append(got, h.ID)
	}
	require.Equal(t, ids, got)
	part, err := f.B.Hearings(bg(), court.ScopeOf(unit), found[1].StartsAt, found[3].StartsAt)
	require.NoError(t, err)
	require.Equal(t, found[1:3], part, "from is inside, to is not")
	everything, err := f.B.Hearings(bg(), sys(), 0, 1<<62)
	require.NoError(t, err)
	require.Len(t, everything, 8)
}

func metaOnce(t *testing.T, f *fixture) {
	_, err := f.A.Meta(bg(), "demonstration")
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, f.A.SetMetaOnce(bg(), "demonstration", "true"))
	require.NoError(t, f.B.SetMetaOnce(bg(), "demonstration", "true"), "the same again")
	require.ErrorIs(t, f.B.SetMetaOnce(bg(), "demonstration", ""), store.ErrConflict)
	v, err := f.B.Meta(bg(), "demonstration")
	require.NoError(t, err)
	require.Equal(t, "true", v)

	var won atomic.Int32
	var g errgroup.Group
	for i := range 10 {
		g.Go(func() error {
			err := f.A.SetMetaOnce(bg(), "race", fmt.Sprint(i))
			if err == nil {
				won.Add(1)
			} else if errors.Is(err, store.ErrConflict) {
				return nil
			}
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.Equal(t, int32(1), won.Load())
}

func (f *fixture) invite(t require.TestingT, h, person string, expires time.Time) store.Invitation {
	i := store.Invitation{TokenHash: f.hash(), Hearing: h, Person: person, Device: "device-of-" + person, Expires: expires}
	require.NoError(t, f.A.CreateInvitation(bg(), court.ScopeOf(unit), i))
	return i
}

// used runs try from many clients at once and returns how many succeeded; the
// others must have been told that the token is used.
func used(t *testing.T, f *fixture, try func(st store.Store) error) int {
	var won atomic.Int32
	var g errgroup.Group
	for i := range 50 {
		st := f.A
		if i%2 == 1 {
			st = f.B
		}
		g.Go(func() error {
			err := try(st)
			if err == nil {
				won.Add(1)
			} else if errors.Is(err, store.ErrUsed) {
				return nil
			}
			return err
		})
	}
	require.NoError(t, g.Wait())
	return int(won.Load())
}

// redeem uses an invitation without a code at a moment of the tests' clock.
func (f *fixture) redeem(st store.Store, token [32]byte, now time.Time) error {
	_, err := st.RedeemCode(bg(), token, [32]byte{}, store.Session{TokenHash: f.hash(), Created: now, Expires: now.Add(long)}, now)
	return err
}

func invitationExpires(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	inv := f.invite(t, h, "p", at(long))
	require.ErrorIs(t, f.redeem(f.A, inv.TokenHash, at(long)), store.ErrUsed, "at the very moment")
	require.NoError(t, f.redeem(f.A, inv.TokenHash, at(long-time.Microsecond)), "the refusal did not use it up")
	require.ErrorIs(t, f.redeem(f.A, f.hash(), at(0)), store.ErrUsed, "unknown looks like used")
	require.ErrorIs(t, f.A.CreateInvitation(bg(), sys(), inv), store.ErrConflict, "a used one is not made again")
}

func redeemOnce(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	inv := f.invite(t, h, "p", at(long))
	var kept atomic.Pointer[store.Session]
	require.Equal(t, 1, used(t, f, func(st store.Store) error {
		s, err := st.RedeemCode(bg(), inv.TokenHash, [32]byte{}, store.Session{TokenHash: f.hash(), Created: at(0), Expires: at(long)}, at(0))
		if err == nil {
			kept.Store(&s)
		}
		return err
	}))
	want := *kept.Load()
	require.Equal(t, []string{h, "p", inv.Device}, []string{want.Hearing, want.Person, want.Device})
	got, err := f.B.SessionByToken(bg(), want.TokenHash, at(0))
	require.NoError(t, err)
	want.Unit = unit
	require.Equal(t, want, got)
	var n int
	require.NoError(t, f.Raw.QueryRow(`SELECT count(*) FROM session`).Scan(&n))
	require.Equal(t, 1, n, "who lost left no session")

	// A session that cannot be stored does not use the invitation up.
	other := f.invite(t, h, "p", at(long))
	_, err = f.A.RedeemCode(bg(), other.TokenHash, [32]byte{}, want, at(0))
	require.ErrorIs(t, err, store.ErrConflict)
	_, err = f.A.RedeemCode(bg(), other.TokenHash, [32]byte{}, store.Session{TokenHash: f.hash(), Created: at(0), Expires: at(long)}, at(0))
	require.NoError(t, err)
}

// Whatever the order in which a revocation and a redemption meet, afterwards
// nobody is in.
func revocationBeatsRedeem(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	for range 20 {
		inv := f.invite(t, h, "p", at(long))
		ses := store.Session{TokenHash: f.hash(), Created: at(0), Expires: at(long)}
		var g errgroup.Group
		g.Go(func() error {
			_, err := f.A.RedeemCode(bg(), inv.TokenHash, [32]byte{}, ses, at(0))
			if errors.Is(err, store.ErrUsed) {
				return nil
			}
			return err
		})
		g.Go(func() error {
			_, err := f.B.RevokeInvitations(bg(), sys(), h, "p")
			return err
		})
		require.NoError(t, g.Wait())
		_, err := f.A.SessionByToken(bg(), ses.TokenHash, at(0))
		require.ErrorIs(t, err, store.ErrNotFound)
		require.ErrorIs(t, f.redeem(f.A, inv.TokenHash, at(0)), store.ErrUsed)
	}
}

func (f *fixture) session(t require.TestingT, h, person string, expires time.Time) store.Session {
	s := store.Session{
		TokenHash: f.hash(), Hearing: h, Person: person, Device: "d",
		Created: at(0), LastSeen: at(0), Expires: expires,
	}
	require.NoError(t, f.A.CreateSession(bg(), s))
	row, err := f.A.Hearing(bg(), sys(), h)
	require.NoError(t, err)
	s.Unit = row.Unit // as reading tells
	return s
}

func sessionExpires(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	s := f.session(t, h, "p", at(long))
	got, err := f.B.SessionByToken(bg(), s.TokenHash, at(long-time.Microsecond))
	require.NoError(t, err)
	require.Equal(t, s, got)
	_, err = f.B.SessionByToken(bg(), s.TokenHash, at(long))
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = f.B.SessionByToken(bg(), f.hash(), at(0))
	require.ErrorIs(t, err, store.ErrNotFound)

	require.NoError(t, f.A.TouchSession(bg(), s.TokenHash, at(time.Minute)))
	require.NoError(t, f.B.TouchSession(bg(), s.TokenHash, at(time.Second)), "late")
	got, err = f.B.SessionByToken(bg(), s.TokenHash, at(0))
	require.NoError(t, err)
	require.Equal(t, at(time.Minute), got.LastSeen)
	require.Equal(t, s.Expires, got.Expires, "the end is absolute")
	require.ErrorIs(t, f.A.TouchSession(bg(), f.hash(), at(0)), store.ErrNotFound)

	require.ErrorIs(t, f.A.CreateSession(bg(), s), store.ErrConflict)
	lost := s
	lost.Hearing, lost.TokenHash = "no-such-hearing", f.hash()
	require.ErrorIs(t, f.A.CreateSession(bg(), lost), store.ErrNotFound)
}

func hashes(list []store.Session) (out [][32]byte) {
	for _, s := range list {
		out = append(out, s.TokenHash)
	}
	return out
}

// A session that is kept ends later, together with what it came from, but never
// beyond its life; what was ended is not kept.
func sessionsAreKept(t *testing.T, f *fixture) {
	const life, tick = 3 * long, time.Microsecond
	h := f.hearing(t, unit)
	a := f.account(t, foreign)
	parent, other := f.accountSession(t, a.ID, "password", at(long)), f.accountSession(t, a.ID, "password", at(long))
	seat, invited := f.seatOf(t, h, a.ID, parent.TokenHash), f.session(t, h, "p", at(long))
	keep := func(s store.Session, now, until time.Duration) error {
		return f.A.KeepSession(bg(), s.TokenHash, at(now), at(until), life)
	}
	ends := func(s store.Session, now time.Duration, want time.Duration) {
		t.Helper()
		got, err := f.B.SessionByToken(bg(), s.TokenHash, at(now))
		require.NoError(t, err)
		require.Equal(t, at(want), got.Expires)
		_, err = f.B.SessionByToken(bg(), s.TokenHash, at(want))
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	for _, s := range []store.Session{seat, invited} {
		require.NoError(t, keep(s, tick, long-tick))
		ends(s, tick, long) // an earlier end changes nothing
		require.NoError(t, keep(s, long-tick, 2*long))
		ends(s, long-tick, 2*long)
		require.NoError(t, keep(s, 2*long-tick, 9*long))
		ends(s, 2*long-tick, life)
	}
	got, err := f.B.AccountSessionByToken(bg(), parent.TokenHash, at(life-tick))
	require.NoError(t, err)
	require.Equal(t, []time.Time{at(life), at(2*long - tick)}, []time.Time{got.Expires, got.LastSeen}, "the sign-in goes with its seat")
	_, err = f.B.AccountSessionByToken(bg(), other.TokenHash, at(long))
	require.ErrorIs(t, err, store.ErrNotFound, "and no other")
	require.ErrorIs(t, keep(seat, life, 2*life), store.ErrNotFound, "out of time")
	require.ErrorIs(t, f.A.KeepSession(bg(), f.hash(), at(0), at(1), life), store.ErrNotFound)
	require.ErrorIs(t, keep(invited, 2*tick, tick), store.ErrInvalid)

	// A seat stands no longer than its sign-in, whatever its own row says.
	parent = f.accountSession(t, a.ID, "password", at(time.Minute))
	seat = f.seatOf(t, h, a.ID, parent.TokenHash)
	ends(seat, 1, time.Minute)
	parent = f.accountSession(t, a.ID, "password", at(long))
	seat = f.seatOf(t, h, a.ID, parent.TokenHash)
	seats, err := f.A.EndAccountSession(bg(), parent.TokenHash)
	require.NoError(t, err)
	require.Equal(t, [][32]byte{seat.TokenHash}, hashes(seats))
	require.ErrorIs(t, keep(seat, 1, long), store.ErrNotFound, "revoked")
	_, err = f.B.AccountSessionByToken(bg(), parent.TokenHash, at(1))
	require.ErrorIs(t, err, store.ErrNotFound)
}

func sessionsRevoked(t *testing.T, f *fixture) {
	h, other := f.hearing(t, unit), f.hearing(t, unit)
	one, two := f.session(t, h, "p", at(long)), f.session(t, h, "p", at(long))
	elsewhere, somebody := f.session(t, other, "p", at(long)), f.session(t, h, "q", at(long))
	a := f.account(t, unit)
	parent := f.accountSession(t, a.ID, "password", at(long))
	official := f.seatOf(t, h, a.ID, parent.TokenHash)
	ended, err := f.A.RevokeInvitations(bg(), court.ScopeOf(unit), h, "p")
	require.NoError(t, err)
	require.ElementsMatch(t, [][32]byte{one.TokenHash, two.TokenHash}, hashes(ended))
	for _, s := range []store.Session{one, two} {
		_, err := f.B.SessionByToken(bg(), s.TokenHash, at(0))
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, f.B.TouchSession(bg(), s.TokenHash, at(1)), "known, and still revoked")
		_, err = f.B.SessionByToken(bg(), s.TokenHash, at(1))
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	ended, err = f.A.RevokeInvitations(bg(), court.ScopeOf(unit), h, official.Person)
	require.NoError(t, err)
	require.Empty(t, ended, "who came by an account did not come by an invitation")
	for _, s := range []store.Session{elsewhere, somebody, official} {
		_, err := f.B.SessionByToken(bg(), s.TokenHash, at(0))
		require.NoError(t, err)
	}
	for _, c := range []struct {
		hearings []string
		since    time.Duration
		want     [][32]byte
	}{
		{[]string{h, other}, -time.Second, [][32]byte{one.TokenHash, two.TokenHash}},
		{[]string{other}, -time.Second, nil},
		{nil, -time.Second, nil},
		{[]string{h}, 0, nil},
	} {
		found, err := f.B.RevokedSeats(bg(), c.hearings, at(c.since))
		require.NoError(t, err)
		require.ElementsMatch(t, c.want, hashes(found), "what another node has ended")
	}
	ended, err = f.A.RevokeInvitations(bg(), court.ScopeOf(unit), h, "p")
	require.NoError(t, err)
	require.Len(t, ended, 2, "again: whoever failed to end their media may try once more")
	require.True(t, ended[0].Revoked && ended[1].Revoked)
	require.NoError(t, f.A.EndSession(bg(), somebody.TokenHash))
	require.NoError(t, f.A.EndSession(bg(), somebody.TokenHash))
	_, err = f.B.SessionByToken(bg(), somebody.TokenHash, at(0))
	require.ErrorIs(t, err, store.ErrNotFound)
}
