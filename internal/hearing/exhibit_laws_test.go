package hearing

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// digest is one of many files.
func digest(i int) string { return strings.Repeat(fmt.Sprintf("%02x", i+1), 32) }

// offer is a contract of as many pages.
func offer(i, pages int) OfferExhibit {
	return OfferExhibit{Name: "Hợp đồng mua bán", Type: "application/pdf", Bytes: 1000, Pages: pages, SHA256: digest(i)}
}

// anyExhibitCommand draws a command about exhibits, lawful or not.
func anyExhibitCommand(c chooser, text string) Command {
	no, page := c(8)-1, c(5)-1
	return pick(c, []func() Command{
		func() Command {
			o := offer(c(4), c(5))
			o.Name = pick(c, []string{o.Name, text, strings.Repeat("ô", MaxExhibitName+1)})
			o.Type = pick(c, append(ExhibitTypes(), "text/html", ""))
			o.Bytes = pick(c, []int64{1, 0, -1, MaxExhibitBytes, MaxExhibitBytes + 1})
			o.SHA256 = pick(c, []string{o.SHA256, "", strings.ToUpper(digest(170))})
			return o
		},
		func() Command { return AdmitExhibit{no} },
		func() Command { return RefuseExhibit{no, text} },
		func() Command { return WithdrawExhibit{no} },
		func() Command { return ShowExhibit{no, page} },
		func() Command { return StopExhibit{} },
	})()
}

// lawfulExhibitCommand draws what somebody may well do next.
func lawfulExhibitCommand(c chooser, s *State) func(PersonID) Command {
	if len(s.Exhibits) == 0 {
		return func(PersonID) Command { return offer(c(4), 1+c(3)) }
	}
	x := pick(c, s.Exhibits)
	page := 1 + c(x.Pages)
	return pick(c, []func(PersonID) Command{
		func(PersonID) Command { return offer(c(4), 1+c(3)) },
		func(PersonID) Command { return AdmitExhibit{x.No} },
		func(PersonID) Command { return AdmitExhibit{x.No} },
		func(PersonID) Command { return RefuseExhibit{x.No, "lý do"} },
		func(PersonID) Command { return WithdrawExhibit{x.No} },
		func(PersonID) Command { return ShowExhibit{x.No, page} },
		func(PersonID) Command { return ShowExhibit{x.No, page} },
		func(PersonID) Command { return ShowExhibit{x.No, page} },
		func(PersonID) Command { return StopExhibit{} },
	})
}

// What an exhibit is never changes, whatever becomes of it, and no number is given twice.
func TestAnExhibitStaysWhatItIs(t *testing.T) {
	n := seen{}
	roomProperty(t, func(t *rapid.T, st step) {
		was, is := st.before.Exhibits, st.after.Exhibits
		require.GreaterOrEqual(t, len(is), len(was))
		for i, x := range is {
			require.Equal(t, i+1, x.No)
			require.Nil(t, ExhibitOffered{x.No, x.By, x.Name, x.Type, x.Bytes, x.Pages, x.SHA256}.valid())
			n[string(x.Status)]++
			if i >= len(was) {
				require.Equal(t, ExhibitOffers, x.Status)
				continue
			}
			old := was[i]
			if old.Status != ExhibitOffers { // decided once
				require.Equal(t, old.Status, x.Status)
				require.Equal(t, old.Reason, x.Reason)
			}
			require.False(t, old.Closed && !x.Closed)
			old.Status, old.Reason, old.Closed = x.Status, x.Reason, x.Closed
			require.Equal(t, old, x)
		}
	})
	n.require(t, "offered", "admitted", "refused", "withdrawn")
}

// A page before everybody is one of an admitted exhibit, in session only, by the word of
// who may; and it does not outlive the session or a change of the doors.
func TestWhatIsShownWasAdmitted(t *testing.T) {
	n := seen{}
	roomProperty(t, func(t *rapid.T, st step) {
		s, was := st.after, st.before.Showing
		for _, e := range st.events {
			n[e.Body.Kind()]++
		}
		if s.Showing == nil {
			if was != nil {
				n["ended by "+st.command.command()]++
			}
			return
		}
		x := s.Exhibits[s.Showing.Exhibit-1]
		require.Equal(t, InSession, s.Status)
		require.False(t, s.deliberating())
		require.Equal(t, ExhibitIn, x.Status)
		require.True(t, s.Showing.Page >= 1 && s.Showing.Page <= x.Pages)
		require.True(t, x.Closed || !s.doorsClosed())
		if was != nil {
			require.Equal(t, st.before.doorsClosed(), s.doorsClosed())
		}
		if was == nil || *was != *s.Showing { // by the court, or by who offered it with the floor
			p := st.actor.Person
			require.True(t, s.booked(p).Capacity.HoldsRoom() || p == x.By && st.before.Floor == p, "%+v", st.actor)
			require.IsType(t, ShowExhibit{}, st.command)
		}
	})
	n.require(t, "exhibit.presented", "exhibit.turned", "exhibit.stopped", "ended by recess", "ended by stop_exhibit")
}

// Who learns of an exhibit, told anew and apart from the rules' own code.
func TestWhoLearnsOfAnExhibit(t *testing.T) {
	n := seen{}
	check := func(t require.TestingT, s *State) {
		for _, r := range readers(s) {
			v := ViewFor(s, r)
			for _, e := range v.Exhibits {
				x := s.Exhibits[e.No-1]
				on := s.Showing != nil && s.Showing.Exhibit == e.No
				require.Equal(t, []any{x.By, x.Name, x.Type, x.Bytes, x.Pages, x.SHA256, x.Status, x.Reason},
					[]any{e.By, e.Name, e.Type, e.Bytes, e.Pages, e.SHA256, e.Status, e.Reason})
				if slices.ContainsFunc(s.inFront(s.device(r.Device)), func(p PersonID) bool { return s.booked(p).Capacity.Watches() }) {
					n["public"]++
					require.True(t, on && !x.Closed && !s.doorsClosed())
					require.True(t, !e.Opens || x.Type != "application/pdf", "the public is shown pages, never a whole file")
					continue
				}
				for _, p := range s.inFront(s.device(r.Device)) {
					c := s.booked(p).Capacity
					require.Equal(t, InCourtroom, s.person(p).Status)
					require.False(t, s.person(p).Isolated)
					switch {
					case c.OfCourt():
						n["court"]++
					case x.By == p:
						n["own"]++
					case on:
						n["shown"]++
					default:
						n["party"]++
						require.Equal(t, ExhibitIn, x.Status)
						require.False(t, c.Called() || c.Officers() || c == court.Interpreter)
					}
				}
			}
			if v.Showing != nil {
				require.True(t, slices.ContainsFunc(v.Exhibits, func(e ExhibitView) bool { return e.No == v.Showing.Exhibit }))
				require.Equal(t, *s.Showing, ShowingState(*v.Showing))
			}
			if standingOf(s, r) == outsider {
				require.Empty(t, v.Exhibits)
				require.Nil(t, v.Showing)
			}
		}
	}
	roomProperty(t, func(t *rapid.T, st step) { check(t, st.after) })
	s := crowded(crowdBooking(2, 1)) // rare in a random story: the public while something is shown
	s.Exhibits = []ExhibitState{{No: 1, By: "p0", Pages: 1, Status: ExhibitIn}, {No: 2, By: "p0", Pages: 3, Status: ExhibitIn}}
	for no := range s.Exhibits {
		s.Showing = &ShowingState{Exhibit: no + 1, Page: 1}
		check(t, s)
	}
	n.require(t, "court", "own", "shown", "party", "public")
}

// Who waits or is isolated cannot tell that anything happens with exhibits.
func TestOutsidersDoNotNoticeExhibits(t *testing.T) {
	n := 0
	roomProperty(t, func(t *rapid.T, st step) {
		switch st.command.(type) {
		case OfferExhibit, AdmitExhibit, RefuseExhibit, WithdrawExhibit, ShowExhibit, StopExhibit:
		default:
			return
		}
		for _, r := range readers(st.after) {
			if len(st.events) > 0 && standingOf(st.after, r) == outsider {
				require.Equal(t, ViewFor(st.before, r), ViewFor(st.after, r))
				n++
			}
		}
	})
	require.Positive(t, n)
}

// The kinds stand in logs for ever, and what restricts is decided once for each.
func TestExhibitKindsAndRestrictionsAreFixed(t *testing.T) {
	for _, c := range []struct {
		body      EventBody
		kind      string
		restricts bool
	}{
		{ExhibitOffered{}, "exhibit.offered", false},
		{ExhibitAdmitted{}, "exhibit.admitted", false},
		{ExhibitRefused{}, "exhibit.refused", false},
		{ExhibitWithdrawn{}, "exhibit.withdrawn", false},
		{ExhibitPresented{}, "exhibit.presented", false},
		{ExhibitTurned{}, "exhibit.turned", false},
		{ExhibitStopped{}, "exhibit.stopped", true},
	} {
		require.Equal(t, c.kind, c.body.Kind())
		require.Equal(t, c.restricts, c.body.Restricts(), c.kind)
		e := Event{Seq: 3, At: 5, Actor: Actor{Person: "p1", Device: "d1"}, Body: c.body}
		text, err := MarshalEvent(e)
		require.NoError(t, err, c.kind)
		back, err := ParseEvent(text)
		require.NoError(t, err, c.kind)
		require.Equal(t, e, back)
	}
	require.True(t, Restricts(StopExhibit{}))
	for _, c := range []Command{OfferExhibit{}, AdmitExhibit{}, RefuseExhibit{}, WithdrawExhibit{}, ShowExhibit{}} {
		require.False(t, Restricts(c), "%T", c)
	}
}
