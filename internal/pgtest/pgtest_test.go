package pgtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"phientoa/internal/pgtest"
)

func ask(dsn string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "SELECT count(*) FROM kept")
	return errors.Join(err, conn.Close(ctx))
}

// Rows survive a crash, a paused server does not answer and answers again.
func TestServerGoesAndComesBack(t *testing.T) {
	s := pgtest.Start(t)
	prepare := func(dsn string) error {
		conn, err := pgx.Connect(context.Background(), dsn)
		if err != nil {
			return err
		}
		_, err = conn.Exec(context.Background(), "CREATE TABLE kept (n int)")
		return errors.Join(err, conn.Close(context.Background()))
	}
	dsn := s.Database(t, prepare)
	require.NoError(t, ask(dsn, 10*time.Second), "a clone has the template's table")
	require.NotEqual(t, dsn, s.Database(t, prepare), "every clone is a database of its own")

	require.NoError(t, s.Pause())
	require.ErrorIs(t, ask(dsn, 200*time.Millisecond), context.DeadlineExceeded)
	require.NoError(t, s.Resume())
	require.NoError(t, ask(dsn, 10*time.Second))

	require.NoError(t, s.Down())
	require.Error(t, ask(dsn, 10*time.Second))
	require.NoError(t, s.Up())
	require.NoError(t, ask(dsn, 10*time.Second))
}
