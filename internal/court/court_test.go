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
		Judge: {true, false, true}, LayAssessor: {true, false, true}, MilitaryAssessor: {true, false, true},
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

// An assessor of a military court has another name and the same rights.
func TestTheAssessorsOfMilitaryCourts(t *testing.T) {
	for kind, military := range map[string]bool{
		"court.mil_central": true, "court.mil_zone": true, "court.mil_region": true,
		"court.regional": false, "court.supreme": false, "vks.military": false, "": false,
	} {
		require.Equal(t, military, Military(kind), kind)
		want := LayAssessor
		if military {
			want = MilitaryAssessor
		}
		require.Equal(t, want, LayAssessor.In(kind), kind)
		require.Equal(t, Judge, Judge.In(kind), kind)
		require.Equal(t, MilitaryAssessor, MilitaryAssessor.In(kind), kind)
	}
	rights := func(c Capacity) [9]bool {
		return [9]bool{
			c.Valid(), c.HoldsRoom(), c.OfCourt(), c.OnPanel(), c.OfTrial(), c.CentralOnly(), c.Called(), c.Counsels(), c.Officers() || c.Watches(),
		}
	}
	require.Equal(t, rights(LayAssessor), rights(MilitaryAssessor))
}
