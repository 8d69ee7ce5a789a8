package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/config"
	"phientoa/internal/court"
	"phientoa/internal/units"
	"phientoa/signaling/office"
)

// A procuracy follows its court and those below, no neighbour's, and a court nobody's.
func TestWhoOverseesWhom(t *testing.T) {
	tree, findings := units.Build(units.Demonstration())
	require.Empty(t, findings)
	file := filepath.Join(t.TempDir(), "units.csv")
	f, err := os.Create(file)
	require.NoError(t, err)
	require.NoError(t, tree.WriteCSV(f))
	require.NoError(t, f.Close())
	for what, p := range map[string]nodeParams{"demo": {demo: true}, "file": {Config: config.Config{UnitTree: file}}} {
		s, err := openUnits(p)
		require.NoError(t, err, what)
		for unit, covers := range map[court.UnitID]bool{
			demoProcuracy: true, "vks-da-nang": true, "vks-toi-cao": true,
			"vks-da-nang-kv2": false, "vks-hue": false, "vks-quan-su-trung-uong": false, demoUnit: false, "nobody": false,
		} {
			for range 2 {
				scope, err := s.of(t.Context(), unit, time.Now())
				require.NoError(t, err)
				require.Equal(t, covers, scope.Covers(demoUnit), "%s: %s", what, unit)
			}
		}
	}
	above, err := openUnits(nodeParams{demo: true})
	require.NoError(t, err)
	for unit, covers := range map[court.UnitID]bool{
		demoUnit: true, "tand-da-nang": true, "tand-toi-cao": true, "tand-da-nang-kv2": false, "tand-hue": false, demoProcuracy: false,
	} {
		scope, err := above.overview(t.Context(), unit, time.Now())
		require.NoError(t, err)
		require.Equal(t, covers, scope.Covers(demoUnit), unit)
		require.True(t, scope.Covers(unit), "a chief judge reads the own court's, whatever the tree says")
	}
	s, err := openUnits(nodeParams{demo: true})
	require.NoError(t, err)
	below := s.below("vks-da-nang")
	require.True(t, slices.ContainsFunc(below, func(p office.PartItem) bool { return p.Unit == demoProcuracy && p.Name == s.name(demoProcuracy) }))
	require.True(t, slices.IsSortedFunc(below, func(a, b office.PartItem) int { return strings.Compare(a.Name, b.Name) }))
	require.Empty(t, s.below(demoProcuracy))
	require.Empty(t, s.below("nobody"))
	s, err = openUnits(nodeParams{})
	require.NoError(t, err)
	scope, err := s.of(t.Context(), demoProcuracy, time.Now())
	require.NoError(t, err)
	require.Empty(t, s.below("vks-da-nang"))
	require.False(t, scope.Covers(demoUnit), "without a tree nobody follows anything")
	for _, text := range []string{"no tree", "id,kind,branch,level,name,parent,from,until,successors,procuracies\na,court,civil,region,A,,2025-07-01,,,\n"} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err = openUnits(nodeParams{Config: config.Config{UnitTree: file}})
		require.ErrorContains(t, err, "unit-tree")
	}
}
