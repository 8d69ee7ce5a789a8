package store

import (
	"context"
	"strings"
	"time"

	"phientoa/internal/court"
)

// Bounds of notes.
const (
	MaxNoteKeys      = 10      // of a unit; ErrFull beyond
	MaxNotes         = 500     // of a unit in one hearing; ErrFull beyond
	MaxNotesLatest   = 200     // of one LatestNotes
	MaxSealedNote    = 8 << 10 // bytes
	MaxSealedIdent   = 1 << 10 // bytes
	recipientLetters = 58      // of an X25519 recipient behind "age1"
)

// How files of age begin, by what they are sealed to (C2SP age, "X25519 recipient
// stanza" and "scrypt recipient stanza").
const (
	ageVersion  = "age-encryption.org/v1\n"
	ageToKey    = ageVersion + "-> X25519 "
	ageByPhrase = ageVersion + "-> scrypt "
)

// NoteKey is a key of a procuracy's unit under which its people write notes.
type NoteKey struct {
	ID        string // UUIDv7
	Unit      court.UnitID
	Number    int    // from 1; the highest is the one to write under
	Recipient string // "age1…", X25519
	// Identity is the private key, an age file sealed by a passphrase that only the
	// unit's people know.
	Identity []byte
	Created  time.Time
	By       string // account
}

// Valid tells whether everything but the number is within bounds: that a recipient is
// one (its checksum aside), and an identity not in plain words.
func (k NoteKey) Valid() bool {
	letters, ok := strings.CutPrefix(k.Recipient, "age1")
	return ok && len(letters) == recipientLetters && strings.Trim(letters, "023456789acdefghjklmnpqrstuvwxyz") == "" &&
		len(k.Identity) <= MaxSealedIdent && strings.HasPrefix(string(k.Identity), ageByPhrase)
}

// Note is what an official wrote of a moment in a hearing that the unit oversees.
type Note struct {
	ID       string // UUIDv7
	Hearing  string
	Unit     court.UnitID // the official's
	Number   int          // within hearing and unit, from 1; given by PutNote
	Official string       // account
	At       time.Time    // the moment it is about
	Written  time.Time    // not before At
	Key      string       // NoteKey.ID
	Sealed   []byte       // an age file
	// Docket and Court are the hearing's; read, never stored.
	Docket string
	Court  court.UnitID
}

// ValidSealedNote tells whether the bytes are a note sealed to a key, as far as can be
// told without it.
func ValidSealedNote(sealed []byte) bool {
	return len(sealed) <= MaxSealedNote && strings.HasPrefix(string(sealed), ageToKey)
}

// NoteReader is who reads or writes notes: those of the own unit, and none of a hearing
// in which the account has a seat, for nothing of them may reach a hearing.
type NoteReader struct {
	Unit    court.UnitID
	Account string
}

// Notes is the part of the database behind what procuracies write for themselves. Scopes
// are of the hearings that a unit oversees; what lies outside looks like what does not
// exist.
type Notes interface {
	// PutNoteKey is insert-only. k.Number has to be the next one: ErrConflict says that
	// another key stands there. ErrFull: MaxNoteKeys.
	PutNoteKey(ctx context.Context, k NoteKey) error
	// NoteKeys returns the keys of the unit, by number.
	NoteKeys(ctx context.Context, unit court.UnitID) ([]NoteKey, error)
	// PutNote is insert-only. n.Key has to be the unit's newest: ErrConflict. The same
	// sealed bytes of the official in the hearing again give the note that stands.
	// ErrFull: MaxNotes. A seat in the hearing: ErrNotFound.
	PutNote(ctx context.Context, sc court.Scope, n Note) (Note, error)
	// NotesOf returns the unit's notes of a hearing, by moment.
	NotesOf(ctx context.Context, sc court.Scope, r NoteReader, hearing string) ([]Note, error)
	// LatestNotes returns at most MaxNotesLatest of the unit, the latest written first.
	LatestNotes(ctx context.Context, sc court.Scope, r NoteReader) ([]Note, error)
}
