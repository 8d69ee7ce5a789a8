package sfu

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// The collector is told once, by us or by the environment, and never so that it would
// let the heap grow past what the process may have.
func TestTheCollectorIsTuned(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	t.Setenv("GOGC", "100")
	t.Setenv("GOMEMLIMIT", "off")
	TuneRuntime()
	require.Equal(t, 100, debug.SetGCPercent(100))
	require.Equal(t, limit, debug.SetMemoryLimit(-1))
	require.NoError(t, os.Unsetenv("GOGC"))
	require.NoError(t, os.Unsetenv("GOMEMLIMIT"))
	TuneRuntime()
	require.Equal(t, collectAt, debug.SetGCPercent(100))
	require.Positive(t, memoryOfProcess())
	require.Equal(t, memoryOfProcess()/2, debug.SetMemoryLimit(-1))
}

func TestAControlGroupBoundsTheMemory(t *testing.T) {
	at := func(text string) string {
		p := filepath.Join(t.TempDir(), "memory.max")
		require.NoError(t, os.WriteFile(p, []byte(text), 0o600))
		return p
	}
	require.EqualValues(t, 1000, lower(1000, "/nowhere"))
	require.EqualValues(t, 1000, lower(1000, at("max\n")))
	require.EqualValues(t, 1000, lower(1000, at("2000\n")))
	require.EqualValues(t, 500, lower(1000, at("500\n")))
	require.EqualValues(t, 1000, lower(1000, at("0\n")))
}
