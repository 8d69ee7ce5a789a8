package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/config"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// A court's server whose certificate ends within the hour and whose disk is below the
// limit tells the operators of every court, once, and after a restart not again.
func TestTheMachinesAlarmsReachTheOperators(t *testing.T) {
	var dir string
	details := func(s *served) (out []string) {
		list, err := s.store.Alarms(context.Background(), court.ScopeOf("any-court"), time.Now())
		require.NoError(t, err)
		for _, a := range list {
			require.Equal(t, store.WholeNode, a.Unit)
			kind, rest, _ := strings.Cut(a.Detail, " ")
			level, _, _ := strings.Cut(rest, " ")
			if a.Kind == "disk" {
				level = ""
			}
			out = append(out, strings.TrimSpace(a.Kind+" "+kind+" "+level))
		}
		return out
	}
	want := []string{"disk evidence", "certificate web urgent"}
	s := startServe(t, func(c *config.Config) { c.DiskAlarm, dir = 1<<20, c.DataDir })
	require.Eventually(t, func() bool { return len(details(s)) == 2 }, 20*time.Second, 5*time.Millisecond)
	require.ElementsMatch(t, want, details(s))
	require.NoError(t, s.stop())

	// Another certificate is looked at behind the disks and the web server's: once it is
	// told, those have been looked at again.
	ca, _, _ := certificate(t, t.TempDir())
	s = startServe(t, func(c *config.Config) { c.DiskAlarm, c.DataDir, c.PersonalCA = 1<<20, dir, ca })
	require.Eventually(t, func() bool { return slices.Contains(details(s), "certificate personal_ca urgent") }, 20*time.Second, 5*time.Millisecond)
	require.ElementsMatch(t, append(want, "certificate personal_ca urgent"), details(s))
}
