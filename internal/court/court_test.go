package court

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAScopeReachesItsUnitsOnly(t *testing.T) {
	require.False(t, Scope{}.Covers("u1"))
	require.False(t, Scope{}.Covers(""))
	s := ScopeOf("u1", "u2")
	require.True(t, s.Covers("u2"))
	require.False(t, s.Covers("u3"))
	require.True(t, SystemScope().Covers("u3"))
	units := []UnitID{"u1"}
	s = ScopeOf(units...)
	units[0] = "u9"
	require.False(t, s.Covers("u9"), "a scope keeps no caller's slice")
}

func TestCapacitiesOfTheCourt(t *testing.T) {
	for c, want := range map[Capacity]struct{ valid, holds, court bool }{
		PresidingJudge: {true, true, true}, Clerk: {true, true, true},
		Judge: {true, false, true}, LayAssessor: {true, false, true},
		Procurator: {valid: true}, DefenceCounsel: {valid: true}, Defendant: {valid: true}, Plaintiff: {valid: true},
		Respondent: {valid: true}, Victim: {valid: true}, Witness: {valid: true}, Interpreter: {valid: true},
		DetentionOfficer: {valid: true}, PointOfficer: {valid: true},
		"": {}, "host": {},
	} {
		require.Equal(t, want.valid, c.Valid(), c)
		require.Equal(t, want.holds, c.HoldsRoom(), c)
		require.Equal(t, want.court, c.OfCourt(), c)
	}
}
