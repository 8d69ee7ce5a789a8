package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
	"phientoa/internal/store/storetest"
)

func TestOffice(t *testing.T) { storetest.RunOffice(t, opened) }

func TestArchives(t *testing.T) { storetest.RunArchives(t, opened) }

// opened is a fresh database with two nodes.
func opened(t *testing.T) storetest.Opened {
	path := filepath.Join(t.TempDir(), "p.db")
	o := storetest.Opened{A: open(t, sqlite.Params{Path: path}), B: open(t, sqlite.Params{Path: path})}
	var err error
	o.Raw, err = sqlite.Raw(path, time.Second, false)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Raw.Close()) })
	return o
}

func BenchmarkAppend(b *testing.B) { storetest.BenchAppend(b, benched) }

func BenchmarkCoverage(b *testing.B) { storetest.BenchCoverage(b, benched) }

// benched is a fresh database of a benchmark.
func benched(b *testing.B) store.Store {
	st, err := sqlite.Open(context.Background(), sqlite.Params{Path: filepath.Join(b.TempDir(), "p.db")})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, st.Close()) })
	return st
}
