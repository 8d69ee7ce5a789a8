package backup_test

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/backup"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/store/open"
	"phientoa/internal/store/sqlite"
)

// ways are the ways in that people and machines have.
func ways(p *place) (accounts []store.Account) {
	t, ctx, sys := p.t, p.t.Context(), court.SystemScope()
	st := p.open()
	defer func() { require.NoError(t, st.Close()) }()
	by := func(what string) store.AdminEntry {
		return store.AdminEntry{At: time.Now(), Actor: "system", Unit: unit, What: what}
	}
	now := time.Now()
	for i, login := range []string{"clerk", "leaver", "system"} {
		a := store.Account{
			ID: "account-" + login, Unit: unit, Login: login, Name: "Lê Quốc Bảo", Roles: []store.Role{store.RoleClerk},
			Password: "$argon2id$of-the-backup", Disabled: login == "leaver", Created: now,
		}
		require.NoError(t, st.CreateAccount(ctx, sys, a, by("account.created")))
		for n, kind := range []string{"passkey", "certificate"} {
			require.NoError(t, st.PutCredential(ctx, sys, store.Credential{
				ID: login + kind, Account: a.ID, Kind: kind, Handle: []byte{9, byte(i), byte(n)}, Data: []byte("{}"), Created: now,
			}, by("credential.added")))
		}
		accounts = append(accounts, a)
	}
	require.NoError(t, st.PutCredential(ctx, sys, store.Credential{
		ID: "stolen", Account: "account-clerk", Kind: "passkey", Handle: []byte("stolen"), Data: []byte("{}"), Created: now,
	}, by("credential.added")))
	require.NoError(t, st.RevokeCredential(ctx, sys, "stolen", by("credential.revoked")))
	for i, owner := range []string{"account-clerk", "device"} {
		if owner == "device" {
			require.NoError(t, st.PutRoomDevice(ctx, sys, store.RoomDevice{
				ID: owner, Unit: unit, Label: "Phòng xử án 1", PublicKey: []byte("key"), Enrolled: now, EnrolledBy: "op",
			}, by("device.enrolled")))
		}
		require.NoError(t, st.CreateAccountSession(ctx, store.AccountSession{
			TokenHash: [32]byte{3, byte(i)}, Account: owner, Method: map[bool]string{true: "device", false: "password"}[owner == "device"],
			Created: now, LastSeen: now, Expires: now.Add(time.Hour),
		}))
	}
	require.NoError(t, st.PutChallenge(ctx, store.Challenge{Hash: [32]byte{4}, Kind: "device.enrol", Data: []byte("{}"), Expires: now.Add(time.Hour)}, now))
	require.NoError(t, st.PutServiceToken(ctx, sys, store.ServiceToken{
		ID: "token", Hash: [32]byte{5}, Account: "account-system", Rights: []string{"import"}, Created: now, Expires: now.Add(time.Hour),
	}, by("service.token.made")))
	require.NoError(t, st.PutArchiveRequest(ctx, sys, store.ArchiveRequest{ID: "request", Hearing: hearing1, Account: "account-clerk", Purpose: "x", At: now}, by("archive.asked")))
	_, err := st.SettleArchiveRequest(ctx, sys, "request", store.ArchiveDecision{Outcome: store.Granted, Until: now.Add(time.Hour)}, by("archive.granted"))
	require.NoError(t, err)
	for id, starts := range map[string]time.Duration{"running": -time.Hour, "to come": time.Hour, "over": -3 * time.Hour} {
		require.NoError(t, st.PutDelegation(ctx, sys, store.Delegation{
			ID: id, By: "account-clerk", To: "account-system", Unit: unit, Starts: now.Add(starts), Ends: now.Add(starts + 2*time.Hour), Made: now,
		}, by("delegation.given")))
	}
	return accounts
}

// Of whatever was revoked, changed or stolen after the backup nothing works again,
// and an administrator lets each official in anew.
func nothingRestoredOpensAnything(t *testing.T, fresh func() *place) {
	from, to := fresh(), fresh()
	fill(from)
	accounts := ways(from)
	archive := write(t, from.source())
	_, err := backup.Restore(t.Context(), to.target(), bytes.NewReader(archive))
	require.NoError(t, err)
	st := to.open()
	defer func() { require.NoError(t, st.Close()) }()
	ctx, sys, now := t.Context(), court.SystemScope(), time.Now()
	for _, want := range accounts {
		a, err := st.AccountByLogin(ctx, want.Login)
		require.NoError(t, err)
		require.Empty(t, a.Password, want.Login)
		require.True(t, a.MustChange)
		require.Equal(t, want.Disabled, a.Disabled)
		require.Equal(t, want.Roles, a.Roles)
	}
	for i := range accounts {
		for n, kind := range []string{"passkey", "certificate"} {
			_, err = st.CredentialByHandle(ctx, kind, []byte{9, byte(i), byte(n)})
			require.ErrorIs(t, err, store.ErrNotFound)
		}
	}
	for i := range 2 {
		_, err = st.AccountSessionByToken(ctx, [32]byte{3, byte(i)}, now)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	d, err := st.RoomDevice(ctx, "device")
	require.NoError(t, err)
	require.True(t, d.Revoked)
	_, err = st.TakeChallenge(ctx, "device.enrol", [32]byte{4}, now)
	require.ErrorIs(t, err, store.ErrUsed)
	_, err = st.ServiceTokenByHash(ctx, [32]byte{5}, now)
	require.ErrorIs(t, err, store.ErrNotFound)

	r, err := st.ArchiveRequest(ctx, sys, "request")
	require.NoError(t, err)
	require.False(t, r.Open(now))
	require.Equal(t, store.Ended, r.Outcome)

	for id, void := range map[string]bool{"running": true, "to come": true, "over": false} {
		d, err := st.Delegation(ctx, sys, id)
		require.NoError(t, err)
		require.Equal(t, void, !d.Revoked.IsZero(), id)
	}
	for _, at := range []time.Duration{0, 90 * time.Minute} {
		lent, err := st.DelegationsTo(ctx, "account-system", now.Add(at))
		require.NoError(t, err)
		require.Empty(t, lent)
	}

	// The way back: a new password by an administrator, and the same certificate registered
	// anew; one that was revoked stays so.
	o, err := auth.NewOfficials(auth.OfficialsParams{Store: st, Cost: auth.Argon2{Memory: 64, Time: 1, Lanes: 1}})
	require.NoError(t, err)
	for _, password := range []string{"", "$argon2id$of-the-backup"} {
		_, err = o.SignIn(ctx, "clerk", password, "192.0.2.1")
		require.ErrorIs(t, err, auth.ErrSignIn)
	}
	password, err := o.ChangeAccount(ctx, auth.System(unit), "account-clerk", auth.Change{Reset: true})
	require.NoError(t, err)
	_, err = o.SignIn(ctx, "clerk", password, "192.0.2.1")
	require.NoError(t, err)
	by := store.AdminEntry{At: now, Actor: "system", Unit: unit, What: "credential.added"}
	cred := store.Credential{ID: "again", Account: "account-clerk", Kind: "certificate", Handle: []byte{9, 0, 1}, Data: []byte("{}"), Created: now}
	require.NoError(t, st.PutCredential(ctx, sys, cred, by))
	cred.ID, cred.Kind, cred.Handle = "back", "passkey", []byte("stolen")
	require.ErrorIs(t, st.PutCredential(ctx, sys, cred, by), store.ErrConflict)

	// The administrative log goes on and says what happened.
	n, _, err := auth.VerifyAdminLog(ctx, st)
	require.NoError(t, err)
	log, err := st.AdminLog(ctx, sys, 1, int(n))
	require.NoError(t, err)
	var acts []string
	for _, e := range log {
		acts = append(acts, e.What)
	}
	require.Contains(t, acts, "restored")
}

// Every table of the schema is known to a restore: what opens something is void
// afterwards, the rest is kept. Whoever adds a table decides here, and in voided.
func TestARestoreKnowsEveryTable(t *testing.T) {
	known := map[string]string{
		"session": "void", "account_session": "void", "invitation": "void", "service_token": "void",
		"account": "without password", "credential": "void", "room_device": "void", "challenge": "void", "proposal": "void",
		"meta":             "kept",
		"minutes_document": "kept",
		"minutes_item":     "kept", "hearing": "kept", "person_name": "kept", "lease": "kept", "state_log": "kept", "checkpoint": "kept",
		"access_log": "kept", "unit": "kept", "admin_log": "kept", "admin_lock": "kept", "hearing_info": "kept",
		"hearing_search": "kept", "seat": "kept", "alarm": "kept", "idempotent": "kept", "imported": "kept", "room_device_court": "kept",
		"goose_db_version": "kept",
		"archive_part":     "kept", "archive_search": "kept", "archive_view": "kept", "archive_check": "kept", "archive_keep": "kept",
		"archive_request": "void", "archive_lodging": "kept", "archive_disposal": "void",
		"stored_object": "kept", "archive_supplement": "kept",
		"releases": "kept", "watching_runs": "kept", "watchings": "kept", "delegations": "void",
		"oversight_keys": "kept", "oversight_notes": "kept",
		"outgoing_report": "kept",
	}
	p := filepath.Join(t.TempDir(), "x.db")
	st, err := open.Open(t.Context(), "sqlite:"+p)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	db, err := sqlite.Raw(p, time.Second, true)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	rows, err := db.Query(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	n := 0
	for ; rows.Next(); n++ {
		var name string
		require.NoError(t, rows.Scan(&name))
		require.Contains(t, known, name)
	}
	require.NoError(t, rows.Err())
	require.Len(t, known, n)
}

// An archive is readable for its recipients and nobody else, and nothing of it
// stands in clear; altered or cut short it is refused.
func encryptedForItsRecipients(t *testing.T, fresh func() *place) {
	from, to := fresh(), fresh()
	fill(from)
	court, safe, stranger := newKey(t), newKey(t), newKey(t)
	src := from.source()
	src.Recipients = []age.Recipient{court.Recipient(), safe.Recipient()}
	archive := write(t, src)
	for _, secret := range []string{"Nguyễn", hearing1, "mediamedia", backup.ManifestName} {
		require.NotContains(t, string(archive), secret)
	}
	unseal := func(b []byte, keys ...age.Identity) (io.Reader, error) {
		return backup.Unseal(bytes.NewReader(b), keys...)
	}
	for _, keys := range [][]age.Identity{nil, {stranger}} {
		_, err := unseal(archive, keys...)
		require.ErrorIs(t, err, backup.ErrSealed)
	}
	for _, key := range []age.Identity{court, safe} {
		plain, err := unseal(archive, stranger, key)
		require.NoError(t, err)
		_, err = backup.Check(t.Context(), plain, t.TempDir(), "")
		require.NoError(t, err)
	}
	plain, err := unseal(archive, safe)
	require.NoError(t, err)
	_, err = backup.Restore(t.Context(), to.target(), plain)
	require.NoError(t, err)

	refused := func(name string, bad []byte) {
		t.Helper()
		plain, err := unseal(bad, court)
		if err == nil {
			_, err = backup.Check(t.Context(), plain, t.TempDir(), "")
		}
		require.Error(t, err, name)
		require.True(t, errors.Is(err, backup.ErrArchive) || errors.Is(err, backup.ErrSealed), "%s: %v", name, err)
	}
	for at := 0; at < len(archive); at += 1 + len(archive)/13 {
		refused("cut", archive[:at])
		bad := bytes.Clone(archive)
		bad[at] ^= 0x10
		refused("bit flipped", bad)
	}
	refused("cut by one byte", archive[:len(archive)-1])
	refused("something behind it", append(bytes.Clone(archive), 'x'))

	// What is not encrypted passes through, and is judged as it is.
	through, err := unseal(write(t, from.source()))
	require.NoError(t, err)
	_, err = backup.Check(t.Context(), through, t.TempDir(), "")
	require.NoError(t, err)
	for _, odd := range []string{"", "x", "age-encryption.org/v", strings.Repeat("x", 100)} {
		through, err := unseal([]byte(odd))
		require.NoError(t, err)
		_, err = backup.Check(t.Context(), through, t.TempDir(), "")
		require.ErrorIs(t, err, backup.ErrArchive)
	}
}

func newKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	return k
}
