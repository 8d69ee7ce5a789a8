package hearing

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// readers are all seats of a hearing.
func readers(s *State) []Reader {
	var list []Reader
	for _, d := range s.Booking.Devices {
		for _, p := range d.People {
			list = append(list, Reader{Person: p, Device: d.ID})
		}
	}
	return list
}

// concerns tells whether an outsider may notice the event: it is about the
// hearing's status or about somebody before the same device.
func concerns(e Event, s *State, r Reader) bool {
	for _, p := range theirs(s, r) {
		switch b := e.Body.(type) {
		case Opened, Recessed, WentOn, HearingClosed, BecameLate, DeliberationBegan, DeliberationEnded:
			return true
		case WitnessCalled:
			if b.Person == p {
				return true
			}
		case WitnessDismissed:
			if b.Person == p {
				return true
			}
		case PersonIsolated:
			if b.Person == p {
				return true
			}
		case LeftDevice:
			if b.Person == p {
				return true
			}
		case IsolationEnded:
			if b.Person == p {
				return true
			}
		case PersonBriefed:
			if b.Person == p {
				return true
			}
		case CheckedIn:
			if b.Person == p {
				return true
			}
		case Admitted:
			if b.Person == p {
				return true
			}
		case PersonRemoved:
			if b.Person == p {
				return true
			}
		case DeviceJoined:
			if s.sitsAt(p, b.Device) {
				return true
			}
		case DeviceLeft:
			if s.sitsAt(p, b.Device) {
				return true
			}
		case NodeTaken:
			if s.connected(p) {
				return true
			}
		}
		if concernsInCourse(e, s, p) {
			return true
		}
	}
	return false
}

// concernsInCourse is concerns for what a procedure brings: a notice about p, or
// about somebody at the point whose officer p is.
func concernsInCourse(e Event, s *State, p PersonID) bool {
	about := func(q PersonID) bool {
		return p == q || s.booked(p).Capacity.Officers() && s.booked(p).Point == s.booked(q).Point
	}
	at := func(point string) bool { return s.booked(p).Capacity.Officers() && s.booked(p).Point == point }
	switch b := e.Body.(type) {
	case VisibilitySet:
		return true
	case IdentityNoted:
		return about(b.Person)
	case IdentityMismatched:
		return about(b.Person)
	case PresenceReported:
		return about(b.Person)
	case TestReported:
		return p == b.Person || at(b.Point)
	case PersonWarned:
		return p == b.Person
	case PersonAway:
		return about(b.Person)
	case PersonBack:
		return about(b.Person)
	case ReturnConfirmed:
		return about(b.Person)
	case LinksSettled:
		return slices.Contains(b.People, p)
	case DecisionAnnounced:
		return at(b.Point)
	case AnnouncementsMissed:
		return slices.ContainsFunc(b.Points, at)
	}
	return false
}

// checkTold tells whether a check of papers began or ended of which somebody before
// the reader's device was told.
func checkTold(st step, r Reader) bool {
	if reflect.DeepEqual(st.before.Check, st.after.Check) {
		return false
	}
	told := append(checkPeople(st.before), checkPeople(st.after)...)
	return slices.ContainsFunc(st.after.device(r.Device).People, func(p PersonID) bool { return slices.Contains(told, p) })
}

// theirs are the people of whom an outsider may know: before the same device and,
// for officers, of their point.
func theirs(s *State, r Reader) []PersonID {
	list := slices.Clone(s.device(r.Device).People)
	if point := s.officerAt(r.Person, s.device(r.Device)); point != "" {
		for _, p := range s.Booking.People {
			if p.Point == point {
				list = append(list, p.ID)
			}
		}
	}
	return list
}

// Non-interference: whatever happens beyond an outsider's door, their view stays
// the same to the last field, sequence included.
func TestNothingHiddenMovesAnOutsidersView(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.before) {
			if standingOf(st.before, r) != outsider || standingOf(st.after, r) != outsider {
				continue
			}
			if slices.ContainsFunc(st.events, func(e Event) bool { return concerns(e, st.before, r) }) ||
				st.before.Status != st.after.Status || checkTold(st, r) {
				continue
			}
			require.Equal(t, ViewFor(st.before, r), ViewFor(st.after, r), "%T", st.command)
		}
	})
}

// Two stories that differ only in what is hidden look the same from outside.
func TestOutsidersCannotTellStoriesApart(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			if standingOf(st.after, r) != outsider {
				continue
			}
			require.Equal(t, ViewFor(st.after, r), ViewFor(scrambled(t, st.after, r), r))
		}
	})
}

// scrambled changes everything of s that the outsider r must not learn.
func scrambled(t *rapid.T, s *State, r Reader) *State {
	n := s.clone()
	n.Booking = cloneBooking(n.Booking)
	n.Booking.Title, n.Booking.Reference = "khác", "khác"
	n.Floor, n.FloorSince, n.RecessReason, n.OverrideReason = "p0", 7, "khác", "khác"
	n.Hands = []PersonID{"p0"}
	n.Recorder, n.Anchor = RecorderState{On: !n.Recorder.On, Trouble: "khác"}, AnchorState{Size: 99}
	n.Seq += 100
	if n.Decision != nil {
		d := *n.Decision
		d.Reason = "khác"
		n.Decision = &d
	}
	n.Phase, n.Phases, n.Standing = court.Debate, []PhaseState{{Phase: court.Debate}}, "p0"
	if n.Hold == nil || n.Hold.Proposed {
		n.Hold = &HoldState{Proposed: true, Cause: "lost", People: []PersonID{"p0"}, Since: 7, Deadline: 9}
	}
	if !slices.Contains(checkPeople(s), r.Person) {
		n.Check = &IdentityCheckState{By: "p0", ByDevice: "d0", Person: "nobody", Device: "d0", Since: 7, Until: 9}
		if slices.Contains(s.device("d0").People, r.Person) {
			n.Check = nil
		}
	}
	n.Consults = []ConsultState{{ID: "c9", By: "p0", With: []PersonID{r.Person}, Since: 7, Until: 9}}
	known := theirs(s, r)
	for i := range n.People {
		p := &n.People[i]
		if p.ID == r.Person {
			p.LockedBy = "p0"
			continue
		}
		// An officer knows who is at the point, a second officer before the same screen too.
		officer := slices.Contains(known, p.ID) &&
			(!n.sitsAt(p.ID, r.Device) || s.officerAt(r.Person, s.device(r.Device)) != "")
		if !officer {
			n.Booking.People[i].Alias, n.Booking.People[i].Client = "khác", "p0"
		}
		if !slices.Contains(known, p.ID) {
			p.Seq, p.CheckSeq = p.Seq+50, p.CheckSeq+50
			p.Unbriefed, p.Warnings, p.Present, p.LostSince, p.Left = !p.Unbriefed, p.Warnings+1, "khác", 7, !p.Left
			p.Status = rapid.SampledFrom([]PersonStatus{Absent, Arrived, Waiting, InCourtroom, Removed}).Draw(t, "status")
		}
	}
	for i := range n.Devices {
		if !slices.ContainsFunc(known, func(p PersonID) bool { return n.sitsAt(p, n.Devices[i].ID) }) {
			n.Devices[i].Connected = !n.Devices[i].Connected
		}
	}
	return n
}

// seesInside tells whether the reader is in the courtroom, on a screen that only people
// in it see, or of the public while it may follow.
func seesInside(s *State, r Reader) bool {
	d := *s.device(r.Device)
	if onlyWatch(s, d) {
		open := s.Status == InSession || s.Status == InRecess || s.Status == TechnicalHold
		return open && s.visibility() == Public && !anyRemoved(s, d)
	}
	for _, p := range d.People {
		q := s.person(p)
		if q.Left && p != r.Person {
			continue
		}
		if q.Status != InCourtroom || q.Isolated || s.booked(p).Capacity.Watches() {
			return false
		}
	}
	return true
}

func TestAnOutsiderSeesOnlyThemselves(t *testing.T) {
	officers := 0
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, r := range readers(s) {
			v := ViewFor(s, r)
			require.Equal(t, r.Person, v.Me)
			if seesInside(s, r) {
				require.Equal(t, s.Seq, v.Seq)
				continue
			}
			may := []string{"check_in", "report_test"}
			if s.booked(r.Person).Capacity.Officers() { // about people of the point, or before the same screen
				may = append(may, "confirm_left", "report_presence", "confirm_return", "announced", "note_away", "note_back")
			}
			if s.officerAt(r.Person, s.device(r.Device)) == "" {
				require.Len(t, v.People, 1)
				require.Equal(t, r.Person, v.People[0].Person)
				require.Equal(t, s.person(r.Person).Status, v.People[0].Status)
				require.Empty(t, v.Points)
				require.Nil(t, v.Hold)
			} else {
				officers++
				for _, p := range v.People {
					require.Contains(t, theirs(s, r), p.Person)
				}
			}
			require.Subset(t, may, v.Acts)
			require.Equal(t, View{
				Seq: v.Seq, Hearing: "h1", DocketNo: s.Booking.DocketNo, Court: s.Booking.Court, Status: s.Status, Since: s.Since,
				Late: s.Late, Me: r.Person, People: v.People, Acts: v.Acts, Procedure: s.Booking.Procedure, Instance: s.Booking.Instance, Form: s.Booking.Form,
				Visibility: v.Visibility, Points: v.Points, Place: v.Place, Hold: v.Hold, Decision: v.Decision,
				IdentityCheck: v.IdentityCheck,
			}, v, "nothing else")
			require.Contains(t, []Place{Nowhere, WaitingRoom, IsolationRoom, Courtroom}, v.Place)
		}
	})
	require.Positive(t, officers)
}

func TestAStrangerLearnsNothing(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		strangers := []Reader{{}, {Person: "nobody", Device: "d0"}, {Person: "p0"}, {Device: "d0"}}
		for _, p := range s.Booking.People {
			for _, d := range s.Booking.Devices {
				if !slices.Contains(d.People, p.ID) {
					strangers = append(strangers, Reader{Person: p.ID, Device: d.ID})
				}
			}
		}
		for _, r := range strangers {
			require.Equal(t, View{}, ViewFor(s, r))
		}
	})
}

func TestRecorderTroubleIsForTheHoldersOfTheRoom(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			if v := ViewFor(st.after, r); v.Trouble != "" {
				require.True(t, st.after.booked(r.Person).Capacity.HoldsRoom())
			}
		}
	})
}

func TestWhoWaitsIsForTheCourt(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			for _, p := range ViewFor(st.after, r).People {
				if p.Status != InCourtroom && p.Person != r.Person && !slices.Contains(theirs(st.after, r), p.Person) {
					require.True(t, st.after.booked(r.Person).Capacity.OfCourt())
				}
			}
		}
	})
}

func TestTheSequenceOfAViewNeverFalls(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			require.GreaterOrEqual(t, ViewFor(st.after, r).Seq, ViewFor(st.before, r).Seq)
		}
	})
}

// A view that changed has a later sequence: a client may drop what is not newer.
func TestAChangedViewHasALaterSequence(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			before, after := ViewFor(st.before, r), ViewFor(st.after, r)
			if after.Seq == before.Seq {
				require.Equal(t, before, after, "%T", st.command)
			}
		}
	})
}

func TestMicrophoneOpenIsWhatRoutesSay(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		granted := map[DeviceID][]Class{}
		for _, g := range Routes(s).Grants {
			if g.Source.Kind == Mic {
				granted[g.Source.Device] = append(granted[g.Source.Device], g.Audience.Class)
			}
		}
		for _, p := range ViewFor(s, Reader{System: true}).People {
			require.Equal(t, slices.Contains(granted[p.Device], ClassCourtroom), p.MicrophoneOpen)
		}
		// In a private room its people see each other's microphones open, and nobody else.
		for _, r := range readers(s) {
			if s.Status == InSession || !seesInside(s, r) {
				continue
			}
			for _, p := range ViewFor(s, r).People {
				together := !slices.ContainsFunc(s.inFront(s.device(r.Device)), func(q PersonID) bool {
					return whereabouts(s, q) != whereabouts(s, p.Person)
				})
				room := slices.ContainsFunc(granted[p.Device], func(c Class) bool { return !ofCheck(c) })
				// And in a check of papers its people do, wherever they are.
				check := slices.ContainsFunc(granted[p.Device], ofCheck) && toldOfCheck(s, r)
				require.Equal(t, together && room || check, p.MicrophoneOpen)
			}
		}
	})
}

// Names are for people who may know them: of minors not for the public, of the
// protected for the court alone.
func TestNamesAreForThoseWhoMayKnow(t *testing.T) {
	public := 0
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, r := range readers(s) {
			v := ViewFor(s, r)
			if !onlyWatch(s, *s.device(r.Device)) || !seesInside(s, r) {
				continue
			}
			public++
			require.Empty(t, v.Hands)
			require.Nil(t, v.Hold)
			require.Empty(t, v.Consults)
			require.Empty(t, v.Acts)
			for _, p := range v.People {
				if p.Person == r.Person {
					continue
				}
				require.Equal(t, InCourtroom, p.Status)
				require.Equal(t, !s.booked(p.Person).Minor, p.MayName)
				require.Empty(t, p.Place)
				require.Empty(t, p.Client)
			}
		}
	})
	require.Positive(t, public)
}

func TestPrivateTalksAreKnownToTheirOwn(t *testing.T) {
	talks := 0
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			for _, c := range ViewFor(st.after, r).Consults {
				talks++
				if c.By != r.Person && !slices.Contains(c.With, r.Person) {
					require.True(t, st.after.booked(r.Person).Capacity.HoldsRoom())
				}
			}
		}
	})
	require.Positive(t, talks)
}

// Acts lists a command exactly when the rules accept it about nobody in particular,
// or about somebody, or a private talk, of whom the reader knows.
func TestActsAgreeWithDecide(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, r := range readers(s) {
			a := Actor{Person: r.Person, Device: r.Device}
			lawful := map[string]bool{}
			ask := func(c Command) {
				_, refusal := Decide(s, c, a, time.UnixMicro(s.Since))
				lawful[c.command()] = lawful[c.command()] || refusal == nil
			}
			for _, c := range []Command{
				CheckIn{true},
				CheckIn{},
				Open{},
				Open{"lý do"},
				RaiseHand{},
				LowerHand{},
				Recess{},
				Recess{"lý do"},
				Resume{},
				Close{},
				Deliberate{},
				EndDeliberation{court.Pronouncement},
				EndDeliberation{court.Debate},
				EndDeliberation{},
				EndIdentityCheck{},
				sampleOffer(),
				StopExhibit{},
				SetMonitoring{To: MonitorsAll, Reason: "?"},
				SetMonitoring{To: MonitorsNone},
				SetMonitoring{To: MonitorsNamed, Units: []court.UnitID{"u"}, Reason: "?"},
			} {
				ask(c)
			}
			for _, x := range s.Exhibits { // also those that the reader does not know of
				ask(AdmitExhibit{x.No})
				ask(RefuseExhibit{x.No, "?"})
				ask(WithdrawExhibit{x.No})
				for page := range x.Pages + 1 {
					ask(ShowExhibit{x.No, page})
				}
			}
			for _, c := range ViewFor(s, r).Consults {
				ask(AllowConsult{c.ID, 0})
				ask(AllowConsult{c.ID, 7})
				ask(EndConsult{c.ID})
			}
			people := append([]PersonID{"", "nobody"}, s.device(r.Device).People...)
			for _, p := range ViewFor(s, r).People {
				people = append(people, p.Person)
			}
			for _, p := range people {
				for _, c := range []Command{
					Admit{p},
					LowerHand{p},
					GiveFloor{p},
					StopFloor{p},
					MuteLock{p},
					Unlock{p},
					Remove{p, "?"},
					CallWitness{p},
					DismissWitness{p},
					Isolate{p, ""},
					ConfirmLeft{p},
					EndIsolation{p},
					NoteBriefed{p},
					RequestConsult{[]PersonID{p}},
					BeginIdentityCheck{p},
				} {
					ask(c)
				}
			}
			v := ViewFor(s, r)
			for name, ok := range lawful {
				require.Equal(t, ok, slices.Contains(v.Acts, name), "%s for %+v", name, r)
			}
			require.Subset(t, append(namesOf(lawful), courseActs()...), v.Acts)
		}
	})
}

func namesOf(m map[string]bool) []string {
	list := make([]string, 0, len(m))
	for n := range m {
		list = append(list, n)
	}
	return list
}

// courseActs are the acts of the hearing's course that this law does not ask about.
func courseActs() []string {
	return []string{
		"record_opinion", "record_facilities", "mark_ready", "note_identity", "note_mismatch", "report_presence", "report_test",
		"next_phase", "stand", "sit", "set_visibility", "hold_technical", "keep_going", "confirm_return", "suspend", "adjourn",
		"announced", "reopen", "cancel", "warn", "note_away", "note_back",
	}
}
