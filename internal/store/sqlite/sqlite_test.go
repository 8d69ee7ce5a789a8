package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
	"phientoa/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, p sqlite.Params) store.Store {
	t.Helper()
	st, err := sqlite.Open(context.Background(), p)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opened {
		path := filepath.Join(t.TempDir(), "phien tòa #1?.db")
		o := storetest.Opened{A: open(t, sqlite.Params{Path: path}), B: open(t, sqlite.Params{Path: path})}
		var err error
		o.Raw, err = sqlite.Raw(path, time.Second, false)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, o.Raw.Close()) })
		return o
	})
}

// A commit acknowledges an event, so it must be on the disk; and nobody else on
// the machine may read names.
func TestFileIsPrivateAndSynchronous(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	open(t, sqlite.Params{Path: path})
	for _, f := range []string{path, path + "-wal"} {
		info, err := os.Stat(f)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), f)
	}
	raw, err := sqlite.Raw(path, time.Second, false)
	require.NoError(t, err)
	defer func() { require.NoError(t, raw.Close()) }()
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
		var got string
		require.NoError(t, raw.QueryRow("PRAGMA "+pragma).Scan(&got))
		require.Equal(t, want, got, pragma)
	}
}

func TestLockedDatabaseIsUnavailable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	st := open(t, sqlite.Params{Path: path, Timeout: 200 * time.Millisecond})
	raw, err := sqlite.Raw(path, time.Second, false)
	require.NoError(t, err)
	defer func() { require.NoError(t, raw.Close()) }()
	tx, err := raw.Begin()
	require.NoError(t, err)
	require.ErrorIs(t, st.SetMetaOnce(context.Background(), "k", "v"), store.ErrUnavailable)
	_, err = st.Meta(context.Background(), "k")
	require.ErrorIs(t, err, store.ErrNotFound, "reading goes on")
	require.NoError(t, tx.Rollback())
	require.NoError(t, st.SetMetaOnce(context.Background(), "k", "v"), "it recovers by itself")
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	raw, err := sqlite.Raw(path, time.Second, false)
	require.NoError(t, err)
	open(t, sqlite.Params{Path: path})
	_, err = raw.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`)
	require.NoError(t, err)
	require.NoError(t, raw.Close())
	_, err = sqlite.Open(context.Background(), sqlite.Params{Path: path})
	require.ErrorContains(t, err, "newer program")
}

func TestMissingDirectoryIsAnError(t *testing.T) {
	for _, p := range []string{"", ":memory:", filepath.Join(t.TempDir(), "no", "p.db")} {
		_, err := sqlite.Open(context.Background(), sqlite.Params{Path: p})
		require.Error(t, err, p)
	}
}

// The clock of leases is handed in.
func TestLeaseFollowsTheClock(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	st := open(t, sqlite.Params{Path: filepath.Join(t.TempDir(), "p.db"), Now: func() time.Time { return now }})
	ctx, sc := context.Background(), court.SystemScope()
	require.NoError(t, st.CreateHearing(ctx, sc, store.Hearing{ID: "h", Room: "00000000000000000000000000000001", Unit: "u"}, nil))
	a, err := st.Acquire(ctx, sc, "h", "a", 10*time.Second)
	require.NoError(t, err)
	require.Equal(t, now.Add(10*time.Second), a.Expires)
	now = now.Add(10*time.Second - time.Microsecond)
	_, err = st.Acquire(ctx, sc, "h", "b", time.Second)
	require.ErrorIs(t, err, store.ErrLeased)
	now = now.Add(time.Microsecond)
	b, err := st.Acquire(ctx, sc, "h", "b", time.Second)
	require.NoError(t, err)
	require.Equal(t, a.Epoch+1, b.Epoch)
}
