package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"phientoa/internal/court"
	"phientoa/internal/pgtest"
	"phientoa/internal/store"
	"phientoa/internal/store/postgres"
	"phientoa/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, p postgres.Params) store.Store {
	t.Helper()
	st, err := postgres.Open(context.Background(), p)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

// migrated prepares the template from which tests are cloned.
func migrated(dsn string) error {
	st, err := postgres.Open(context.Background(), postgres.Params{DSN: dsn})
	if err != nil {
		return err
	}
	return st.Close()
}

func TestConformance(t *testing.T) {
	srv := pgtest.Start(t)
	storetest.Run(t, func(t *testing.T) storetest.Opened {
		dsn := srv.Database(t, migrated)
		o := storetest.Opened{A: open(t, postgres.Params{DSN: dsn}), B: open(t, postgres.Params{DSN: dsn})}
		var err error
		o.Raw, err = sql.Open("pgx", dsn)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, o.Raw.Close()) })
		o.Disturb = func() error {
			_, err := srv.Disconnect(context.Background())
			return err
		}
		return o
	})
}

func TestNodesStartingAtOnceMigrateOnce(t *testing.T) {
	srv := pgtest.Start(t)
	dsn := srv.Database(t, func(string) error { return nil })
	var g errgroup.Group
	for range 4 {
		g.Go(func() error { return migrated(dsn) })
	}
	require.NoError(t, g.Wait())
}

const shortTime = 300 * time.Millisecond

// However the server goes away, calls end in their time with ErrUnavailable, and
// when it is back the same store works and has lost nothing.
func TestOutages(t *testing.T) {
	srv := pgtest.Start(t)
	for name, outage := range map[string]struct{ leave, back func() error }{
		"crash and restart":  {srv.Down, srv.Up},
		"hung and resumed":   {srv.Pause, srv.Resume},
		"connections broken": {func() error { _, err := srv.Disconnect(context.Background()); return err }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, sc := context.Background(), court.SystemScope()
			st := open(t, postgres.Params{DSN: srv.Database(t, migrated), Timeout: shortTime})
			require.NoError(t, st.CreateHearing(ctx, sc, store.Hearing{ID: "h", Room: "00000000000000000000000000000001", Unit: "u"}, nil))
			l, err := st.Acquire(ctx, sc, "h", "a", time.Hour)
			require.NoError(t, err)
			acked := writeDuring(t, st, l, func() {
				require.NoError(t, outage.leave())
			}, outage.back)
			lines, err := st.Read(ctx, sc, "h", 1, store.MaxReadLines)
			require.NoError(t, err)
			require.NoError(t, store.VerifyChain(0, [32]byte{}, lines))
			require.Len(t, lines, acked, "nothing lost, nothing doubled")
			for i, line := range lines {
				require.Equal(t, fmt.Sprint("line ", i), string(line.Line))
			}
		})
	}
}

// writeDuring appends one line after another, repeating each until it is
// acknowledged, while the database leaves and comes back. Returns how many.
func writeDuring(t *testing.T, st store.Store, l store.Lease, leave func(), back func() error) int {
	ctx, sc := context.Background(), court.SystemScope()
	const before, total = 20, 40
	failures := 0
	deadline := time.Now().Add(60 * time.Second)
	for i := 0; i < total; {
		if i == before && leave != nil {
			leave()
			leave = nil
		}
		err := st.Append(ctx, sc, l, uint64(i), [][]byte{fmt.Appendf(nil, "line %d", i)})
		if err == nil {
			i++
			continue
		}
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.True(t, time.Now().Before(deadline), "the store did not recover: %v", err)
		if failures++; failures == 3 && back != nil {
			_, err := st.Acquire(ctx, sc, "h", "b", time.Hour)
			require.ErrorIs(t, err, store.ErrUnavailable)
			require.ErrorIs(t, st.Ping(ctx), store.ErrUnavailable)
			require.NoError(t, back())
		}
	}
	if back != nil {
		require.GreaterOrEqual(t, failures, 3, "the outage was felt")
	}
	return total
}

func TestNoServerIsUnavailable(t *testing.T) {
	_, err := postgres.Open(context.Background(), postgres.Params{
		DSN: "postgres:///x?host=" + t.TempDir() + "&user=u&password=geheim", Timeout: shortTime,
	})
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.NotContains(t, err.Error(), "geheim")
}

// A transaction left open by a vanished node holds the lease row; the server
// ends it, so that the node which takes over need not wait for ever.
func TestAbandonedTransactionIsEnded(t *testing.T) {
	srv := pgtest.Start(t)
	dsn := srv.Database(t, migrated)
	ctx, sc := context.Background(), court.SystemScope()
	st := open(t, postgres.Params{DSN: dsn, Timeout: shortTime})
	require.NoError(t, st.CreateHearing(ctx, sc, store.Hearing{ID: "h", Room: "00000000000000000000000000000001", Unit: "u"}, nil))
	l, err := st.Acquire(ctx, sc, "h", "a", time.Hour)
	require.NoError(t, err)

	raw, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, raw.Close()) }()
	tx, err := raw.Begin()
	require.NoError(t, err)
	_, err = tx.Exec(`SET idle_in_transaction_session_timeout = 1000`)
	require.NoError(t, err)
	_, err = tx.Exec(`SELECT 1 FROM lease FOR UPDATE`)
	require.NoError(t, err)
	err = st.Append(ctx, sc, l, 0, [][]byte{[]byte("x")})
	require.ErrorIs(t, err, store.ErrUnavailable, "waits no longer than its time")
	require.Eventually(t, func() bool {
		err := st.Append(ctx, sc, l, 0, [][]byte{[]byte("x")})
		require.True(t, err == nil || errors.Is(err, store.ErrUnavailable), "%v", err)
		return err == nil
	}, 20*time.Second, 10*time.Millisecond)
	_ = tx.Rollback() // its connection is gone
}

func TestServerThatForgetsCommitsIsRefused(t *testing.T) {
	srv := pgtest.Start(t)
	dsn := srv.Database(t, migrated)
	_, err := postgres.Open(context.Background(), postgres.Params{DSN: dsn + "&options=-csynchronous_commit%3Doff"})
	require.ErrorContains(t, err, "synchronous_commit")
}

// Whoever comes second to the lease row waits for the first and then acts on
// what the first left: no takeover falls between an append's check and insert.
func TestTakeoverAndAppendWaitForEachOther(t *testing.T) {
	srv := pgtest.Start(t)
	ctx, sc := context.Background(), court.SystemScope()
	line := []byte("x")
	hash := store.LineHash([32]byte{}, line)
	for name, c := range map[string]struct {
		first  string // holds the row until committed
		args   []any
		second func(store.Store, store.Lease) error
		check  func(*testing.T, error, []store.Line)
	}{
		"append waits for a takeover": {
			`UPDATE lease SET node = 'b', epoch = epoch + 1`, nil,
			func(st store.Store, l store.Lease) error { return st.Append(ctx, sc, l, 0, [][]byte{line}) },
			func(t *testing.T, err error, lines []store.Line) {
				require.ErrorIs(t, err, store.ErrFenced)
				require.Empty(t, lines)
			},
		},
		"a takeover waits for an append": {
			`INSERT INTO state_log (hearing, seq, epoch, line, prev, hash) VALUES ('h', 1, 1, $1, $2, $3)`,
			[]any{line, make([]byte, 32), hash[:]},
			func(st store.Store, _ store.Lease) error {
				_, err := st.Acquire(ctx, sc, "h", "b", time.Hour)
				return err
			},
			func(t *testing.T, err error, lines []store.Line) {
				require.NoError(t, err)
				require.Len(t, lines, 1)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := srv.Database(t, migrated)
			st := open(t, postgres.Params{DSN: dsn, Timeout: 20 * time.Second})
			require.NoError(t, st.CreateHearing(ctx, sc, store.Hearing{ID: "h", Room: "00000000000000000000000000000001", Unit: "u"}, nil))
			l, err := st.Acquire(ctx, sc, "h", "a", time.Microsecond)
			require.NoError(t, err)
			raw, err := sql.Open("pgx", dsn)
			require.NoError(t, err)
			defer func() { require.NoError(t, raw.Close()) }()
			tx, err := raw.Begin()
			require.NoError(t, err)
			_, err = tx.Exec(c.first, c.args...)
			require.NoError(t, err)

			done := make(chan error, 1)
			go func() { done <- c.second(st, l) }()
			waiting := 0
			for waiting == 0 {
				select {
				case err := <-done:
					t.Fatalf("it did not wait: %v", err)
				case <-time.After(5 * time.Millisecond):
				}
				require.NoError(t, raw.QueryRow(`SELECT count(*) FROM pg_stat_activity
					WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting))
			}
			require.NoError(t, tx.Commit())
			err = <-done
			lines, readErr := st.Read(ctx, sc, "h", 1, 10)
			require.NoError(t, readErr)
			c.check(t, err, lines)
		})
	}
}
