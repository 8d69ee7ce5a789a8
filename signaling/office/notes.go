package office

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// What is in the access log of the official's own unit, never with what was written, and
// without the hearing: whom its court lets read its accesses learns of no note.
const (
	wroteNote = "note.written"
	readNotes = "view.notes"
)

// maxNoteAgo bounds how long before it is saved the moment of a note may be.
const maxNoteAgo = 12 * time.Hour

// NoteKeyItem is a key of the unit.
type NoteKeyItem struct {
	ID        string    `json:"id" doc:"UUIDv7"`
	Number    int       `json:"number" doc:"From 1; notes are written under the highest"`
	Recipient string    `json:"recipient" doc:"Of age, X25519"`
	Identity  string    `json:"identity" doc:"Base64: an age file with the private key, sealed by the unit's passphrase, which the server never has"`
	Created   time.Time `json:"created"`
	By        string    `json:"by" doc:"Name of who made it"`
}

// NoteKeysAnswer lists the keys of the own unit.
type NoteKeysAnswer struct {
	Keys []NoteKeyItem `json:"keys" doc:"By number"`
}

// NoteKeyBody is a key that a head's browser made.
type NoteKeyBody struct {
	Number    int    `json:"number" doc:"The highest of the unit's keys and one; 409 other_key when somebody else made it meanwhile"`
	Recipient string `json:"recipient"`
	Identity  string `json:"identity" doc:"Base64, at most 1 KiB; begins with age-encryption.org/v1 and is sealed by scrypt"`
}

// NoteBody is a note as it leaves the browser.
type NoteBody struct {
	AgoMS  int64  `json:"ago_ms" doc:"So many milliseconds ago the moment was, at most 12 h: the server's clock is the record's"`
	Key    string `json:"key" doc:"The unit's newest"`
	Sealed string `json:"sealed" doc:"Base64, at most 8 KiB; an age file sealed to the key. Within: JSON {v, text, violation}"`
}

// NoteItem is a note, which only the unit can open.
type NoteItem struct {
	ID       string    `json:"id" doc:"UUIDv7"`
	Hearing  string    `json:"hearing"`
	DocketNo string    `json:"docket_no"`
	Court    string    `json:"court" doc:"Its name"`
	At       time.Time `json:"at" doc:"The moment in the hearing"`
	Written  time.Time `json:"written"`
	By       string    `json:"by" doc:"Name"`
	Key      string    `json:"key"`
	Sealed   string    `json:"sealed" doc:"Base64"`
}

// NotesAnswer lists notes of the own unit.
type NotesAnswer struct {
	Notes []NoteItem `json:"notes"`
}

func noteRoutes() []Route {
	key := NoteKeyItem{
		ID: "01935b1e-6f00-7c11-9d3a-0000000000c1", Number: 1, Recipient: exampleRecipient, Identity: exampleSealed,
		Created: exampleStart(), By: "Trần Văn Kiên",
	}
	note := NoteItem{
		ID: "01935b1e-6f00-7c11-9d3a-0000000000c2", Hearing: exampleID, DocketNo: exampleDocket, Court: "Tòa án nhân dân khu vực 1 – Hà Nội",
		At: exampleStart().Add(72 * time.Minute), Written: exampleStart().Add(73 * time.Minute), By: key.By, Key: key.ID, Sealed: exampleSealed,
	}
	about := "Sealed in the browser to the unit's key: neither server nor database can read it, or tell whether it marks a violation. Nothing of it reaches the hearing; who has a seat in it gets 404. "
	return []Route{
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/keys", Roles: followRoles(), Name: "note_keys",
			Vi: "Các khóa ghi chú của đơn vị", En: "The unit's keys for notes",
			About: "A deputy has them while a scope is lent, else none.",
			Out:   NoteKeysAnswer{}, OutExample: NoteKeysAnswer{Keys: []NoteKeyItem{key}}, Status: http.StatusOK, handle: (*Office).noteKeys,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/oversight/keys", Roles: headRoles(), Name: "make_note_key",
			Vi: "Tạo khóa ghi chú của đơn vị", En: "Make the unit's key for notes",
			About: "Made in the browser of a head, since it outlasts whatever is lent. From then on notes are written under it; those under older keys stay readable by these.",
			In:    NoteKeyBody{}, InExample: NoteKeyBody{Number: 1, Recipient: exampleRecipient, Identity: exampleSealed},
			Out: NoteKeyItem{}, OutExample: key, Status: http.StatusCreated, Problems: []int{400, 409, 413, 415}, handle: (*Office).makeNoteKey,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/oversight/hearings/{id}/notes", Roles: followRoles(), Name: "write_note",
			Vi: "Ghi chú về một thời điểm của phiên tòa", En: "Write a note about a moment of a hearing",
			About: about + "The same sealed bytes again give the note that stands.",
			In:    NoteBody{}, InExample: NoteBody{AgoMS: 42_000, Key: key.ID, Sealed: exampleSealed},
			Out: NoteItem{}, OutExample: note, Status: http.StatusCreated, Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).writeNote,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/hearings/{id}/notes", Roles: followRoles(), Name: "hearing_notes",
			Vi: "Ghi chú của đơn vị về một phiên tòa", En: "The unit's notes about a hearing", About: about + "By moment. Each reading is noted.",
			Out: NotesAnswer{}, OutExample: NotesAnswer{Notes: []NoteItem{note}}, Status: http.StatusOK, Problems: []int{404}, handle: (*Office).hearingNotes,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/notes", Roles: followRoles(), Name: "latest_notes",
			Vi: "Ghi chú mới nhất của đơn vị", En: "The unit's latest notes", About: about + "At most 200, the latest written first. Each reading is noted.",
			Out: NotesAnswer{}, OutExample: NotesAnswer{Notes: []NoteItem{note}}, Status: http.StatusOK, handle: (*Office).latestNotes,
		},
	}
}

const (
	exampleRecipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	exampleSealed    = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSDigKY="
)

// unbase64 gives nil for what is not the one base64 (RFC 4648 section 4) of at most so
// many bytes.
func unbase64(text string, most int) []byte {
	// The decoder leaves line ends out, wherever they stand.
	if len(text) > base64.StdEncoding.EncodedLen(most) || strings.ContainsAny(text, "\r\n") {
		return nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

func (o *Office) noteKeys(c *call) (any, error) {
	scope, err := o.overseen(c)
	if err != nil {
		return nil, err
	}
	if scope.Empty() && !c.Has(store.RoleProcuracyHead) {
		return NoteKeysAnswer{Keys: []NoteKeyItem{}}, nil
	}
	keys, err := o.p.Store.NoteKeys(c.r.Context(), c.Unit)
	if err != nil {
		return nil, err
	}
	a := NoteKeysAnswer{Keys: make([]NoteKeyItem, 0, len(keys))}
	names := o.authors(c)
	for _, k := range keys {
		a.Keys = append(a.Keys, noteKeyItem(k, names))
	}
	return a, nil
}

func noteKeyItem(k store.NoteKey, names func(string) string) NoteKeyItem {
	return NoteKeyItem{
		ID: k.ID, Number: k.Number, Recipient: k.Recipient, Identity: base64.StdEncoding.EncodeToString(k.Identity),
		Created: k.Created.UTC(), By: names(k.By),
	}
}

func (o *Office) makeNoteKey(c *call) (any, error) {
	b := c.body.(*NoteKeyBody)
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return nil, err
	}
	k := store.NoteKey{
		ID: id.String(), Unit: c.Unit, Number: b.Number, Recipient: b.Recipient, Identity: unbase64(b.Identity, store.MaxSealedIdent),
		Created: c.now, By: c.ID,
	}
	if !k.Valid() || k.Number < 1 {
		return nil, badBody("identity", "Khóa không đúng định dạng age, hoặc chưa được mã hóa.", "The key is not one of age, or is not sealed.")
	}
	switch err := o.p.Store.PutNoteKey(c.r.Context(), k); {
	case errors.Is(err, store.ErrConflict):
		return nil, conflict("other_key", "Đơn vị vừa có khóa khác. Vui lòng tải lại trang.", "The unit has another key meanwhile. Please load the page again.")
	case errors.Is(err, store.ErrFull):
		return nil, conflict("too_many_keys", "Đơn vị đã có đủ số khóa cho phép.", "The unit has as many keys as there may be.")
	case err != nil:
		return nil, err
	}
	return noteKeyItem(k, o.authors(c)), nil
}

func (o *Office) writeNote(c *call) (any, error) {
	b := c.body.(*NoteBody)
	sealed := unbase64(b.Sealed, store.MaxSealedNote)
	switch {
	case b.AgoMS < 0 || b.AgoMS > maxNoteAgo.Milliseconds():
		return nil, badBody("ago_ms", "Thời điểm phải trong vòng 12 giờ trước.", "The moment has to be within the last 12 hours.")
	case !store.ValidSealedNote(sealed):
		return nil, badBody("sealed", "Ghi chú chưa được mã hóa bằng age, hoặc quá dài.", "The note is not sealed by age, or too long.")
	case len(checkID("key", b.Key, hearing.MaxIDBytes)) > 0:
		return nil, badFields(checkID("key", b.Key, hearing.MaxIDBytes))
	}
	scope, err := o.overseen(c)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return nil, err
	}
	n, err := o.p.Store.PutNote(c.r.Context(), scope, store.Note{
		ID: id.String(), Hearing: c.object(), Unit: c.Unit, Official: c.ID, Key: b.Key, Sealed: sealed,
		At: c.now.Add(-time.Duration(b.AgoMS) * time.Millisecond), Written: c.now,
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return nil, conflict("key_old", "Đơn vị đã có khóa mới hơn. Vui lòng tải lại trang rồi lưu.", "The unit has a newer key. Please load the page again and save.")
	case errors.Is(err, store.ErrFull):
		return nil, conflict("too_many_notes", "Phiên tòa này đã có đủ số ghi chú cho phép.", "This hearing has as many notes as there may be.")
	case err != nil:
		return nil, err
	}
	o.note(c, "", wroteNote)
	return o.noteItems(c, []store.Note{n}).Notes[0], nil
}

func (o *Office) hearingNotes(c *call) (any, error) {
	return o.readNotes(c, func(ctx context.Context, sc court.Scope, r store.NoteReader) ([]store.Note, error) {
		return o.p.Store.NotesOf(ctx, sc, r, c.object())
	})
}

func (o *Office) latestNotes(c *call) (any, error) { return o.readNotes(c, o.p.Store.LatestNotes) }

func (o *Office) readNotes(c *call, find func(context.Context, court.Scope, store.NoteReader) ([]store.Note, error)) (any, error) {
	scope, err := o.overseen(c)
	if err != nil {
		return nil, err
	}
	list, err := find(c.r.Context(), scope, store.NoteReader{Unit: c.Unit, Account: c.ID})
	if err != nil {
		return nil, err
	}
	o.note(c, "", readNotes)
	return o.noteItems(c, list), nil
}

func (o *Office) noteItems(c *call, list []store.Note) NotesAnswer {
	a := NotesAnswer{Notes: make([]NoteItem, 0, len(list))}
	var courts []court.UnitID
	for _, n := range list {
		if !slices.Contains(courts, n.Court) {
			courts = append(courts, n.Court)
		}
	}
	names, authors := o.unitNames(c.r.Context(), courts), o.authors(c)
	for _, n := range list {
		a.Notes = append(a.Notes, NoteItem{
			ID: n.ID, Hearing: n.Hearing, DocketNo: n.Docket, Court: names[string(n.Court)], At: n.At.UTC(), Written: n.Written.UTC(),
			By: authors(n.Official), Key: n.Key, Sealed: base64.StdEncoding.EncodeToString(n.Sealed),
		})
	}
	return a
}

// authors names accounts of the caller's unit, each asked for once; of one that is gone,
// or while the database is away, there is no name, and the rest is of use all the same.
func (o *Office) authors(c *call) func(account string) string {
	names := map[string]string{c.ID: c.Name}
	return func(account string) string {
		name, known := names[account]
		if !known && o.p.Directory != nil {
			a, err := o.p.Directory.Account(c.r.Context(), court.ScopeOf(c.Unit), account)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				o.p.Logger.Warn("name of an author", "err", err)
			}
			name = a.Name
			names[account] = name
		}
		return name
	}
}
