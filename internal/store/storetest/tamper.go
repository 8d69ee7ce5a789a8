package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Whoever reaches the database with its own account, and so past this code,
// still cannot change what was written.
func rowsCannotBeChanged(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	l := acquire(t, f.A, h, "a", long)
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, lines(3, "x")))
	require.NoError(t, f.A.PutCheckpoint(bg(), sys(), h, 3, []byte("note")))
	require.NoError(t, f.A.SetMetaOnce(bg(), "k", "v"))
	require.NoError(t, f.A.LogAccess(bg(), []store.Access{{At: at(0), Unit: unit, Hearing: h, Person: "p", What: "view", Count: 3}}))
	require.NoError(t, f.A.AppendMinutes(bg(), sys(), h, 1, 3, []byte("m")))
	_, err := f.A.PutDocument(bg(), sys(), h, []byte("d"))
	require.NoError(t, err)
	before := all(t, f.A, h)

	statements := []string{
		`UPDATE state_log SET line = prev WHERE seq = 2`,
		`UPDATE state_log SET epoch = epoch`,
		`DELETE FROM state_log WHERE seq = 3`,
		`DELETE FROM state_log`,
		`UPDATE checkpoint SET note = note_hash`,
		`DELETE FROM checkpoint`,
		`UPDATE access_log SET count = 1`,
		`DELETE FROM access_log`,
		`UPDATE meta SET value = 'w'`,
		`DELETE FROM meta`,
		`UPDATE minutes_item SET line = prev`,
		`UPDATE minutes_item SET seq = 1`,
		`DELETE FROM minutes_item`,
		`UPDATE minutes_document SET body = sha256`,
		`DELETE FROM minutes_document`,
		`UPDATE hearing SET unit = 'other'`,
		`UPDATE hearing SET demo = 1`,
		`DELETE FROM hearing`,
		`DELETE FROM lease`,
		`UPDATE lease SET epoch = epoch - 1`,
		`UPDATE lease SET node = 'thief'`,
	}
	if f.A.Kind() == "sqlite" {
		statements = append(statements,
			`INSERT OR REPLACE INTO minutes_item SELECT hearing, n, seq, hash, prev, hash FROM minutes_item`,
			`INSERT OR REPLACE INTO state_log SELECT hearing, seq, epoch, hash, prev, hash FROM state_log WHERE seq = 2`,
			`UPDATE OR REPLACE state_log SET seq = 1 WHERE seq = 2`,
			`INSERT OR REPLACE INTO checkpoint (n, hearing, size, note_hash, note) SELECT n, hearing, 9, note_hash, note_hash FROM checkpoint`,
			`INSERT OR REPLACE INTO access_log (n, at, unit, hearing, person, what, count) SELECT n, at, unit, hearing, person, 'x', 1 FROM access_log`)
	} else {
		statements = append(statements, `TRUNCATE state_log`, `TRUNCATE checkpoint`, `TRUNCATE access_log`,
			`TRUNCATE meta`, `TRUNCATE minutes_item`, `TRUNCATE minutes_document`, `TRUNCATE hearing CASCADE`, `TRUNCATE lease`,
			`INSERT INTO checkpoint (n, hearing, size, note_hash, note) SELECT n, hearing, 9, note_hash, note_hash FROM checkpoint`)
	}
	for _, q := range statements {
		_, err := f.Raw.Exec(q)
		require.Error(t, err, q)
	}
	require.Equal(t, before, all(t, f.A, h))
	size, note, err := f.A.LastCheckpoint(bg(), sys(), h)
	require.NoError(t, err)
	require.Equal(t, uint64(3), size)
	require.Equal(t, "note", string(note))
	var count int
	require.NoError(t, f.Raw.QueryRow(`SELECT count FROM access_log`).Scan(&count))
	require.Equal(t, 3, count)
	if f.A.Kind() == "sqlite" { // the replacement is ignored rather than refused
		_, err = f.Raw.Exec(`INSERT OR REPLACE INTO meta VALUES ('k', 'w')`)
		require.NoError(t, err)
	}
	v, err := f.A.Meta(bg(), "k")
	require.NoError(t, err)
	require.Equal(t, "v", v)
}

// A line inserted by hand must continue the log and be under the present epoch.
func handWrittenLines(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	insert := func(seq, epoch uint64, prev, hash [32]byte, line string) error {
		_, err := f.Raw.Exec(`INSERT INTO state_log (hearing, seq, epoch, line, prev, hash) VALUES ($1, $2, $3, $4, $5, $6)`,
			h, int64(seq), int64(epoch), []byte(line), prev[:], hash[:])
		return err
	}
	var zero [32]byte
	require.Error(t, insert(1, 1, zero, store.LineHash(zero, []byte("x")), "x"), "nobody holds the lease")
	l := acquire(t, f.A, h, "a", brief)
	l2 := acquire(t, f.B, h, "b", long)
	require.NoError(t, f.B.Append(bg(), sys(), l2, 0, [][]byte{[]byte("one")}))
	one := store.LineHash(zero, []byte("one"))
	two := store.LineHash(one, []byte("two"))
	for name, err := range map[string]error{
		"old epoch":      insert(2, l.Epoch, one, two, "two"),
		"future epoch":   insert(2, l2.Epoch+1, one, two, "two"),
		"hole":           insert(3, l2.Epoch, one, two, "two"),
		"taken":          insert(1, l2.Epoch, zero, one, "one"),
		"wrong previous": insert(2, l2.Epoch, two, two, "two"),
		"zero previous":  insert(2, l2.Epoch, zero, two, "two"),
		"empty line":     insert(2, l2.Epoch, one, store.LineHash(one, nil), ""),
	} {
		require.Error(t, err, name)
	}
	if f.A.Kind() == "postgres" { // SQLite has no SHA-256 of its own
		require.Error(t, insert(2, l2.Epoch, one, one, "two"), "wrong hash")
	}
	require.NoError(t, insert(2, l2.Epoch, one, two, "two"), "the right one passes: the checks can tell")
	require.Len(t, all(t, f.A, h), 2)
	require.NoError(t, f.B.Release(bg(), sys(), l2))
	require.Error(t, insert(3, l2.Epoch, two, store.LineHash(two, []byte("x")), "x"), "released")
}

func argumentsHaveBounds(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	l := acquire(t, f.A, h, "a", long)
	tooLong := strings.Repeat("x", store.MaxTextBytes+1)
	room := func() string { return fmt.Sprintf("%032x", f.n.Add(1)) }
	sc := court.ScopeOf(unit)
	create := func(h store.Hearing, names ...store.PersonName) error {
		return f.A.CreateHearing(bg(), sc, h, names)
	}
	_, errTTL := f.A.Acquire(bg(), sys(), h, "a", 0)
	_, errLong := f.A.Renew(bg(), sys(), l, store.MaxLease+1)
	_, errNode := f.A.Acquire(bg(), sys(), h, "", long)
	_, errRead := f.A.Read(bg(), sys(), h, 1, 0)
	_, errSpan := f.A.RedeemCode(bg(), f.hash(), [32]byte{}, store.Session{Created: at(0), Expires: at(0)}, at(0))
	for name, err := range map[string]error{
		"ttl of zero":      errTTL,
		"ttl too long":     errLong,
		"no node":          errNode,
		"limit of zero":    errRead,
		"session of zero":  errSpan,
		"epoch of zero":    f.A.Append(bg(), sys(), store.Lease{Hearing: h, Node: "a"}, 0, lines(1, "x")),
		"epoch out of int": f.A.Append(bg(), sys(), store.Lease{Hearing: h, Node: "a", Epoch: 1 << 63}, 0, lines(1, "x")),
		"after out of int": f.A.Append(bg(), sys(), l, 1<<63, lines(1, "x")),
		"empty line":       f.A.Append(bg(), sys(), l, 0, [][]byte{{}}),
		"newline":          f.A.Append(bg(), sys(), l, 0, [][]byte{[]byte("a\nb")}),
		"long line":        f.A.Append(bg(), sys(), l, 0, [][]byte{make([]byte, store.MaxLineBytes+1)}),
		"many lines":       f.A.Append(bg(), sys(), l, 0, lines(store.MaxAppendLines+1, "x")),
		"long note":        f.A.PutCheckpoint(bg(), sys(), h, 1, make([]byte, store.MaxNoteBytes+1)),
		"no note":          f.A.PutCheckpoint(bg(), sys(), h, 1, nil),
		"no id":            create(store.Hearing{Room: room(), Unit: unit}),
		"short room":       create(store.Hearing{ID: f.id("h"), Room: "abc", Unit: unit}),
		"room not hex":     create(store.Hearing{ID: f.id("h"), Room: strings.Repeat("X", 32), Unit: unit}),
		"NUL":              create(store.Hearing{ID: f.id("h"), Room: room(), Unit: unit, Title: "a\x00b"}),
		"no UTF-8":         create(store.Hearing{ID: f.id("h"), Room: room(), Unit: unit, Title: "\xff"}),
		"long title":       create(store.Hearing{ID: f.id("h"), Room: room(), Unit: unit, Title: tooLong}),
		"many names":       create(store.Hearing{ID: f.id("h"), Room: room(), Unit: unit}, make([]store.PersonName, store.MaxNames+1)...),
		"name of another":  create(store.Hearing{ID: f.id("h"), Room: room(), Unit: unit}, store.PersonName{Person: "p", Hearing: h}),
		"many accesses":    f.A.LogAccess(bg(), make([]store.Access, store.MaxAccess+1)),
		"access to what":   f.A.LogAccess(bg(), []store.Access{{Unit: unit}}),
		"no person":        f.A.CreateInvitation(bg(), sys(), store.Invitation{Hearing: h, Device: "d"}),
	} {
		require.ErrorIs(t, err, store.ErrInvalid, name)
		require.NotContains(t, err.Error(), "xxxx", "the value is not repeated")
	}
	require.Empty(t, all(t, f.A, h))
	require.NoError(t, f.A.LogAccess(bg(), nil))
}

func cancelledCaller(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	ctx, cancel := context.WithCancel(bg())
	cancel()
	_, err := f.A.Read(ctx, sys(), h, 1, 1)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, errors.Is(err, store.ErrUnavailable), "the caller left, the database did not")
	ctx, cancel = context.WithDeadline(bg(), time.Unix(0, 0))
	defer cancel()
	_, err = f.A.Acquire(ctx, sys(), h, "a", long)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, store.ErrUnavailable, "no answer in the time that was given")
	require.NoError(t, f.A.Ping(bg()))
}

func closedStore(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	require.NoError(t, f.B.Close())
	require.NoError(t, f.B.Close())
	require.ErrorIs(t, f.B.Ping(bg()), store.ErrUnavailable)
	_, err := f.B.Acquire(bg(), sys(), h, "b", long)
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.NoError(t, f.A.Ping(bg()))
}
