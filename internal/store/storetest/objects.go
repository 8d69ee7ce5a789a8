package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/store"
)

func objectsAreKept(t *testing.T, f *fixture) {
	// Also of a hearing that the database does not know.
	o := store.StoredObject{
		Target: "s3.example/evidence", Hearing: f.id("hearing"), Part: 2, SHA256: f.hash(), Size: 100,
		Key: "h/part-0002/x.asice.age", Version: "v1", Cipher: f.hash(), CipherSize: 400,
		At: at(0), Until: at(long), Locked: true,
	}
	require.NoError(t, f.A.PutStoredObject(bg(), o))
	require.NoError(t, f.B.PutStoredObject(bg(), o), "the same again")
	again := o
	again.At, again.Until, again.Locked = at(time.Minute), at(2*long), false
	require.NoError(t, f.B.PutStoredObject(bg(), again), "the same version; what stands stays")
	other := o
	other.Version = "v2"
	require.ErrorIs(t, f.B.PutStoredObject(bg(), other), store.ErrConflict)
	stamped, first, elsewhere := o, o, o
	stamped.Supplement = 3
	stamped.SHA256, stamped.At, stamped.Locked = f.hash(), at(time.Second), false
	first.Part = 1
	elsewhere.Target = "s3.example/other"
	for _, x := range []store.StoredObject{stamped, first, elsewhere} {
		require.NoError(t, f.A.PutStoredObject(bg(), x))
	}
	list, err := f.B.StoredObjects(bg(), o.Target, o.Hearing)
	require.NoError(t, err)
	require.Equal(t, []store.StoredObject{first, o, stamped}, list)
	list, err = f.B.StoredObjects(bg(), o.Target, "nobody's")
	require.NoError(t, err)
	require.Empty(t, list)

	for _, spoil := range []func(*store.StoredObject){
		func(o *store.StoredObject) { o.Target = "" },
		func(o *store.StoredObject) { o.Hearing = "" },
		func(o *store.StoredObject) { o.Part = 0 },
		func(o *store.StoredObject) { o.Supplement = -1 },
		func(o *store.StoredObject) { o.Size = 0 },
		func(o *store.StoredObject) { o.CipherSize = 0 },
		func(o *store.StoredObject) { o.Key = "" },
		func(o *store.StoredObject) { o.Version = "" },
		func(o *store.StoredObject) { o.Until = o.At },
	} {
		bad := o
		spoil(&bad)
		require.ErrorIs(t, f.A.PutStoredObject(bg(), bad), store.ErrInvalid)
	}
	statements := []string{`UPDATE stored_object SET version = 'forged'`, `DELETE FROM stored_object`}
	if f.A.Kind() == "postgres" {
		statements = append(statements, `TRUNCATE stored_object`)
	}
	for _, q := range statements {
		_, err := f.Raw.Exec(q)
		require.Error(t, err, q)
	}
	if f.A.Kind() == "sqlite" { // ignored rather than refused
		_, err := f.Raw.Exec(`INSERT OR REPLACE INTO stored_object SELECT target, hearing, part, sha256, size, object, 'forged', cipher, cipher_size, until, locked, at, supplement FROM stored_object`)
		require.NoError(t, err)
	}
	list, err = f.A.StoredObjects(bg(), o.Target, o.Hearing)
	require.NoError(t, err)
	require.Equal(t, []store.StoredObject{first, o, stamped}, list)
}
