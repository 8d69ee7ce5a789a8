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

	Recorder RecorderState `json:"recorder"`
	Anchor   AnchorState   `json:"anchor"`
	Node     string        `json:"node"`
	Epoch    uint64        `json:"epoch"`

	seats *seating
}

// PersonState is where a person stands.
type PersonState struct {
	ID     PersonID     `json:"id"`
	Status PersonStatus `json:"status"`
	// LockedBy is who closed the person's microphone; empty: not locked.
	LockedBy PersonID `json:"locked_by"`
	// Seq is of the last event that concerned the person's status or connection.
	Seq uint64 `json:"seq"`
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
}

func newSeating(b Booking) *seating {
	t := &seating{
		people:  make(map[PersonID]int, len(b.People)),
		devices: make(map[DeviceID]int, len(b.Devices)),
		of:      make(map[PersonID][]int, len(b.People)),
	}
	for i, p := range b.People {
		t.people[p.ID] = i
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

// admitted tells whether everybody in front of the device is in the courtroom.
func (s *State) admitted(d *Device) bool {
	for _, p := range d.People {
		if s.person(p).Status != InCourtroom {
			return false
		}
	}
	return len(d.People) > 0
}

// anyLocked tells whether the microphone of somebody in front of the device is locked.
func (s *State) anyLocked(d *Device) bool {
	for _, p := range d.People {
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

func (s *State) hasHand(p PersonID) bool { return slices.Contains(s.Hands, p) }

func (s *State) lowerHand(p PersonID) {
	s.Hands = slices.DeleteFunc(s.Hands, func(x PersonID) bool { return x == p })
	if len(s.Hands) == 0 {
		s.Hands = nil // one form of empty, so that equal states look equal
	}
}

// sends tells whether devices of this kind have a camera and a microphone.
func (k DeviceKind) sends() bool { return k == RoomClient || k == DeskClient }
