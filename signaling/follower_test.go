package signaling

import (
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/wire"
)

// Everybody in the courtroom reads that the hearing is followed; who follows it is for the
// presiding judge and the clerk (J3.4), and to which units it can be released by name for
// the judge, who decides it.
func TestWhoFollowsIsForTheCourt(t *testing.T) {
	w := newWorld(t, func(p *RoomsParams) {
		p.Overseers = func(court.UnitID) []OverseerUnit { return []OverseerUnit{{"vks-1", "VKSND khu vực 1"}} }
	})
	j, p := w.session()
	c := w.enter(clerk)
	c.must(cmdCheckIn)
	follows := func(n int) func(*wire.View) bool {
		return func(v *wire.View) bool { return len(v.Monitoring.GetFollowers()) == n }
	}
	list := []Follower{{"vks-1", "VKSND khu vực 1", 1}, {"vks-2", "VKSND tỉnh", 2}}
	w.rooms.Followed(testHearing, list)
	for _, of := range []*client{j, c} {
		v := of.view("two units", follows(2))
		require.Equal(t, "VKSND tỉnh", v.Monitoring.Followers[1].Name)
		require.EqualValues(t, 2, v.Monitoring.Followers[1].People)
	}
	overseers := j.view("", func(*wire.View) bool { return true }).Monitoring.Overseers
	require.Len(t, overseers, 1)
	require.Equal(t, "vks-1", overseers[0].Id)
	require.Empty(t, c.view("", func(*wire.View) bool { return true }).Monitoring.Overseers)
	require.Equal(t, list, w.rooms.Live()[0].Followers)
	w.rooms.Followed("nowhere", list)
	j.must(cmdMonitoring("closed"))
	j.view("nobody may", follows(0))
	c.view("nobody may", follows(0))
	require.Empty(t, w.rooms.Live()[0].Followers, "of who is being sent out nothing is sent any more")
	j.must(cmdMonitoring("open"))
	j.view("they may again", follows(2))
	w.rooms.Followed(testHearing, nil)
	j.view("nobody", follows(0))
	j.must(cmdFloor(party)) // the party has read everything up to here
	v := p.view("the floor", func(v *wire.View) bool { return v.Floor == party })
	require.Equal(t, "open", v.Monitoring.To)
	for _, e := range p.heard() {
		require.Empty(t, e.GetView().GetMonitoring().GetFollowers())
		require.Empty(t, e.GetView().GetMonitoring().GetOverseers())
	}
}
