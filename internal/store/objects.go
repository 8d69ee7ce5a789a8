package store

import (
	"context"
	"time"
)

// StoredObject is a copy of a sealed file in an object store: which version of
// which object holds it, and until when nobody may delete it there.
type StoredObject struct {
	Target  string // of the store: address and bucket
	Hearing string
	Part    int // from 1; of a supplement the last one that it cites
	// Supplement is its number when the file is one, 0 when it is the part.
	Supplement int
	SHA256     [32]byte // of the sealed file, in clear
	Size       int64    // bytes of the sealed file
	Key        string   // of the object
	Version    string   // of the object; it never changes
	// Cipher and CipherSize are those of the object's bytes, which are encrypted.
	Cipher     [32]byte
	CipherSize int64
	Until      time.Time // end of the lock
	// Locked: a locked probe could not be deleted there when the object was stored.
	Locked bool
	At     time.Time
}

// MaxStoredObjects is the most that one StoredObjects returns.
const MaxStoredObjects = 5000

// Objects is the part of the database about copies in object stores.
type Objects interface {
	// PutStoredObject is insert-only: the same version again is a success, another one
	// of the same sealed file in the same store ErrConflict.
	PutStoredObject(ctx context.Context, o StoredObject) error
	// StoredObjects returns a hearing's objects in a store, by part and time, at most
	// MaxStoredObjects.
	StoredObjects(ctx context.Context, target, hearing string) ([]StoredObject, error)
}
