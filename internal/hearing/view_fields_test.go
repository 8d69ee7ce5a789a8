package hearing

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// fieldsOf are the names of a struct's fields that say anything.
func fieldsOf(v any) []string {
	var names []string
	for i, r := 0, reflect.ValueOf(v); i < r.NumField(); i++ {
		if !r.Field(i).IsZero() {
			names = append(names, r.Type().Field(i).Name)
		}
	}
	return names
}

// What may stand in a View, by field and by how much its reader may know. A new field
// is hidden from everybody of these until it is listed here.
var (
	// What the court's list of hearings says, and where the reader is.
	publicFields = []string{
		"Seq", "Hearing", "DocketNo", "Court", "Status", "Since", "Late", "Procedure", "Instance", "Form", "Visibility",
		"Decision", "Me", "People", "Acts", "Place", "IdentityCheck",
	}
	// What everybody in the room sees and hears.
	galleryFields = append([]string{
		"Title", "OpenedAt", "Recording", "RecordingHeld", "Floor", "FloorSince", "Phase", "Phases", "Standing", "Points",
		"Exhibits", "Showing", "Monitoring",
	}, publicFields...)
	officerFields = append([]string{"Points", "Hold"}, publicFields...)

	decisionFields = []string{"ReopenAt", "Form"}
	selfFields     = []string{
		"Person", "MayName", "Alias", "Capacity", "Point", "PointID", "Status", "Connected", "Device", "Place", "Test",
		"TestedAt", "Private",
	}
	ofPointFields = append([]string{
		"Required", "Minor", "Client", "Present", "AbsentWhy", "Identity", "Mismatch", "Away", "Warnings", "LostSince",
	}, selfFields...)
	seenFields        = []string{"Person", "MayName", "Alias", "Capacity", "Point", "PointID", "Status", "Device", "MicrophoneOpen"}
	officerPoint      = []string{"Point", "Light", "LostSince", "Announced", "Test", "TestedAt"}
	officerHoldFields = []string{"Since", "Confirm"}
)

// For every history, what somebody outside of the courtroom or of the public reads
// is made of public things and of what is their own, field by field.
func TestOutsidersReadPublicThingsByField(t *testing.T) {
	n := seen{}
	check := func(t require.TestingT, s *State, r Reader) {
		v, rank := ViewFor(s, r), standingOf(s, r)
		officer := s.officerAt(r.Person, s.device(r.Device)) != ""
		if v.Decision != nil {
			require.Subset(t, decisionFields, fieldsOf(*v.Decision))
			n["decision"]++
		}
		switch {
		case rank == watcher:
			n["watcher"]++
			require.LessOrEqual(t, len(v.Exhibits), 1) // what is shown
			require.Subset(t, galleryFields, fieldsOf(v))
			require.Subset(t, []string{"To"}, fieldsOf(v.Monitoring))
			for _, p := range v.Points {
				require.Subset(t, []string{"Point"}, fieldsOf(p))
			}
			for _, p := range v.Phases {
				require.Empty(t, p.SkipReason)
			}
			for _, p := range v.People {
				if p.Person != r.Person {
					require.Subset(t, seenFields, fieldsOf(p))
				}
			}
		case officer:
			n["officer"]++
			require.Subset(t, officerFields, fieldsOf(v))
			for _, p := range v.People {
				require.Subset(t, ofPointFields, fieldsOf(p))
			}
			for _, p := range v.Points {
				require.Equal(t, s.booked(r.Person).Point, p.ID)
				require.Subset(t, officerPoint, fieldsOf(p))
			}
			if v.Hold != nil {
				n["hold"]++
				require.Subset(t, officerHoldFields, fieldsOf(*v.Hold))
			}
		default:
			n["outsider"]++
			require.Subset(t, publicFields, fieldsOf(v))
			require.Len(t, v.People, 1)
			require.Subset(t, selfFields, fieldsOf(v.People[0]))
		}
	}
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			if rank := standingOf(st.after, r); rank == outsider || rank == watcher {
				check(t, st.after, r)
			}
		}
	})
	r := newTrial(t) // rare in a random story: an officer outside reads of a hold
	r.trial()
	r.ok(DeviceLost{"d-bc"}, system)
	r.ok(HoldTechnical{"tiếng của bị cáo"}, clerk)
	check(t, r.s, Reader{Person: cb.Person, Device: cb.Device})
	s := crowded(crowdBooking(2, 1)) // and that the public follows a hearing in which something was skipped
	s.Phase, s.Phases = court.Debate, []PhaseState{{Phase: court.Questioning, SkipReason: "bí mật"}}
	require.Equal(t, watcher, standingOf(s, Reader{Person: "v0", Device: "d-v0"}))
	check(t, s, Reader{Person: "v0", Device: "d-v0"})
	require.Contains(t, ViewFor(s, Reader{Person: "p0", Device: "d-p0"}).Phases, PhaseView{Phase: court.Questioning, Mandatory: true, Status: "skipped", SkipReason: "bí mật"})
	n.require(t, "watcher", "officer", "outsider", "decision", "hold")
}

// Why the panel decided is for the court and the procurator, in the courtroom and
// before a screen of their own.
func TestTheReasonOfADecisionIsForCourtAndProcurator(t *testing.T) {
	n := seen{}
	check := func(t require.TestingT, s *State) {
		if s.Decision == nil {
			return
		}
		for _, r := range readers(s) {
			v, ours := ViewFor(s, r), true
			for _, p := range s.device(r.Device).People {
				if q := s.person(p); q.Left && p != r.Person {
					continue
				}
				c := s.booked(p).Capacity
				ours = ours && s.home(p) == Courtroom && (c.OnPanel() || c == court.Clerk || c == court.Procurator)
			}
			if ours {
				n[string(s.booked(r.Person).Capacity)]++
				require.Equal(t, s.Decision.Reason, v.Decision.Reason)
				continue
			}
			n["others"]++
			require.Empty(t, v.Decision.Reason)
			require.Equal(t, s.Decision.ReopenAt, v.Decision.ReopenAt)
			require.Equal(t, s.Decision.Form, v.Decision.Form)
		}
	}
	property(t, func(t *rapid.T, st step) { check(t, st.after) })
	r := newTrial(t) // rare in a random story: a decision with everybody in the courtroom
	r.trial()
	r.ok(Suspend{"mất điện", r.now.Add(24 * time.Hour).UnixMicro()}, judge)
	check(t, r.s)
	n.require(t, "presiding_judge", "clerk", "procurator", "others")
}

// Recorded, held by a technical hold, or neither: what the strip says is true.
func TestWhatTheStripSaysOfTheRecordingIsTrue(t *testing.T) {
	n := seen{}
	check := func(t require.TestingT, s *State) {
		for _, r := range readers(s) {
			v, rank := ViewFor(s, r), standingOf(s, r)
			require.False(t, v.Recording && v.RecordingHeld)
			if rank == outsider {
				require.False(t, v.Recording || v.RecordingHeld)
				continue
			}
			require.Equal(t, s.Recorder.On && s.Status == InSession, v.Recording)
			require.Equal(t, s.Recorder.On && s.Status == TechnicalHold, v.RecordingHeld)
			switch {
			case v.RecordingHeld:
				n["held"]++
			case v.Status == TechnicalHold:
				n["off in a hold"]++
			case v.Recording:
				n["on"]++
			}
		}
	}
	property(t, func(t *rapid.T, st step) { check(t, st.after) })
	r := newTrial(t) // rare in a random story: a hold in which the recorder fails
	r.trial()
	r.ok(HoldTechnical{"tiếng của bị cáo"}, clerk)
	r.ok(RecorderReport{Trouble: "disk-full"}, system)
	check(t, r.s)
	n.require(t, "held", "off in a hold", "on")
}
