package hearing

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"phientoa/internal/court"
)

// State is a hearing after Seq events. It is a value of its log: whoever holds
// one reads it and never changes it; Apply makes the next one. The zero State
// means nothing; before Book a hearing's state is nil.
type State struct {
	Seq       uint64  `json:"seq"`
	Booking   Booking `json:"booking"`
	Status    Status  `json:"status"`
	StatusSeq uint64  `json:"status_seq"` // of the last event that everybody may notice
	Since     int64   `json:"since"`      // of Status, UTC unix microseconds
	OpenedAt  int64   `json:"opened_at"`  // 0: not yet
	Late      bool    `json:"late"`
	// OverrideReason is why the hearing was opened without a running recorder.
	OverrideReason string `json:"override_reason"`
	RecessReason   string `json:"recess_reason"`

	People  []PersonState `json:"people"`  // as Booking.People
	Devices []DeviceState `json:"devices"` // as Booking.Devices

	Floor      PersonID   `json:"floor"` // besides the presiding judge; may be empty
	FloorSince int64      `json:"floor_since"`
	Hands      []PersonID `json:"hands"` // in order of raising, nil when none

	Recorder RecorderState      `json:"recorder"`
	Left     RecordingLeftState `json:"recording_left"`
	Anchor   AnchorState        `json:"anchor"`
	Node     string             `json:"node"`
	Epoch    uint64             `json:"epoch"`

	Visibility   Visibility `json:"visibility"`
	Deliberating bool       `json:"deliberating"`
	// Monitoring is the court's decision on who follows from outside, nil: none was made.
	// MonitoringInside is the one for closed doors, made since they were closed.
	Monitoring       *MonitoringState `json:"monitoring,omitempty"`
	MonitoringInside *MonitoringState `json:"monitoring_inside,omitempty"`
	// Phase is empty before the opening and in hearings without a procedure. Phases
	// are those entered so far, in order, with what was skipped on the way.
	Phase    court.Phase    `json:"phase"`
	Phases   []PhaseState   `json:"phases"`
	Standing string         `json:"standing"` // "", "all" or a person id
	Opinion  *OpinionState  `json:"opinion"`
	Facility *FacilityState `json:"facility"`
	Hold     *HoldState     `json:"hold"`
	Decision *DecisionState `json:"decision"`
	Points   []PointState   `json:"points"`   // as Booking.Points
	Consults []ConsultState `json:"consults"` // requested or open; ended ones are only in the log
	// Check is the comparison of papers that is on; nil: none.
	Check *IdentityCheckState `json:"identity_check,omitempty"`
	// Exhibits were offered, whatever became of them; Showing is the page before everybody
	// in the courtroom, nil: none.
	Exhibits []ExhibitState `json:"exhibits,omitempty"`
	Showing  *ShowingState  `json:"showing,omitempty"`
	// Part counts from 1; a reopened hearing is in its next part.
	Part int `json:"part"`
	// BookedAt is when the hearing was booked: the days of notice run from it.
	BookedAt int64 `json:"booked_at"`

	seats *seating
}

// PhaseState is a phase that was entered or skipped.
type PhaseState struct {
	Phase      court.Phase `json:"phase"`
	At         int64       `json:"at"`
	SkipReason string      `json:"skip_reason"` // set: skipped, not entered
}

// OpinionState is the procuracy's opinion on trying online.
type OpinionState struct {
	Agrees bool   `json:"agrees"`
	On     int64  `json:"on"`
	Note   string `json:"note"`
}

// FacilityState is the check of facilities.
type FacilityState struct {
	OK   bool   `json:"ok"`
	Note string `json:"note"`
}

// HoldState is a technical hold: proposed until Deadline, or begun (Deadline 0).
// Refused is the time until which nothing is proposed again for the same people.
type HoldState struct {
	Proposed bool       `json:"proposed"`
	Since    int64      `json:"since"`
	Deadline int64      `json:"deadline"`
	Cause    string     `json:"cause"` // "lost" or "asked"
	People   []PersonID `json:"people"`
	Reason   string     `json:"reason"`
}

// DecisionState is a suspension, adjournment or cancellation.
type DecisionState struct {
	Reason   string `json:"reason"`
	ReopenAt int64  `json:"reopen_at"`
	Form     Form   `json:"form"`
	// Missed: it was noted at which points nobody announced the adjournment in time.
	Missed bool `json:"missed"`
	// MovedTo is the hearing that is booked in the place of a cancelled one.
	MovedTo ID `json:"moved_to,omitempty"`
}

// PointState is what is known of a point.
type PointState struct {
	ID        string     `json:"id"`
	Announced bool       `json:"announced"`
	Test      []TestItem `json:"test"`
	TestedAt  int64      `json:"tested_at"`
}

// ConsultState is a private talk, asked for or open (Since > 0).
type ConsultState struct {
	ID    string     `json:"id"`
	By    PersonID   `json:"by"`
	With  []PersonID `json:"with"` // without By
	Since int64      `json:"since"`
	Until int64      `json:"until"`
}

// PersonState is where a person stands.
type PersonState struct {
	ID     PersonID     `json:"id"`
	Status PersonStatus `json:"status"`
	// LockedBy is who closed the person's microphone; empty: not locked.
	LockedBy PersonID `json:"locked_by"`
	// Seq is of the last event that concerned the person's status or connection.
	Seq uint64 `json:"seq"`

	// CheckSeq is of the last event that began or ended an identity check of which the
	// person was told.
	CheckSeq uint64 `json:"check_seq,omitempty"`

	// Isolated: taken out of the courtroom for a time; Left: an officer confirmed
	// that they are not in front of their device any more.
	Isolated  bool `json:"isolated"`
	Left      bool `json:"left"`
	Unbriefed bool `json:"unbriefed"`
	// Present is "", "present" or "absent"; Identity the method of the comparison.
	Present   string `json:"present"`
	AbsentWhy string `json:"absent_why"`
	Identity  string `json:"identity"`
	// Mismatch is why the papers did not match at the last comparison.
	Mismatch string `json:"mismatch,omitempty"`
	Away     bool   `json:"away"`
	Warnings int    `json:"warnings"`
	// LostSince is when the last device of somebody in the courtroom went, in UTC
	// unix microseconds; 0: not lost. BackSince: when one came back, until it settled.
	LostSince int64 `json:"lost_since"`
	BackSince int64 `json:"back_since"`
	// GoneOn: the presiding judge goes on without waiting for this loss.
	GoneOn bool `json:"gone_on"`
	// Recheck is what ConfirmReturn is waited for after a hold.
	RecheckIdentity bool       `json:"recheck_identity"`
	RecheckMedia    bool       `json:"recheck_media"`
	Test            []TestItem `json:"test"`
	TestedAt        int64      `json:"tested_at"`
}

// DeviceState is what is known of a device's signaling session.
type DeviceState struct {
	ID        DeviceID `json:"id"`
	Connected bool     `json:"connected"`
}

// RecorderState is the recorder's last report.
type RecorderState struct {
	On      bool   `json:"on"`
	Trouble string `json:"trouble"`
}

// AnchorState is the last checkpoint of the evidence log under this epoch.
type AnchorState struct {
	Size uint64 `json:"size"`
	Root string `json:"root"`
}

// Hash is equal for equal states, whatever way they came about.
func (s *State) Hash() ([sha256.Size]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("hearing: hash of state: %w", err)
	}
	return sha256.Sum256(text), nil
}

// Equal tells whether both are the same state.
func (s *State) Equal(o *State) bool {
	if s == nil || o == nil {
		return s == o
	}
	a, errA := json.Marshal(s)
	b, errB := json.Marshal(o)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// seating finds people and devices. It follows from the booking alone, never
// changes, and is shared by all states of a hearing.
type seating struct {
	presiding PersonID
	people    map[PersonID]int
	devices   map[DeviceID]int
	of        map[PersonID][]int // devices of a person, in the booking's order
	points    map[string]int
	required  bool // somebody is booked as Required
}

func newSeating(b Booking) *seating {
	t := &seating{
		people:  make(map[PersonID]int, len(b.People)),
		devices: make(map[DeviceID]int, len(b.Devices)),
		of:      make(map[PersonID][]int, len(b.People)),
		points:  make(map[string]int, len(b.Points)),
	}
	for i, p := range b.Points {
		t.points[p.ID] = i
	}
	for i, p := range b.People {
		t.people[p.ID] = i
		t.required = t.required || p.Required
		if p.Capacity == court.PresidingJudge {
			t.presiding = p.ID
		}
	}
	for i, d := range b.Devices {
		t.devices[d.ID] = i
		for _, p := range d.People {
			t.of[p] = append(t.of[p], i)
		}
	}
	return t
}

// clone copies everything that an event may change.
func (s *State) clone() *State {
	n := *s
	n.People = slices.Clone(s.People)
	n.Devices = slices.Clone(s.Devices)
	n.Hands = slices.Clone(s.Hands)
	n.Phases = slices.Clone(s.Phases)
	n.Points = slices.Clone(s.Points)
	n.Consults = slices.Clone(s.Consults)
	if s.Hold != nil {
		h := *s.Hold
		h.People = slices.Clone(h.People)
		n.Hold = &h
	}
	return &n
}

// person and its kin return nil for somebody who is not of this hearing.
func (s *State) person(id PersonID) *PersonState {
	i, ok := s.seats.people[id]
	if !ok {
		return nil
	}
	return &s.People[i]
}

func (s *State) booked(id PersonID) *Person {
	i, ok := s.seats.people[id]
	if !ok {
		return nil
	}
	return &s.Booking.People[i]
}

func (s *State) device(id DeviceID) *Device {
	i, ok := s.seats.devices[id]
	if !ok {
		return nil
	}
	return &s.Booking.Devices[i]
}

func (s *State) deviceState(id DeviceID) *DeviceState {
	i, ok := s.seats.devices[id]
	if !ok {
		return nil
	}
	return &s.Devices[i]
}

// point and pointState return nil for a point that is not of this hearing.
func (s *State) point(id string) *Point {
	i, ok := s.seats.points[id]
	if !ok {
		return nil
	}
	return &s.Booking.Points[i]
}

func (s *State) pointState(id string) *PointState {
	i, ok := s.seats.points[id]
	if !ok {
		return nil
	}
	return &s.Points[i]
}

// ordered tells whether the hearing has an order of business, points and
// conditions: everything that Booking.Procedure brings.
func (s *State) ordered() bool { return s.Booking.Procedure != "" }

func (s *State) presiding() PersonID { return s.seats.presiding }

// sitsAt tells whether the person is recorded in front of the device.
func (s *State) sitsAt(p PersonID, id DeviceID) bool {
	d := s.device(id)
	return d != nil && slices.Contains(d.People, p)
}

// connected tells whether any device of the person has a signaling session.
func (s *State) connected(p PersonID) bool {
	for _, i := range s.seats.of[p] {
		if s.Devices[i].Connected {
			return true
		}
	}
	return false
}

// anyLocked tells whether the microphone of somebody in front of the device is locked.
func (s *State) anyLocked(d *Device) bool {
	for _, p := range s.inFront(d) {
		if s.person(p).LockedBy != "" {
			return true
		}
	}
	return false
}

// microphone is the one device whose microphone serves the person; nil: none.
// A booking gives nobody two (validateBooking).
func (s *State) microphone(p PersonID) *Device {
	for _, i := range s.seats.of[p] {
		if d := &s.Booking.Devices[i]; d.Kind.sends() {
			return d
		}
	}
	return nil
}

// microphoneOpen tells whether what the device's microphone hears goes anywhere:
// in session, everybody in front of it in the courtroom, nobody locked, and one
// of them has the word.
func (s *State) microphoneOpen(d *Device) bool {
	if s.Status != InSession || !d.Kind.sends() || !s.admitted(d) || s.anyLocked(d) {
		return false
	}
	return slices.Contains(d.People, s.presiding()) || (s.Floor != "" && slices.Contains(d.People, s.Floor))
}

// sharesWithPresiding tells whether the person sits before a device that sends
// and that also carries the presiding judge.
func (s *State) sharesWithPresiding(p PersonID) bool {
	d := s.microphone(p)
	return d != nil && slices.Contains(d.People, s.presiding())
}

// darkens says why the person cannot be taken to another room: a device shows only
// what everybody in front of it may see, and who makes up the trial would be cut off
// with them. nil: nobody would be.
func (s *State) darkens(id PersonID) *Refusal {
	if s.sharesWithPresiding(id) {
		return refuseSharesPresiding()
	}
	for _, i := range s.seats.of[id] {
		if slices.ContainsFunc(s.inFront(&s.Booking.Devices[i]), func(p PersonID) bool { return s.booked(p).Capacity.OfTrial() }) {
			return refuseSharesTrial()
		}
	}
	return nil
}

func (s *State) hasHand(p PersonID) bool { return slices.Contains(s.Hands, p) }

func (s *State) lowerHand(p PersonID) {
	s.Hands = slices.DeleteFunc(s.Hands, func(x PersonID) bool { return x == p })
	if len(s.Hands) == 0 {
		s.Hands = nil // one form of empty, so that equal states look equal
	}
}

// sends tells whether devices of this kind have a camera and a microphone.
func (k DeviceKind) sends() bool { return k == RoomClient || k == DeskClient }
