package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const (
	procuracy court.UnitID = "vks-hn"
	another   court.UnitID = "vks-dn"
	toKey                  = "age-encryption.org/v1\n-> X25519 "
	byPhrase               = "age-encryption.org/v1\n-> scrypt "
)

// noteKey makes the unit's key of a number.
func (f *fixture) noteKey(t require.TestingT, u court.UnitID, number int) store.NoteKey {
	k := f.keyOf(u, number)
	require.NoError(t, f.A.PutNoteKey(bg(), k))
	return k
}

func (f *fixture) keyOf(u court.UnitID, number int) store.NoteKey {
	return store.NoteKey{
		ID: f.id("key"), Unit: u, Number: number, Recipient: "age1" + strings.Repeat("q", 58), Identity: []byte(byPhrase + "\x00\xff"),
		Created: at(time.Minute), By: "account-1",
	}
}

func (f *fixture) note(hearing string, k store.NoteKey, when time.Duration) store.Note {
	return store.Note{
		ID: f.id("note"), Hearing: hearing, Unit: k.Unit, Official: "account-1", At: at(when), Written: at(when + time.Minute),
		Key: k.ID, Sealed: fmt.Appendf(nil, "%s%d\x00\xff", toKey, f.n.Add(1)),
	}
}

func reader(u court.UnitID) store.NoteReader { return store.NoteReader{Unit: u, Account: "account-2"} }

func idsOf(list []store.Note) (ids []string) {
	for _, n := range list {
		ids = append(ids, n.ID)
	}
	return ids
}

// A unit reads its own, of hearings of its scope; nobody else's, and of nowhere else.
func notesAreOfTheUnit(t *testing.T, f *fixture) {
	own := court.ScopeOf(unit)
	h, away := f.hearing(t, unit), f.hearing(t, foreign)
	k, other := f.noteKey(t, procuracy, 1), f.noteKey(t, another, 1)
	late, early, theirs := f.note(h, k, time.Hour), f.note(h, k, time.Minute), f.note(h, other, 0)
	for _, n := range []store.Note{late, early, theirs} {
		put, err := f.A.PutNote(bg(), own, n)
		require.NoError(t, err)
		n.Number, n.Docket, n.Court = put.Number, "12/2026/HS-ST", unit
		require.Equal(t, n, put)
		again := n
		again.ID, again.At = f.id("note"), at(0)
		stands, err := f.B.PutNote(bg(), own, again)
		require.NoError(t, err)
		require.Equal(t, put, stands, "what is sent again stands once")
	}
	list, err := f.B.NotesOf(bg(), own, reader(procuracy), h)
	require.NoError(t, err)
	require.Equal(t, []string{early.ID, late.ID}, idsOf(list), "by moment")
	require.Equal(t, []int{2, 1}, []int{list[0].Number, list[1].Number})
	list, err = f.B.LatestNotes(bg(), own, reader(procuracy))
	require.NoError(t, err)
	require.Equal(t, []string{late.ID, early.ID}, idsOf(list), "the latest written first")
	list, err = f.B.NotesOf(bg(), own, reader(another), h)
	require.NoError(t, err)
	require.Equal(t, []string{theirs.ID}, idsOf(list))

	for name, sc := range map[string]court.Scope{"another court": court.ScopeOf(foreign), "nothing": {}} {
		_, err = f.A.NotesOf(bg(), sc, reader(procuracy), h)
		require.ErrorIs(t, err, store.ErrNotFound, name)
		_, err = f.A.PutNote(bg(), sc, f.note(h, k, 0))
		require.ErrorIs(t, err, store.ErrNotFound, name)
		list, err = f.A.LatestNotes(bg(), sc, reader(procuracy))
		require.NoError(t, err)
		require.Empty(t, list, name)
	}
	for _, missing := range []string{"no-such", "", away} {
		_, err = f.A.NotesOf(bg(), own, reader(procuracy), missing)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	_, err = f.A.PutNote(bg(), own, f.note("no-such", k, 0))
	require.ErrorIs(t, err, store.ErrNotFound)
}

// Notes are written under the newest key; those under older ones stay.
func notesKeepTheirKey(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	keys, err := f.A.NoteKeys(bg(), procuracy)
	require.NoError(t, err)
	require.Empty(t, keys)
	first := f.noteKey(t, procuracy, 1)
	n := f.note(h, first, 0)
	_, err = f.A.PutNote(bg(), sys(), n)
	require.NoError(t, err)
	second := f.noteKey(t, procuracy, 2)
	keys, err = f.B.NoteKeys(bg(), procuracy)
	require.NoError(t, err)
	require.Equal(t, []store.NoteKey{first, second}, keys)
	_, err = f.B.PutNote(bg(), sys(), f.note(h, first, 0))
	require.ErrorIs(t, err, store.ErrConflict, "an older key")
	elsewhere := f.note(h, f.noteKey(t, another, 1), 0)
	elsewhere.Unit = procuracy
	_, err = f.B.PutNote(bg(), sys(), elsewhere)
	require.ErrorIs(t, err, store.ErrConflict, "another unit's key")
	stands, err := f.B.PutNote(bg(), sys(), n)
	require.NoError(t, err, "what stands was sent again")
	require.Equal(t, first.ID, stands.Key)
	for _, number := range []int{1, 2, 4} {
		require.ErrorIs(t, f.A.PutNoteKey(bg(), f.keyOf(procuracy, number)), store.ErrConflict)
	}
	// Of those who make the next one at once, one does.
	var g errgroup.Group
	made := make([]error, 6)
	for i := range made {
		k, st := f.keyOf(procuracy, 3), []store.Store{f.A, f.B}[i%2]
		g.Go(func() error { made[i] = st.PutNoteKey(bg(), k); return nil })
	}
	require.NoError(t, g.Wait())
	done := 0
	for _, err := range made {
		if err == nil {
			done++
			continue
		}
		require.ErrorIs(t, err, store.ErrConflict)
	}
	require.Equal(t, 1, done)
}

// Whoever has a seat in the hearing reads and writes none of it, of whichever unit.
func notesDoNotReachASeat(t *testing.T, f *fixture) {
	h, free := f.hearing(t, unit), f.hearing(t, unit)
	k := f.noteKey(t, procuracy, 1)
	for _, hearing := range []string{h, free} {
		_, err := f.A.PutNote(bg(), sys(), f.note(hearing, k, 0))
		require.NoError(t, err)
	}
	sitting := store.NoteReader{Unit: procuracy, Account: "procurator-1"}
	require.NoError(t, f.A.PutSeats(bg(), sys(), []store.Seat{{Hearing: h, Person: "p", Device: "d", Account: sitting.Account}}))
	_, err := f.B.NotesOf(bg(), sys(), sitting, h)
	require.ErrorIs(t, err, store.ErrNotFound)
	theirs := f.note(h, k, 0)
	theirs.Official = sitting.Account
	_, err = f.B.PutNote(bg(), sys(), theirs)
	require.ErrorIs(t, err, store.ErrNotFound)
	list, err := f.B.LatestNotes(bg(), sys(), sitting)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, free, list[0].Hearing)
	list, err = f.B.LatestNotes(bg(), sys(), reader(procuracy))
	require.NoError(t, err)
	require.Len(t, list, 2)
}

func notesHaveBounds(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	for name, spoil := range map[string]func(*store.NoteKey){
		"no id":          func(k *store.NoteKey) { k.ID = "" },
		"no unit":        func(k *store.NoteKey) { k.Unit = "" },
		"nobody":         func(k *store.NoteKey) { k.By = "" },
		"no number":      func(k *store.NoteKey) { k.Number = 0 },
		"no recipient":   func(k *store.NoteKey) { k.Recipient = "" },
		"another kind":   func(k *store.NoteKey) { k.Recipient = "age1pq" + k.Recipient[6:] + "x" },
		"odd letters":    func(k *store.NoteKey) { k.Recipient = "age1" + strings.Repeat("b", 58) },
		"plain identity": func(k *store.NoteKey) { k.Identity = []byte("AGE-SECRET-KEY-1QQ") },
		"for a key":      func(k *store.NoteKey) { k.Identity = []byte(toKey) },
		"long identity":  func(k *store.NoteKey) { k.Identity = append([]byte(byPhrase), make([]byte, store.MaxSealedIdent)...) },
	} {
		k := f.keyOf(procuracy, 1)
		spoil(&k)
		require.ErrorIs(t, f.A.PutNoteKey(bg(), k), store.ErrInvalid, name)
	}
	var k store.NoteKey
	for i := range store.MaxNoteKeys {
		k = f.noteKey(t, procuracy, i+1)
	}
	require.ErrorIs(t, f.A.PutNoteKey(bg(), f.keyOf(procuracy, store.MaxNoteKeys+1)), store.ErrFull)
	for name, spoil := range map[string]func(*store.Note){
		"no id":       func(n *store.Note) { n.ID = "" },
		"no hearing":  func(n *store.Note) { n.Hearing = "" },
		"no unit":     func(n *store.Note) { n.Unit = "" },
		"nobody":      func(n *store.Note) { n.Official = "" },
		"no key":      func(n *store.Note) { n.Key = "" },
		"to come":     func(n *store.Note) { n.At = n.Written.Add(time.Microsecond) },
		"nothing":     func(n *store.Note) { n.Sealed = nil },
		"plain":       func(n *store.Note) { n.Sealed = []byte(`{"v":1,"text":"x"}`) },
		"by a phrase": func(n *store.Note) { n.Sealed = []byte(byPhrase) },
		"long": func(n *store.Note) {
			n.Sealed = append([]byte(toKey), make([]byte, store.MaxSealedNote-len(toKey)+1)...)
		},
	} {
		n := f.note(h, k, 0)
		spoil(&n)
		_, err := f.A.PutNote(bg(), sys(), n)
		require.ErrorIs(t, err, store.ErrInvalid, name)
	}
	longest := f.note(h, k, 0)
	longest.Sealed = append([]byte(toKey), make([]byte, store.MaxSealedNote-len(toKey))...)
	_, err := f.A.PutNote(bg(), sys(), longest)
	require.NoError(t, err)
	// However many write at once, there are never more than the bound.
	var g errgroup.Group
	for i := range 2 {
		g.Go(func() error {
			for range store.MaxNotes / 2 {
				if _, err := []store.Store{f.A, f.B}[i].PutNote(bg(), sys(), f.note(h, k, time.Duration(rand.IntN(9)))); err != nil && i > 0 { //nolint:gosec // any order
					return nil
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	for {
		if _, err = f.A.PutNote(bg(), sys(), f.note(h, k, 0)); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, store.ErrFull)
	list, err := f.B.NotesOf(bg(), sys(), reader(procuracy), h)
	require.NoError(t, err)
	require.Len(t, list, store.MaxNotes)
	list, err = f.B.LatestNotes(bg(), sys(), reader(procuracy))
	require.NoError(t, err)
	require.Len(t, list, store.MaxNotesLatest)
}

func notesCannotBeChanged(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	k := f.noteKey(t, procuracy, 1)
	_, err := f.A.PutNote(bg(), sys(), f.note(h, k, 0))
	require.NoError(t, err)
	stand := func() (list []store.Note, keys []store.NoteKey) {
		list, err := f.B.NotesOf(bg(), sys(), reader(procuracy), h)
		require.NoError(t, err)
		keys, err = f.B.NoteKeys(bg(), procuracy)
		require.NoError(t, err)
		return list, keys
	}
	notes, keys := stand()
	statements := []string{
		`UPDATE oversight_notes SET sealed = sealed`, `UPDATE oversight_notes SET at = 0`, `DELETE FROM oversight_notes`,
		`UPDATE oversight_keys SET recipient = 'age1x'`, `DELETE FROM oversight_keys`,
	}
	if f.A.Kind() == "postgres" {
		statements = append(statements, `TRUNCATE oversight_notes`, `TRUNCATE oversight_keys CASCADE`)
	} else {
		statements = append(statements,
			`INSERT OR REPLACE INTO oversight_keys SELECT id, unit, n, 'age1x', identity, created, by_whom FROM oversight_keys`,
			`INSERT OR REPLACE INTO oversight_keys SELECT 'x', unit, n, recipient, identity, created, by_whom FROM oversight_keys`,
			`INSERT OR REPLACE INTO oversight_notes SELECT id, hearing, unit, n, 'thief', at, written, key_id, sealed FROM oversight_notes`,
			`INSERT OR REPLACE INTO oversight_notes SELECT 'x', hearing, unit, n, official, at, written, key_id, sealed FROM oversight_notes`)
	}
	for _, q := range statements {
		_, err := f.Raw.Exec(q)
		require.Error(t, err, q)
	}
	after, keysAfter := stand()
	require.Equal(t, notes, after)
	require.Equal(t, keys, keysAfter)
}
