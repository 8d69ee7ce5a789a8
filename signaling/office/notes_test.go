package office

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

const (
	sealedToKey    = "age-encryption.org/v1\n-> X25519 "
	sealedByPhrase = "age-encryption.org/v1\n-> scrypt "
	notesPath      = "/api/v1/oversight/notes"
	keysPath       = "/api/v1/oversight/keys"
)

// noteKey is the first key of a unit.
func noteKey(u court.UnitID) store.NoteKey {
	return store.NoteKey{ID: "key-" + string(u), Unit: u, Number: 1, Recipient: exampleRecipient, Identity: []byte(sealedByPhrase), Created: exampleStart(), By: "account-other"}
}

func sealedNote(text string) string {
	return base64.StdEncoding.EncodeToString([]byte(sealedToKey + text))
}

// From the key to the list: names, moments by the server's clock, what is noted, and that
// a log has nothing of what was sent.
func TestNotesOfAUnit(t *testing.T) {
	w := startWorld(t)
	as, h := login(store.RoleProcuracyHead, unitHN), w.book(unitHN, w.good("1/2026/TLST-HS", month)).ID
	var logged bytes.Buffer
	w.restart(func(p *Params) { p.Logger = slog.New(slog.NewTextHandler(&logged, nil)) })
	path := "/api/v1/oversight/hearings/" + h + "/notes"
	require.Empty(t, read[NoteKeysAnswer](t, w.do(as, http.MethodGet, keysPath, nil)).Keys)
	require.Equal(t, "key_old", code(t, w.do(as, http.MethodPost, path, NoteBody{Key: "none", Sealed: sealedNote("x")})))

	b := NoteKeyBody{Number: 1, Recipient: exampleRecipient, Identity: base64.StdEncoding.EncodeToString([]byte(sealedByPhrase + "\x00"))}
	a := w.do(as, http.MethodPost, keysPath, b)
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	made := read[NoteKeyItem](t, a)
	require.Equal(t, NoteKeyItem{ID: made.ID, Number: 1, Recipient: b.Recipient, Identity: b.Identity, Created: w.clock(), By: w.accounts[as].Name}, made)
	require.Equal(t, []NoteKeyItem{made}, read[NoteKeysAnswer](t, w.do(as, http.MethodGet, keysPath, nil)).Keys)
	require.Equal(t, "other_key", code(t, w.do(as, http.MethodPost, keysPath, b)))

	w.forget()
	send := NoteBody{AgoMS: 90_000, Key: made.ID, Sealed: sealedNote("canary")}
	a = w.do(as, http.MethodPost, path, send)
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	n := read[NoteItem](t, a)
	require.Equal(t, NoteItem{
		ID: n.ID, Hearing: h, DocketNo: "1/2026/TLST-HS", Court: "Tòa án nhân dân khu vực 1 – Hà Nội", At: w.clock().Add(-90 * time.Second),
		Written: w.clock(), By: w.accounts[as].Name, Key: made.ID, Sealed: send.Sealed,
	}, n)
	w.pass(time.Minute)
	require.Equal(t, n, read[NoteItem](t, w.do(as, http.MethodPost, path, send)), "sent again, it stands once")
	for _, from := range []string{path, notesPath} {
		require.Equal(t, []NoteItem{n}, read[NotesAnswer](t, w.do(as, http.MethodGet, from, nil)).Notes)
	}
	account := w.accounts[as].ID
	require.Equal(t, []string{
		"unit-hn  " + account + " note.written", "unit-hn  " + account + " note.written",
		"unit-hn  " + account + " view.notes", "unit-hn  " + account + " view.notes",
	}, w.notes, "in the own unit's log, without the hearing")
	for _, secret := range []string{send.Sealed, b.Identity, "canary"} {
		require.NotContains(t, logged.String(), secret)
	}
	// A key made anew: what is written under the older one would be lost to who forgot.
	b.Number = 2
	require.Equal(t, http.StatusCreated, w.do(as, http.MethodPost, keysPath, b).status)
	send.Sealed = sealedNote("later")
	require.Equal(t, "key_old", code(t, w.do(as, http.MethodPost, path, send)))
	require.Len(t, read[NotesAnswer](t, w.do(as, http.MethodGet, path, nil)).Notes, 1)
}

// Of hearings that another unit holds and this one oversees the notes are the unit's own
// still; and of one in which the official has a seat there are none.
func TestNotesReachNoOtherUnitAndNoSeat(t *testing.T) {
	w := startWorld(t)
	hn, dn := login(store.RoleProcuracyHead, unitHN), login(store.RoleProcuracyHead, unitDN)
	h := w.book(unitHN, w.good("1/2026/TLST-HS", month)).ID
	w.restart(func(p *Params) {
		p.Oversees = func(context.Context, auth.Official) (court.Scope, error) { return court.ScopeOf(unitHN, unitDN), nil }
	})
	path := "/api/v1/oversight/hearings/" + h + "/notes"
	for _, u := range []court.UnitID{unitHN, unitDN} {
		require.NoError(t, w.st.PutNoteKey(t.Context(), noteKey(u)))
	}
	require.Equal(t, http.StatusCreated, w.do(hn, http.MethodPost, path, NoteBody{Key: noteKey(unitHN).ID, Sealed: sealedNote("x")}).status)
	require.Equal(t, "key_old", code(t, w.do(dn, http.MethodPost, path, NoteBody{Key: noteKey(unitHN).ID, Sealed: sealedNote("x")})), "another unit's key")
	for as, n := range map[string]int{hn: 1, dn: 0} {
		for _, from := range []string{path, notesPath} {
			require.Len(t, read[NotesAnswer](t, w.do(as, http.MethodGet, from, nil)).Notes, n, "%s %s", as, from)
		}
	}
	require.NoError(t, w.st.PutSeats(t.Context(), court.SystemScope(), []store.Seat{{Hearing: h, Person: "p", Device: "d", Account: w.accounts[hn].ID}}))
	missing := w.do(hn, http.MethodGet, "/api/v1/oversight/hearings/none/notes", nil)
	require.Equal(t, http.StatusNotFound, missing.status)
	require.Equal(t, missing, w.do(hn, http.MethodGet, path, nil))
	require.Equal(t, missing, w.do(hn, http.MethodPost, path, NoteBody{Key: noteKey(unitHN).ID, Sealed: sealedNote("y")}))
	require.Empty(t, read[NotesAnswer](t, w.do(hn, http.MethodGet, notesPath, nil)).Notes)
	w.restart(func(p *Params) {
		p.Oversees = func(context.Context, auth.Official) (court.Scope, error) { return court.Scope{}, store.ErrUnavailable }
	})
	for _, from := range []string{path, notesPath} {
		require.Equal(t, "database_away", code(t, w.do(hn, http.MethodGet, from, nil)))
	}
}

// A deputy reads and writes within what is lent, under the unit's key, which only a head
// makes; with nothing lent there is no key, no note and no hearing.
func TestNotesOfADeputy(t *testing.T) {
	w := startWorld(t)
	head, as := login(store.RoleProcuracyHead, unitHN), login(store.RoleProcuracyDeputy, unitHN)
	inside, outside := w.book(unitHN, w.good("1/2026/TLST-HS", month)).ID, w.book(unitDN, w.good("2/2026/TLST-HS", month)).ID
	lent := court.ScopeOf()
	w.restart(func(p *Params) {
		p.Oversees = func(_ context.Context, who auth.Official) (court.Scope, error) {
			if who.Has(store.RoleProcuracyHead) {
				return court.ScopeOf(unitHN, unitDN), nil
			}
			return lent, nil
		}
	})
	k := noteKey(unitHN)
	require.NoError(t, w.st.PutNoteKey(t.Context(), k))
	path := func(h string) string { return "/api/v1/oversight/hearings/" + h + "/notes" }
	write := func(as, h, text string) answered {
		return w.do(as, http.MethodPost, path(h), NoteBody{Key: k.ID, Sealed: sealedNote(text)})
	}
	notes := func(from string) []NoteItem { return read[NotesAnswer](t, w.do(as, http.MethodGet, from, nil)).Notes }
	for _, h := range []string{inside, outside} {
		require.Equal(t, http.StatusCreated, write(head, h, "of the head "+h).status)
	}
	nothing := func(h string) {
		t.Helper()
		missing := w.do(as, http.MethodGet, path("none"), nil)
		require.Equal(t, http.StatusNotFound, missing.status)
		require.Equal(t, missing, w.do(as, http.MethodGet, path(h), nil))
		require.Equal(t, missing, write(as, h, "refused"))
	}
	none := func() {
		t.Helper()
		nothing(inside)
		nothing(outside)
		require.Empty(t, notes(notesPath))
		require.Empty(t, read[NoteKeysAnswer](t, w.do(as, http.MethodGet, keysPath, nil)).Keys)
	}
	none()

	lent = court.ScopeOf(unitHN)
	require.Equal(t, k.ID, read[NoteKeysAnswer](t, w.do(as, http.MethodGet, keysPath, nil)).Keys[0].ID)
	require.Equal(t, http.StatusCreated, write(as, inside, "of the deputy").status)
	require.Len(t, notes(path(inside)), 2, "the head's too: they are the unit's")
	require.Len(t, notes(notesPath), 2)
	nothing(outside)
	made := w.do(as, http.MethodPost, keysPath, NoteKeyBody{Number: 2, Recipient: exampleRecipient, Identity: base64.StdEncoding.EncodeToString([]byte(sealedByPhrase))})
	require.Equal(t, http.StatusForbidden, made.status, "%s", made.body)
	require.Len(t, read[NotesAnswer](t, w.do(head, http.MethodGet, path(inside), nil)).Notes, 2, "what a deputy wrote stays the unit's")

	lent = court.ScopeOf()
	none()
}

// putOnce takes what passes the checks of the routes.
type putOnce struct {
	Store
	note store.Note
	key  store.NoteKey
}

func (p *putOnce) PutNote(_ context.Context, _ court.Scope, n store.Note) (store.Note, error) {
	p.note = n
	return n, nil
}

func (p *putOnce) PutNoteKey(_ context.Context, k store.NoteKey) error {
	p.key = k
	return nil
}

// Whatever is sent: what comes to the database is sealed, within its bounds and about a
// moment of the last hours, byte for byte as sent; the rest is refused as described.
func TestSealedBounds(t *testing.T) {
	w := startWorld(t)
	st := &putOnce{}
	w.restart(func(p *Params) { p.Store = st })
	as := login(store.RoleProcuracyHead, unitHN)
	rapid.Check(t, func(t *rapid.T) {
		*st = putOnce{}
		begin := rapid.SampledFrom([]string{sealedToKey, sealedByPhrase, "age-encryption.org/v2\n", `{"v":1}`, ""}).Draw(t, "begin")
		size := rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(8100, 8300), rapid.IntRange(950, 1100)).Draw(t, "size")
		sealed := append([]byte(begin), bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, size)...)
		text := base64.StdEncoding.EncodeToString(sealed) + rapid.SampledFrom([]string{"", "", "=", "\n", "!"}).Draw(t, "tail")
		whole := text == base64.StdEncoding.EncodeToString(sealed)
		ago := rapid.OneOf(rapid.Int64Range(-2, 2), rapid.Int64Range(43_199_999, 43_200_001), rapid.Int64()).Draw(t, "ago")
		a := w.do(as, http.MethodPost, "/api/v1/oversight/hearings/h/notes", NoteBody{AgoMS: ago, Key: "k", Sealed: text})
		if whole && begin == sealedToKey && len(sealed) <= store.MaxSealedNote && ago >= 0 && ago <= 43_200_000 {
			require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
			require.Equal(t, sealed, st.note.Sealed)
			require.Equal(t, time.Duration(ago)*time.Millisecond, st.note.Written.Sub(st.note.At))
		} else {
			require.Equal(t, http.StatusBadRequest, a.status, "%s", a.body)
			require.Empty(t, st.note)
		}
		recipient := rapid.SampledFrom([]string{exampleRecipient, strings.ToUpper(exampleRecipient), exampleRecipient + "q", "age1", ""}).Draw(t, "recipient")
		number := rapid.IntRange(-1, 3).Draw(t, "number")
		a = w.do(as, http.MethodPost, keysPath, NoteKeyBody{Number: number, Recipient: recipient, Identity: text})
		if whole && begin == sealedByPhrase && len(sealed) <= store.MaxSealedIdent && recipient == exampleRecipient && number > 0 {
			require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
			require.Equal(t, sealed, st.key.Identity)
		} else {
			require.Equal(t, http.StatusBadRequest, a.status, "%s", a.body)
			require.Empty(t, st.key)
		}
	})
}
