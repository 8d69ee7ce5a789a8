package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// by is an act of the tests' administrator.
func by(u court.UnitID, what, object string) store.AdminEntry {
	return store.AdminEntry{At: at(0), Actor: "admin", Unit: u, What: what, Object: object}
}

func (f *fixture) account(t require.TestingT, u court.UnitID) store.Account {
	a := store.Account{
		ID: f.id("account"), Unit: u, Login: f.id("login"), Name: "Nguyễn Thị Hồng Ánh",
		Roles: []store.Role{store.RoleClerk, store.RoleJudge}, Password: "$argon2id$one", MustChange: true, Created: at(0), Version: 1,
	}
	require.NoError(t, f.A.CreateAccount(bg(), court.ScopeOf(u), a, by(u, "account.created", a.ID)))
	return a
}

func (f *fixture) accountSession(t require.TestingT, owner, method string, expires time.Time) store.AccountSession {
	s := store.AccountSession{
		TokenHash: f.hash(), Account: owner, Method: method, Created: at(0), LastSeen: at(0), Expires: expires,
		Address: "203.0.113.7", Agent: "Mozilla/5.0 (X11; Linux x86_64)",
	}
	require.NoError(t, f.A.CreateAccountSession(bg(), s))
	return s
}

func (f *fixture) seatOf(t require.TestingT, h, owner string, parent [32]byte) store.Session {
	s := store.Session{
		TokenHash: f.hash(), Hearing: h, Person: "p-" + owner, Device: "d", Owner: owner, Parent: parent,
		Created: at(0), LastSeen: at(0), Expires: at(long),
	}
	require.NoError(t, f.A.CreateSession(bg(), s))
	return s
}

// read is a session as the other client reads it.
func (f *fixture) read(t require.TestingT, hash [32]byte, now time.Time) store.Session {
	s, err := f.B.SessionByToken(bg(), hash, now)
	require.NoError(t, err)
	return s
}

func (f *fixture) device(t require.TestingT, u court.UnitID) store.RoomDevice {
	d := store.RoomDevice{
		ID: f.id("device"), Unit: u, Kind: store.Computer, Label: "Phòng xử án 1", PublicKey: []byte(f.id("key")), Enrolled: at(0), EnrolledBy: "op",
	}
	require.NoError(t, f.A.PutRoomDevice(bg(), court.ScopeOf(u), d, by(u, "device.enrolled", d.ID)))
	return d
}

func accountsAreKept(t *testing.T, f *fixture) {
	a := f.account(t, unit)
	for _, st := range []store.Store{f.A, f.B} {
		got, err := st.Account(bg(), court.ScopeOf(unit), a.ID)
		require.NoError(t, err)
		require.Equal(t, a, got)
		got, err = st.AccountByLogin(bg(), a.Login)
		require.NoError(t, err)
		require.Equal(t, a, got)
	}
	f.account(t, foreign)
	list, err := f.B.AccountsOf(bg(), court.ScopeOf(unit))
	require.NoError(t, err)
	require.Equal(t, []store.Account{a}, list)

	twin := a
	twin.ID = f.id("account")
	require.ErrorIs(t, f.A.CreateAccount(bg(), sys(), twin, by(unit, "x", "")), store.ErrConflict, "the login is taken")
	twin.Login = "Upper"
	require.ErrorIs(t, f.A.CreateAccount(bg(), sys(), twin, by(unit, "x", "")), store.ErrInvalid)
	twin.Login, twin.Roles = f.id("login"), []store.Role{"king"}
	require.ErrorIs(t, f.A.CreateAccount(bg(), sys(), twin, by(unit, "x", "")), store.ErrInvalid)

	changed := a
	changed.Unit, changed.Login, changed.Created = foreign, "other", at(long)
	changed.Name, changed.Roles, changed.MustChange = "Trần Văn B", []store.Role{store.RoleAuditor}, false
	require.NoError(t, f.A.UpdateAccount(bg(), court.ScopeOf(unit), changed, by(unit, "account.changed", a.ID)))
	got, err := f.B.Account(bg(), sys(), a.ID)
	require.NoError(t, err)
	changed.Unit, changed.Login, changed.Created, changed.Version = a.Unit, a.Login, a.Created, 2
	require.Equal(t, changed, got, "unit, login and creation stay")
	a.Disabled = true
	require.ErrorIs(t, f.A.UpdateAccount(bg(), sys(), a, by(unit, "late", "")), store.ErrConflict, "of an older version")
	got, err = f.B.Account(bg(), sys(), a.ID)
	require.NoError(t, err)
	require.Equal(t, changed, got)

	// Of many changes of one version at once exactly one is made.
	require.Equal(t, 1, onlyOne(t, f, func(st store.Store) error {
		return st.UpdateAccount(bg(), sys(), changed, by(unit, "account.changed", a.ID))
	}))
}

// onlyOne runs try from many clients at once and returns how many succeeded; the
// others must have been told of the conflict.
func onlyOne(t *testing.T, f *fixture, try func(st store.Store) error) int {
	var won atomic.Int32
	var g errgroup.Group
	for n := range 20 {
		st := []store.Store{f.A, f.B}[n%2]
		g.Go(func() error {
			err := try(st)
			if err == nil {
				won.Add(1)
			} else if errors.Is(err, store.ErrConflict) {
				return nil
			}
			return err
		})
	}
	require.NoError(t, g.Wait())
	return int(won.Load())
}

func unitsAreKept(t *testing.T, f *fixture) {
	u := store.Unit{ID: unit, Kind: "court.province", Name: "Tòa án nhân dân tỉnh", ValidFrom: 5}
	require.NoError(t, f.A.PutUnit(bg(), court.ScopeOf(unit), u, by(unit, "unit.put", string(unit))))
	require.NoError(t, f.A.PutUnit(bg(), sys(), store.Unit{ID: foreign, Kind: "vks.regional", Parent: unit}, by(foreign, "unit.put", "")))
	u.ValidTo, u.Successor = 9, foreign
	require.NoError(t, f.B.PutUnit(bg(), court.ScopeOf(unit), u, by(unit, "unit.put", string(unit))))
	got, err := f.A.Units(bg(), court.ScopeOf(unit))
	require.NoError(t, err)
	require.Equal(t, []store.Unit{u}, got)
	got, err = f.A.Units(bg(), sys())
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.ErrorIs(t, f.A.PutUnit(bg(), court.ScopeOf(foreign), u, by(foreign, "unit.put", "")), store.ErrNotFound)
	u.ValidTo = 5
	require.ErrorIs(t, f.A.PutUnit(bg(), sys(), u, by(unit, "unit.put", "")), store.ErrInvalid)
}

func foreignAccountsAreNotFound(t *testing.T, f *fixture) {
	a, d := f.account(t, unit), f.device(t, unit)
	c := store.Credential{ID: f.id("cred"), Account: a.ID, Kind: "passkey", Handle: []byte(f.id("h")), Data: []byte("{}"), Created: at(0)}
	require.NoError(t, f.A.PutCredential(bg(), sys(), c, by(unit, "credential.added", a.ID)))
	f.accountSession(t, a.ID, "password", at(long))
	before, err := f.A.AdminLog(bg(), sys(), 1, 1000)
	require.NoError(t, err)
	e := by(foreign, "attempt", "")
	for name, sc := range map[string]court.Scope{"other unit": court.ScopeOf(foreign), "no unit": {}} {
		for _, id := range []string{a.ID, "no-such-account"} {
			target, cred, dev := a, c, d
			target.ID, target.Disabled = id, true
			cred.ID, cred.Account, cred.Handle = f.id("cred"), id, []byte(f.id("h"))
			dev.Revoked = true
			if id != a.ID {
				dev.ID = id
			}
			for call, got := range map[string]func() error{
				"CreateAccount": func() error {
					n := a
					n.ID, n.Login = f.id("account"), f.id("login")
					return f.A.CreateAccount(bg(), sc, n, e)
				},
				"UpdateAccount":      func() error { return f.A.UpdateAccount(bg(), sc, target, e) },
				"Account":            func() error { _, err := f.A.Account(bg(), sc, id); return err },
				"PutCredential":      func() error { return f.A.PutCredential(bg(), sc, cred, e) },
				"Credentials":        func() error { _, err := f.A.Credentials(bg(), sc, id); return err },
				"RevokeCredential":   func() error { return f.A.RevokeCredential(bg(), sc, c.ID, e) },
				"EndAccountSessions": func() error { _, err := f.A.EndAccountSessions(bg(), sc, id); return err },
				"PutRoomDevice":      func() error { return f.A.PutRoomDevice(bg(), sc, dev, e) },
			} {
				require.ErrorIs(t, got(), store.ErrNotFound, "%s, %s, %s", name, call, id)
			}
		}
		accounts, err := f.A.AccountsOf(bg(), sc)
		require.NoError(t, err)
		require.Empty(t, accounts)
		devices, err := f.A.RoomDevices(bg(), sc)
		require.NoError(t, err)
		require.Empty(t, devices)
		entries, err := f.A.AdminLog(bg(), sc, 1, 1000)
		require.NoError(t, err)
		require.Empty(t, entries)
	}
	after, err := f.A.AdminLog(bg(), sys(), 1, 1000)
	require.NoError(t, err)
	require.Equal(t, before, after, "nothing happened, so nothing is noted")
	got, err := f.A.Account(bg(), sys(), a.ID)
	require.NoError(t, err)
	require.Equal(t, a, got)
}

// Disabling an account and giving it another password end its sessions and those
// of its seats; another name does not.
func disablingEndsSessions(t *testing.T, f *fixture) {
	h := f.hearing(t, foreign)
	for name, c := range map[string]struct {
		change func(*store.Account)
		ends   bool
	}{
		"disabled":     {func(a *store.Account) { a.Disabled = true }, true},
		"new password": {func(a *store.Account) { a.Password = "$argon2id$two" }, true},
		"new name":     {func(a *store.Account) { a.Name = "B" }, false},
	} {
		a, other := f.account(t, unit), f.account(t, unit)
		s, kept := f.accountSession(t, a.ID, "password", at(long)), f.accountSession(t, other.ID, "password", at(long))
		seat, keptSeat := f.seatOf(t, h, a.ID, s.TokenHash), f.seatOf(t, h, other.ID, kept.TokenHash)
		c.change(&a)
		require.NoError(t, f.A.UpdateAccount(bg(), court.ScopeOf(unit), a, by(unit, "account.changed", a.ID)))
		_, err := f.B.AccountSessionByToken(bg(), s.TokenHash, at(1))
		_, err2 := f.B.SessionByToken(bg(), seat.TokenHash, at(1))
		seats, err3 := f.B.SeatSessions(bg(), a.ID, at(-1))
		require.NoError(t, err3)
		require.Len(t, seats, 1, name)
		require.Equal(t, c.ends, seats[0].Revoked, name)
		require.Equal(t, []any{seat.TokenHash, seat.Parent, seat.Owner}, []any{seats[0].TokenHash, seats[0].Parent, seats[0].Owner})
		if c.ends {
			require.ErrorIs(t, err, store.ErrNotFound, name)
			require.ErrorIs(t, err2, store.ErrNotFound, name)
		} else {
			require.NoError(t, err, name)
			require.NoError(t, err2, name)
		}
		_, err = f.B.AccountSessionByToken(bg(), kept.TokenHash, at(1))
		require.NoError(t, err)
		keptSeat.Unit = unit // of the account, not of the hearing
		require.Equal(t, keptSeat, f.read(t, keptSeat.TokenHash, at(1)))
		if a.Disabled {
			again := s
			again.TokenHash = f.hash()
			require.ErrorIs(t, f.A.CreateAccountSession(bg(), again), store.ErrNotFound, "nobody signs in")
			a.Disabled, a.Version = false, a.Version+1
			require.NoError(t, f.A.UpdateAccount(bg(), court.ScopeOf(unit), a, by(unit, "account.changed", a.ID)))
			_, err = f.B.AccountSessionByToken(bg(), s.TokenHash, at(1))
			require.ErrorIs(t, err, store.ErrNotFound, "old sessions do not come back")
		}
	}
}

func accountSessionsEnd(t *testing.T, f *fixture) {
	a := f.account(t, unit)
	s := f.accountSession(t, a.ID, "passkey", at(long))
	got, err := f.B.AccountSessionByToken(bg(), s.TokenHash, at(long-time.Microsecond))
	require.NoError(t, err)
	require.Equal(t, s, got)
	_, err = f.B.AccountSessionByToken(bg(), s.TokenHash, at(long))
	require.ErrorIs(t, err, store.ErrNotFound)

	require.NoError(t, f.A.TouchAccountSession(bg(), s.TokenHash, at(time.Minute)))
	require.NoError(t, f.A.TouchAccountSession(bg(), s.TokenHash, at(time.Second)), "late")
	require.NoError(t, f.A.StepUp(bg(), s.TokenHash, at(2*time.Minute)))
	got, err = f.B.AccountSessionByToken(bg(), s.TokenHash, at(1))
	require.NoError(t, err)
	require.Equal(t, []time.Time{at(time.Minute), at(2 * time.Minute)}, []time.Time{got.LastSeen, got.SteppedUp})
	for _, err := range []error{
		f.A.TouchAccountSession(bg(), f.hash(), at(0)), f.A.StepUp(bg(), f.hash(), at(0)),
	} {
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	require.ErrorIs(t, f.A.CreateAccountSession(bg(), s), store.ErrConflict)
	lost := s
	lost.Account, lost.TokenHash = "no-such-account", f.hash()
	require.ErrorIs(t, f.A.CreateAccountSession(bg(), lost), store.ErrNotFound)

	// Signing out ends the seats entered from this session, not those of another.
	h := f.hearing(t, unit)
	two := f.accountSession(t, a.ID, "password", at(long))
	mine, others, invited := f.seatOf(t, h, a.ID, s.TokenHash), f.seatOf(t, h, a.ID, two.TokenHash), f.session(t, h, "q", at(long))
	// Also when it is over already, and again: what it opened may still be there.
	for range 2 {
		ended, err := f.A.EndAccountSession(bg(), s.TokenHash)
		require.NoError(t, err)
		require.Equal(t, [][32]byte{mine.TokenHash}, hashes(ended))
		require.True(t, ended[0].Revoked)
	}
	ended, err := f.A.EndAccountSession(bg(), f.hash())
	require.NoError(t, err, "unknown")
	require.Empty(t, ended)
	_, err = f.B.AccountSessionByToken(bg(), s.TokenHash, at(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorIs(t, f.A.StepUp(bg(), s.TokenHash, at(long)), store.ErrNotFound, "ended")
	_, err = f.B.SessionByToken(bg(), mine.TokenHash, at(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	for _, hash := range [][32]byte{others.TokenHash, invited.TokenHash} {
		_, err = f.B.SessionByToken(bg(), hash, at(1))
		require.NoError(t, err)
	}
	late := two
	late.TokenHash, late.Created, late.LastSeen, late.Agent = f.hash(), at(time.Second), at(time.Second), strings.Repeat("x", store.MaxAgentBytes+1)
	require.ErrorIs(t, f.A.CreateAccountSession(bg(), late), store.ErrInvalid)
	late.Agent = ""
	require.NoError(t, f.A.CreateAccountSession(bg(), late))
	standing, err := f.B.AccountSessions(bg(), a.ID, at(1))
	require.NoError(t, err)
	require.Equal(t, []store.AccountSession{late, two}, standing, "the latest first, and not those that ended")
	standing, err = f.B.AccountSessions(bg(), a.ID, at(long))
	require.NoError(t, err)
	require.Empty(t, standing)
	seats, err := f.A.EndAccountSessions(bg(), court.ScopeOf(unit), a.ID)
	require.NoError(t, err)
	others.Revoked = true
	require.Equal(t, []store.Session{others}, seats)
	seats, err = f.A.EndAccountSessions(bg(), court.ScopeOf(unit), a.ID)
	require.NoError(t, err)
	require.Empty(t, seats)
	_, err = f.B.AccountSessionByToken(bg(), two.TokenHash, at(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = f.B.SessionByToken(bg(), invited.TokenHash, at(1))
	require.NoError(t, err, "an invitation is not the account's")
}

func credentialsAreRevokedForGood(t *testing.T, f *fixture) {
	a := f.account(t, unit)
	c := store.Credential{
		ID: f.id("cred"), Account: a.ID, Kind: "certificate", Handle: []byte(f.id("handle")), Data: []byte("der"),
		Label: "Thẻ", Created: at(0),
	}
	e := by(unit, "credential.added", a.ID)
	require.NoError(t, f.A.PutCredential(bg(), court.ScopeOf(unit), c, e))
	got, err := f.B.CredentialByHandle(bg(), "certificate", c.Handle)
	require.NoError(t, err)
	require.Equal(t, c, got)
	_, err = f.B.CredentialByHandle(bg(), "passkey", c.Handle)
	require.ErrorIs(t, err, store.ErrNotFound)
	thief := c
	thief.ID, thief.Account = f.id("cred"), f.account(t, foreign).ID
	require.ErrorIs(t, f.A.PutCredential(bg(), sys(), thief, e), store.ErrConflict)

	c.Data = []byte("newer")
	require.NoError(t, f.B.UpdateCredential(bg(), c))
	list, err := f.A.Credentials(bg(), court.ScopeOf(unit), a.ID)
	require.NoError(t, err)
	require.Equal(t, []store.Credential{c}, list)

	s := f.accountSession(t, a.ID, "certificate", at(long))
	require.NoError(t, f.A.RevokeCredential(bg(), court.ScopeOf(unit), c.ID, by(unit, "credential.revoked", a.ID)))
	_, err = f.B.CredentialByHandle(bg(), "certificate", c.Handle)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorIs(t, f.A.UpdateCredential(bg(), c), store.ErrNotFound)
	_, err = f.B.AccountSessionByToken(bg(), s.TokenHash, at(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	thief.ID = f.id("cred")
	require.ErrorIs(t, f.A.PutCredential(bg(), sys(), thief, e), store.ErrConflict, "also of a revoked one")
	_, err = f.Raw.Exec(`UPDATE credential SET revoked = 0`)
	require.Error(t, err)

	for n := 1; n < store.MaxCredentials; n++ {
		c.ID, c.Handle = f.id("cred"), []byte(f.id("handle"))
		require.NoError(t, f.A.PutCredential(bg(), sys(), c, e))
	}
	c.ID, c.Handle = f.id("cred"), []byte(f.id("handle"))
	require.ErrorIs(t, f.A.PutCredential(bg(), sys(), c, e), store.ErrInvalid, "too many")
}

func roomDevices(t *testing.T, f *fixture) {
	d := f.device(t, unit)
	f.device(t, foreign)
	got, err := f.B.RoomDevice(bg(), d.ID)
	require.NoError(t, err)
	require.Equal(t, d, got)
	list, err := f.B.RoomDevices(bg(), court.ScopeOf(unit))
	require.NoError(t, err)
	require.Equal(t, []store.RoomDevice{d}, list)
	e := by(unit, "device.changed", d.ID)
	other := d
	other.PublicKey = []byte("other key")
	require.ErrorIs(t, f.A.PutRoomDevice(bg(), sys(), other, e), store.ErrConflict, "a device keeps its key")
	other = d
	other.Unit = foreign
	require.ErrorIs(t, f.A.PutRoomDevice(bg(), sys(), other, e), store.ErrConflict, "and its unit")
	other = d
	other.ID = f.id("device")
	require.ErrorIs(t, f.A.PutRoomDevice(bg(), sys(), other, e), store.ErrConflict, "one key, one device")
	other = d
	other.Kind = store.Encoder
	require.ErrorIs(t, f.A.PutRoomDevice(bg(), sys(), other, e), store.ErrConflict, "and its kind")
	for _, kind := range []string{"encoder", "wall"} {
		_, err = f.Raw.Exec(`UPDATE room_device SET kind = '` + kind + `'`)
		require.Error(t, err)
	}
	for i, kind := range []store.DeviceKind{store.Encoder, store.Wall} {
		other.ID, other.Kind, other.PublicKey, other.Unit = f.id("device"), kind, make([]byte, 31), "unit-encoders"
		require.Error(t, f.A.PutRoomDevice(bg(), sys(), other, e), "no SHA-256 of a token")
		other.PublicKey = append(make([]byte, 31), byte(i))
		require.NoError(t, f.A.PutRoomDevice(bg(), sys(), other, e))
		got, err = f.B.RoomDevice(bg(), other.ID)
		require.NoError(t, err)
		require.Equal(t, other, got)
		require.True(t, got.ShowsToken())
	}
	other.Kind, other.ID = "pump", f.id("device")
	require.ErrorIs(t, f.A.PutRoomDevice(bg(), sys(), other, e), store.ErrInvalid, "none of those kinds")

	h := f.hearing(t, unit)
	s := f.accountSession(t, d.ID, "device", at(long))
	seat := f.seatOf(t, h, d.ID, s.TokenHash)
	d.Label = "Phòng xử án 2"
	require.NoError(t, f.A.PutRoomDevice(bg(), court.ScopeOf(unit), d, e))
	_, err = f.B.AccountSessionByToken(bg(), s.TokenHash, at(1))
	require.NoError(t, err)
	d.Revoked = true
	require.NoError(t, f.A.PutRoomDevice(bg(), court.ScopeOf(unit), d, e))
	_, err = f.B.AccountSessionByToken(bg(), s.TokenHash, at(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = f.B.SessionByToken(bg(), seat.TokenHash, at(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	d.Revoked = false
	require.ErrorIs(t, f.A.PutRoomDevice(bg(), sys(), d, e), store.ErrConflict, "for good")
	s.TokenHash = f.hash()
	require.ErrorIs(t, f.A.CreateAccountSession(bg(), s), store.ErrNotFound)
	s.Account = f.account(t, unit).ID
	require.ErrorIs(t, f.A.CreateAccountSession(bg(), s), store.ErrNotFound, "an account is no device")
}

// An invitation with a code opens with it only, and five wrong ones void it.
func invitationCodes(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	right, wrong := [32]byte{1}, [32]byte{2}
	withCode := func() store.Invitation {
		i := store.Invitation{TokenHash: f.hash(), Hearing: h, Person: "p", Device: "d", Expires: at(long), CodeHash: right}
		require.NoError(t, f.A.CreateInvitation(bg(), court.ScopeOf(unit), i))
		return i
	}
	try := func(st store.Store, i store.Invitation, code [32]byte) error {
		_, err := st.RedeemCode(bg(), i.TokenHash, code, store.Session{TokenHash: f.hash(), Created: at(0), Expires: at(long)}, at(0))
		return err
	}
	i := withCode()
	for range 10 {
		require.ErrorIs(t, try(f.A, i, [32]byte{}), store.ErrCodeNeeded, "asking is not counted")
	}
	whose, err := f.A.RedeemCode(bg(), i.TokenHash, wrong, store.Session{TokenHash: f.hash(), Created: at(0), Expires: at(long)}, at(0))
	require.ErrorIs(t, err, store.ErrCodeWrong)
	require.Equal(t, store.Session{Hearing: h, Person: "p", Device: "d", Unit: unit}, whose, "for the log: no session")
	for range store.MaxCodeTries - 2 {
		require.ErrorIs(t, try(f.B, i, wrong), store.ErrCodeWrong)
	}
	require.NoError(t, try(f.A, i, right))
	require.ErrorIs(t, try(f.A, i, right), store.ErrUsed)

	i = withCode()
	for range store.MaxCodeTries - 1 {
		require.ErrorIs(t, try(f.A, i, wrong), store.ErrCodeWrong)
	}
	require.ErrorIs(t, try(f.A, i, wrong), store.ErrUsed, "the last one voids it")
	require.ErrorIs(t, try(f.A, i, right), store.ErrUsed)

	plain := f.invite(t, h, "p", at(long))
	require.NoError(t, try(f.A, plain, wrong), "a code that nobody asked for")

	i = withCode()
	var g errgroup.Group
	var counted atomic.Int32
	for n := range 20 {
		st := []store.Store{f.A, f.B}[n%2]
		g.Go(func() error {
			err := try(st, i, wrong)
			if errors.Is(err, store.ErrCodeWrong) {
				counted.Add(1)
				return nil
			}
			if errors.Is(err, store.ErrUsed) {
				return nil
			}
			return fmt.Errorf("got %w", err)
		})
	}
	require.NoError(t, g.Wait())
	require.Equal(t, int32(store.MaxCodeTries-1), counted.Load(), "many at once have no more tries")
	i = withCode()
	require.Equal(t, 1, used(t, f, func(st store.Store) error { return try(st, i, right) }))
}

func challengesAreTakenOnce(t *testing.T, f *fixture) {
	c := store.Challenge{Hash: f.hash(), Kind: "k", Subject: "s", Data: []byte("data"), Expires: at(long)}
	require.NoError(t, f.A.PutChallenge(bg(), c, at(0)))
	require.ErrorIs(t, f.A.PutChallenge(bg(), c, at(0)), store.ErrConflict)
	_, err := f.A.TakeChallenge(bg(), "other", c.Hash, at(0))
	require.ErrorIs(t, err, store.ErrUsed, "of another kind")
	_, err = f.A.TakeChallenge(bg(), "k", c.Hash, at(long))
	require.ErrorIs(t, err, store.ErrUsed, "at the very moment")
	require.Equal(t, 1, used(t, f, func(st store.Store) error {
		got, err := st.TakeChallenge(bg(), "k", c.Hash, at(0))
		if err == nil && (got.Subject != "s" || string(got.Data) != "data" || !got.Expires.Equal(c.Expires)) {
			return fmt.Errorf("got %+v", got)
		}
		return err
	}))
	require.NoError(t, f.A.PutChallenge(bg(), c, at(0)))
	c.Hash = f.hash()
	c.Expires = at(2 * long)
	require.NoError(t, f.A.PutChallenge(bg(), c, at(long)))
	var n int
	require.NoError(t, f.Raw.QueryRow(`SELECT count(*) FROM challenge`).Scan(&n))
	require.Equal(t, 1, n, "expired ones are forgotten")
	c.Data = []byte(strings.Repeat("x", store.MaxBlobBytes+1))
	require.ErrorIs(t, f.A.PutChallenge(bg(), c, at(0)), store.ErrInvalid)
}

// The administrative log is one chain, whoever writes at once, and says exactly
// what happened.
func adminLogIsAChain(t *testing.T, f *fixture) {
	var g errgroup.Group
	for n := range 20 {
		st, u := []store.Store{f.A, f.B}[n%2], []court.UnitID{unit, foreign}[n/10]
		g.Go(func() error { return st.AppendAdmin(bg(), by(u, fmt.Sprintf("act %d <&>", n), "Ô")) })
	}
	require.NoError(t, g.Wait())
	a := f.account(t, unit)
	refused := a
	require.ErrorIs(t, f.A.CreateAccount(bg(), sys(), refused, by(unit, "refused", "")), store.ErrConflict)
	whole, err := f.B.AdminLog(bg(), sys(), 1, 1000)
	require.NoError(t, err)
	require.Len(t, whole, 21)
	require.NoError(t, store.VerifyAdminChain(0, [32]byte{}, whole))
	last := whole[20]
	require.Equal(t, []any{"admin", unit, "account.created", a.ID, at(0)}, []any{last.Actor, last.Unit, last.What, last.Object, last.At})
	part, err := f.B.AdminLog(bg(), sys(), 5, 3)
	require.NoError(t, err)
	require.Equal(t, whole[4:7], part)
	own, err := f.B.AdminLog(bg(), court.ScopeOf(foreign), 1, 1000)
	require.NoError(t, err)
	require.Len(t, own, 10)
	for _, e := range own {
		require.Equal(t, foreign, e.Unit)
	}
	_, err = f.B.AdminLog(bg(), sys(), 1, 0)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorIs(t, f.A.AppendAdmin(bg(), store.AdminEntry{At: at(0), Unit: unit, What: "x"}), store.ErrInvalid, "somebody did it")
}

// Whoever reaches the database past this code cannot change the log unseen, nor
// move an account to another unit.
func adminLogCannotBeChanged(t *testing.T, f *fixture) {
	f.account(t, unit)
	require.NoError(t, f.A.AppendAdmin(bg(), by(unit, "x", "")))
	before, err := f.A.AdminLog(bg(), sys(), 1, 10)
	require.NoError(t, err)
	statements := []string{
		`UPDATE admin_log SET line = prev`, `UPDATE admin_log SET unit = 'other'`, `DELETE FROM admin_log`,
		`INSERT INTO admin_log (n, unit, line, prev, hash) SELECT 9, unit, line, prev, hash FROM admin_log WHERE n = 1`,
		`INSERT INTO admin_log (n, unit, line, prev, hash) SELECT 3, unit, line, prev, hash FROM admin_log WHERE n = 2`,
		`UPDATE account SET unit = 'other'`, `UPDATE account SET login = 'other'`, `DELETE FROM account`,
	}
	if f.A.Kind() == "sqlite" {
		statements = append(statements,
			`INSERT OR REPLACE INTO admin_log SELECT n, unit, prev, prev, hash FROM admin_log WHERE n = 1`,
			`INSERT OR REPLACE INTO account SELECT id, 'other', login, name, roles, password, must_change, disabled, created, version FROM account`)
	} else {
		statements = append(statements, `TRUNCATE admin_log`, `TRUNCATE account CASCADE`, `DELETE FROM admin_lock`,
			`INSERT INTO admin_log (n, unit, line, prev, hash) SELECT 3, unit, line, hash, hash FROM admin_log WHERE n = 2`)
	}
	for _, q := range statements {
		_, err := f.Raw.Exec(q)
		require.Error(t, err, q)
	}
	after, err := f.A.AdminLog(bg(), sys(), 1, 10)
	require.NoError(t, err)
	require.Equal(t, before, after)

	// What the triggers cannot see, verification does.
	forged := append([]store.AdminEntry(nil), before...)
	forged[0].Detail = "nothing to see"
	require.Error(t, store.VerifyAdminChain(0, [32]byte{}, forged))
	require.Error(t, store.VerifyAdminChain(0, [32]byte{}, before[1:]))
	require.NoError(t, store.VerifyAdminChain(1, before[0].Hash, before[1:]))
}
