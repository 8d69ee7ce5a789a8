package hearing

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestGrantsFlowInSessionAmongTheAdmittedOnly(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		r := Routes(s)
		if s.Status != InSession {
			require.Empty(t, r.Grants)
			require.Empty(t, r.Members)
			return
		}
		inside := func(id DeviceID) bool {
			return !slices.ContainsFunc(s.device(id).People, func(p PersonID) bool { return s.person(p).Status != InCourtroom })
		}
		for _, g := range r.Grants {
			require.True(t, inside(g.Source.Device))
			require.Contains(t, []DeviceKind{RoomClient, DeskClient}, s.device(g.Source.Device).Kind)
			require.Contains(t, Sources(s), g.Source)
			require.NotEqual(t, g.Source.Device, g.Audience.Device)
			require.LessOrEqual(t, g.MinLayer, g.MaxLayer)
		}
		for _, m := range r.Members {
			require.True(t, inside(m.Device))
			require.Equal(t, ClassCourtroom, m.Class)
		}
	})
}

// Exactly the devices of the presiding judge and of the floor's holder are
// heard, and none with a locked person in front of it.
func TestAMicrophoneIsOpenExactlyByTheRules(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, d := range s.Booking.Devices {
			word, barred := false, s.Status != InSession || (d.Kind != RoomClient && d.Kind != DeskClient)
			for _, id := range d.People {
				p := s.person(id)
				word = word || id == "p0" || id == s.Floor
				barred = barred || p.Status != InCourtroom || p.LockedBy != ""
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
		var courtroom, recorder []Source
		for _, g := range Routes(st.after).Grants {
			switch g.Audience {
			case Audience{Class: ClassCourtroom}:
				courtroom = append(courtroom, g.Source)
			case Audience{Class: ClassRecorder}:
				recorder = append(recorder, g.Source)
			default:
				t.Fatalf("unexpected audience %+v", g.Audience)
			}
		}
		require.Equal(t, courtroom, recorder)
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
			require.Less(t, r.Members[i-1].Device, r.Members[i].Device)
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
		case DeviceConnected, DeviceLost, NodeTook, RecorderReport, AnchorEvidence, Tick:
			if len(st.events) > 0 && st.events[0].Body.Kind() == (HoldBegun{}).Kind() {
				require.Empty(t, Routes(st.after)) // the clock may end media, and nothing else
				return
			}
			require.Equal(t, Routes(st.before), Routes(st.after))
		}
	})
}
