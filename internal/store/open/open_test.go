package open_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/pgtest"
	"phientoa/internal/store/open"
)

func TestOpenChoosesByAddress(t *testing.T) {
	ctx := context.Background()
	st, err := open.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "p.db"))
	require.NoError(t, err)
	require.Equal(t, "sqlite", st.Kind())
	require.NoError(t, st.Ping(ctx))
	require.NoError(t, st.Close())

	for _, dsn := range []string{"", "p.db", "mysql://secret@host/db", "sqlite:"} {
		_, err := open.Open(ctx, dsn)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestOpenPostgres(t *testing.T) {
	srv := pgtest.Start(t)
	st, err := open.Open(context.Background(), srv.Database(t, func(string) error { return nil }))
	require.NoError(t, err)
	require.Equal(t, "postgres", st.Kind())
	require.NoError(t, st.Close())
}
