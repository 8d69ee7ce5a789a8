package hearing

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// What flows is between sources and classes of one place; who is in which place is
// the matter of TestNothingFlowsBetweenRooms.
func TestGrantsAreWellFormed(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		r := Routes(s)
		if s.Status != InSession && !s.Deliberating && len(s.Consults) == 0 && s.Check == nil {
			require.Empty(t, r.Grants)
			require.Empty(t, r.Members)
		}
		for _, g := range r.Grants {
			require.Contains(t, []DeviceKind{RoomClient, DeskClient}, s.device(g.Source.Device).Kind)
			require.Contains(t, Sources(s), g.Source)
			require.Empty(t, g.Audience.Device)
			require.LessOrEqual(t, g.MinLayer, g.MaxLayer)
			require.False(t, g.MayPause && (g.Source.Kind == Mic || g.Audience.Class == ClassRecorder))
		}
	})
}

// In the courtroom exactly the devices of the presiding judge and of the floor's
// holder are heard, and none with a locked person in front of it.
func TestAMicrophoneIsOpenExactlyByTheRules(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, d := range s.Booking.Devices {
			word, barred := false, s.Status != InSession || (d.Kind != RoomClient && d.Kind != DeskClient)
			for _, id := range d.People {
				p := s.person(id)
				if p.Isolated && p.Left {
					continue
				}
				word = word || id == "p0" || id == s.Floor
				barred = barred || whereabouts(s, id) != string(Courtroom) || p.LockedBy != "" || s.booked(id).Capacity.Watches()
			}
			for _, class := range []Class{ClassCourtroom, ClassRecorder} {
				open := slices.ContainsFunc(Routes(s).Grants, func(g Grant) bool {
					return g.Source == Source{d.ID, Mic} && g.Audience == Audience{Class: class}
				})
				require.Equal(t, word && !barred, open, "device %s to %s", d.ID, class)
			}
		}
	})
}

func TestTheRecorderGetsWhatTheCourtroomGets(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		got := map[Class][]Source{}
		for _, g := range Routes(st.after).Grants {
			got[g.Audience.Class] = append(got[g.Audience.Class], g.Source)
		}
		require.Equal(t, got[ClassCourtroom], got[ClassRecorder])
		if public := got[ClassPublic]; public != nil {
			require.Equal(t, got[ClassCourtroom], public)
		}
	})
}

// An overloaded server gives up pictures of the public, then those of whom nobody has
// to see; never the bench, the floor, an interpreter, a witness, sound or the record.
func TestWhatAnOverloadedServerGivesUp(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, g := range Routes(s).Grants {
			kept, signs := false, false
			for _, id := range s.device(g.Source.Device).People {
				c := s.booked(id).Capacity
				if s.person(id).Left {
					continue
				}
				signs = signs || c == court.SignInterpreter
				switch c {
				case court.PresidingJudge, court.Judge, court.LayAssessor, court.MilitaryAssessor, court.Interpreter, court.Witness, court.ProtectedWitness, court.Expert, court.Valuer:
					kept = true
				default:
					kept = kept || id == s.Floor
				}
			}
			want := YieldNever
			switch class := g.Audience.Class; {
			case class == ClassPublic && g.Source.Kind == Mic:
				want = YieldPublic // bounds how many sounds at once, and gives none up
			case class.forMonitors() && (g.Source.Kind == Mic || !signs):
				want = YieldMonitor
			case g.Source.Kind == Mic || class == ClassRecorder || signs:
			case class == ClassPublic:
				want = YieldPublic
			case class == ClassCourtroom && !kept:
				want = YieldThumbnail
			}
			require.Equal(t, want, g.Yield, "%s of %s to %s", g.Source.Kind, g.Source.Device, g.Audience.Class)
		}
	})
}

// Signs are speech: wherever the picture of who interprets by signs goes, it is not
// paused, and no other picture of a courtroom or a private room is spared for it.
func TestSignsAreNeverPaused(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		if st.after.Check != nil {
			return // papers are not paused either, whoever holds them
		}
		// The same hearing, with each in turn as the interpreter.
		s := *st.after
		for who := 1; who < len(s.Booking.People); who++ {
			s.Booking.People = slices.Clone(st.after.Booking.People)
			s.Booking.People[who].Capacity = court.SignInterpreter
			id := s.Booking.People[who].ID
			for _, g := range Routes(&s).Grants {
				if g.Source.Kind != Cam || g.Audience.Class == ClassRecorder {
					continue
				}
				signs := slices.Contains(s.device(g.Source.Device).People, id) && !s.person(id).Left
				require.Equal(t, signs, !g.MayPause, "device %s to %s", g.Source.Device, g.Audience.Class)
				require.Zero(t, g.MinLayer, "a higher layer would drown the sound")
			}
		}
	})
}

func TestRoutesAreSortedAndWithoutDoubles(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		r := Routes(st.after)
		for i := 1; i < len(r.Grants); i++ {
			a, b := r.Grants[i-1], r.Grants[i]
			c := compareSources(a.Source, b.Source)
			require.True(t, c < 0 || c == 0 && a.Audience.Class < b.Audience.Class)
		}
		for i := 1; i < len(r.Members); i++ {
			a, b := r.Members[i-1], r.Members[i]
			require.True(t, a.Class < b.Class || a.Class == b.Class && a.Device < b.Device)
		}
		list := Sources(st.after)
		for i := 1; i < len(list); i++ {
			require.Negative(t, compareSources(list[i-1], list[i]))
		}
		for range 3 {
			require.Equal(t, r, Routes(st.after))
		}
	})
}

// A client that goes and comes back finds its rights as they were.
func TestConnectionsDoNotMoveRoutes(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		switch st.command.(type) {
		case DeviceConnected, DeviceLost, NodeTook, RecorderReport, ReportRecordingLeft, AnchorEvidence, Tick:
			if len(st.events) > 0 && st.events[0].Body.Kind() == (HoldBegun{}).Kind() {
				require.Empty(t, Routes(st.after)) // the clock may end media, and nothing else
				return
			}
			if len(st.events) > 0 && st.events[0].Body.Kind() == (IdentityCheckEnded{}).Kind() {
				require.Equal(t, withoutCheck(Routes(st.before)), Routes(st.after))
				return
			}
			require.Equal(t, Routes(st.before), Routes(st.after))
		}
	})
}
