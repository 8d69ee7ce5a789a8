package postgres_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/pgtest"
	"phientoa/internal/store"
	"phientoa/internal/store/postgres"
	"phientoa/internal/store/storetest"
)

func TestOffice(t *testing.T) {
	srv := pgtest.Start(t)
	storetest.RunOffice(t, opened(srv))
}

func TestArchives(t *testing.T) {
	srv := pgtest.Start(t)
	storetest.RunArchives(t, opened(srv))
}

// opened makes fresh databases with two nodes each.
func opened(srv *pgtest.Server) func(t *testing.T) storetest.Opened {
	return func(t *testing.T) storetest.Opened {
		dsn := srv.Database(t, migrated)
		o := storetest.Opened{A: open(t, postgres.Params{DSN: dsn}), B: open(t, postgres.Params{DSN: dsn})}
		var err error
		o.Raw, err = sql.Open("pgx", dsn)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, o.Raw.Close()) })
		return o
	}
}

func BenchmarkAppend(b *testing.B) { storetest.BenchAppend(b, benched(pgtest.Start(b))) }

func BenchmarkCoverage(b *testing.B) { storetest.BenchCoverage(b, benched(pgtest.Start(b))) }

// benched makes fresh databases of a benchmark.
func benched(srv *pgtest.Server) func(b *testing.B) store.Store {
	return func(b *testing.B) store.Store {
		st, err := postgres.Open(context.Background(), postgres.Params{DSN: srv.Database(b, migrated)})
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, st.Close()) })
		return st
	}
}
