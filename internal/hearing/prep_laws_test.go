package hearing

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// A comparison of papers has one result: the last one. Why it failed is read by the
// court and the officers of the point, nobody else.
func TestPapersMatchOrDoNot(t *testing.T) {
	n := seen{}
	check := func(t require.TestingT, st step) {
		s := st.after
		for i := range s.People {
			p := &s.People[i]
			require.False(t, p.Identity != "" && p.Mismatch != "", "both for %s", p.ID)
		}
		for _, e := range st.events {
			switch b := e.Body.(type) {
			case IdentityMismatched:
				n["mismatch"]++
				require.Equal(t, b.Reason, s.person(b.Person).Mismatch)
				require.NotEmpty(t, b.Reason)
			case IdentityNoted:
				n["match"]++
				require.Equal(t, b.Method, s.person(b.Person).Identity)
			}
		}
		for _, r := range readers(s) {
			officer := s.officerAt(r.Person, s.device(r.Device)) // also outside of the courtroom
			if standingOf(s, r) >= ofCourt {
				continue
			}
			v := ViewFor(s, r)
			for i := range v.People {
				if officer == "" || v.People[i].PointID != officer {
					require.Empty(t, v.People[i].Mismatch)
				}
			}
		}
	}
	property(t, func(t *rapid.T, st step) { check(t, st) })
	r := newTrial(t) // rare in a random story: papers that are compared twice
	r.arrive()
	r.no("only_clerk", NoteMismatch{"bc", "ảnh khác người"}, judge)
	r.no("reason_needed", NoteMismatch{"bc", " "}, clerk)
	r.no("unknown_person", NoteMismatch{"nobody", "ảnh khác người"}, clerk)
	for _, c := range []Command{
		NoteIdentity{"bc", "citizen_card", ""}, NoteMismatch{"bc", "ảnh khác người"}, NoteIdentity{"bc", "vneid", ""},
	} {
		check(t, do(t, r.s, c, clerk, r.now))
		r.ok(c, clerk)
	}
	require.Contains(t, r.check("identity").Missing, "home")
	r.ok(NoteMismatch{"bc", "ảnh khác người"}, clerk)
	require.Contains(t, r.check("identity").Missing, "bc")
	n.require(t, "mismatch", "match")
}

// Whom a view calls waited for are those for whom a hold would be proposed, and only
// the court reads it.
func TestWhomTheHearingWaitsFor(t *testing.T) {
	n := seen{}
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, r := range readers(s) {
			v, rank := ViewFor(s, r), standingOf(s, r)
			var waited []PersonID
			for i := range v.People {
				if v.People[i].Waited {
					waited = append(waited, v.People[i].Person)
					require.NotEqual(t, court.PresidingJudge, v.People[i].Capacity)
				}
			}
			if rank >= ofCourt {
				n["court"] += len(waited)
				require.Equal(t, s.lost(), waited)
				continue
			}
			require.Empty(t, waited)
		}
	})
	n.require(t, "court")
}

// What a point does not have is no failure, and says so; it cannot work either.
func TestWhatAPointDoesNotHave(t *testing.T) {
	r := newTrial(t)
	r.arrive()
	r.no("test_items", ReportTest{"P1", []TestItem{{Key: "ups", OK: true, Absent: true}}}, cb)
	r.ok(ReportTest{"P1", []TestItem{{Key: "camera", OK: true}, {Key: "ups", Absent: true}}}, cb)
	require.NotContains(t, r.check("point_test").Missing, "P1")
	r.ok(ReportTest{"P1", []TestItem{{Key: "camera", OK: true}, {Key: "ups"}}}, cb)
	require.Contains(t, r.check("point_test").Missing, "P1")
}
