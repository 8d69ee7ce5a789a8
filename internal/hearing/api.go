// Package hearing is the law of the room: what state a hearing is in, which
// commands are lawful, what each command changes, who may see and hear whom,
// and what each reader may know. It is pure: no I/O, no clock, no goroutine,
// and it imports nothing of ours but internal/court.
package hearing

import (
	"time"

	"phientoa/internal/court"
)

// Ids are UUIDv7 text; they never stand in a public link.
type (
	// ID names a hearing.
	ID string
	// PersonID names a person within the installation; names of people stand elsewhere.
	PersonID string
	// DeviceID names a device seated in this hearing.
	DeviceID string
)

// Status is where a hearing stands in its life, in the first slice (domain 2.2).
type Status string

// The states of the first slice.
const (
	Scheduled Status = "scheduled"
	InSession Status = "in_session"
	InRecess  Status = "recess"
	Closed    Status = "closed"
)

// PersonStatus is where a person stands between invitation and courtroom.
type PersonStatus string

// A person is absent until a device of theirs connects, arrived until check-in,
// waiting until admitted; removed until admitted again.
const (
	Absent      PersonStatus = "absent"
	Arrived     PersonStatus = "arrived"
	Waiting     PersonStatus = "waiting"
	InCourtroom PersonStatus = "in_courtroom"
	Removed     PersonStatus = "removed"
)

// DeviceKind says what a device may do at all.
type DeviceKind string

// Device kinds (architecture, "Who is who").
const (
	RoomClient DeviceKind = "room_client" // media of a room
	Console    DeviceKind = "console"     // control, no microphone
	DeskClient DeviceKind = "desk_client" // control with camera and microphone
	Viewer     DeviceKind = "viewer"      // receives only
)

// SourceKind is a kind of media source of a device.
type SourceKind string

// Source kinds.
const (
	Mic SourceKind = "mic"
	Cam SourceKind = "cam"
)

// Source is one stream that a device can send.
type Source struct {
	Device DeviceID   `json:"device"`
	Kind   SourceKind `json:"kind"`
}

// Class is a named audience, which keeps Routes linear in the number of devices.
type Class string

// Classes of the first slice.
const (
	ClassCourtroom Class = "courtroom" // every device admitted to the courtroom
	ClassRecorder  Class = "recorder"  // the recorder's tap; never a device
)

// Audience is either one device or one class.
type Audience struct {
	Device DeviceID `json:"device,omitempty"`
	Class  Class    `json:"class,omitempty"`
}

// Grant lets one source reach one audience. Layers run from 0 (lowest); MaxLayer
// 255 means no bound. Priority: higher is shed later (0..255).
type Grant struct {
	Source   Source   `json:"source"`
	Audience Audience `json:"audience"`
	Priority uint8    `json:"priority"`
	MinLayer uint8    `json:"min_layer"`
	MaxLayer uint8    `json:"max_layer"`
	MayPause bool     `json:"may_pause"`
}

// Membership puts a device into a class.
type Membership struct {
	Device DeviceID `json:"device"`
	Class  Class    `json:"class"`
}

// Routing is the whole answer of Routes: grants sorted by (source, audience)
// and memberships sorted by (class, device). A device never receives its own
// source, even through a class.
type Routing struct {
	Grants  []Grant      `json:"grants"`
	Members []Membership `json:"members"`
}

// Actor is who gives a command. It comes from the authenticated session only.
type Actor struct {
	Person PersonID `json:"person,omitempty"`
	Device DeviceID `json:"device,omitempty"`
	// System is the server itself (connection changes, ticks, recorder).
	System bool `json:"system,omitempty"`
}

// Command is an act that somebody asks for. Commands are handed over by value
// and exist only in this package.
type Command interface {
	// command is the act's name: the field name of wire's Command, or of our own
	// making for the system's commands.
	command() string
	// may tells whether the actor may give the command at all, whoever it is about.
	may(s *State, a Actor) *Refusal
	// decide answers the command of an actor who may give it.
	decide(s *State, a Actor, now time.Time) ([]EventBody, *Refusal)
}

// Commands of people.
type (
	CheckIn   struct{ RulesAccepted bool }
	Admit     struct{ Person PersonID }
	Open      struct{ OverrideReason string }
	RaiseHand struct{}
	LowerHand struct{ Person PersonID } // empty: the actor's own hand
	GiveFloor struct{ Person PersonID }
	StopFloor struct{ Person PersonID }
	MuteLock  struct{ Person PersonID }
	Unlock    struct{ Person PersonID }
	Recess    struct{ Reason string }
	Resume    struct{}
	Remove    struct {
		Person PersonID
		Reason string
	}
	Close struct{}
)

// Commands of the system; refused from anybody else.
type (
	// Book creates the hearing's first event. It is the only command on a nil state.
	Book struct{ Booking Booking }
	// DeviceConnected and DeviceLost follow the signaling session of a device.
	DeviceConnected struct{ Device DeviceID }
	DeviceLost      struct{ Device DeviceID }
	// RecorderReport tells whether bytes of this hearing are reaching the disk.
	RecorderReport struct {
		Recording bool
		Trouble   string // code, empty when there is none
	}
	// AnchorEvidence puts a checkpoint of the evidence log into the state log.
	AnchorEvidence struct {
		Size uint64
		Root string // base64 of the Merkle root
	}
	// Tick is posted when NextDeadline has passed.
	Tick struct{}
	// NodeTook is appended by a node that took the hearing over with a new epoch.
	NodeTook struct {
		Node  string
		Epoch uint64
	}
)

// Booking is what stands fixed about a hearing when it is created.
type Booking struct {
	Hearing   ID           `json:"hearing"`
	Unit      court.UnitID `json:"unit"`
	Court     string       `json:"court"`
	DocketNo  string       `json:"docket_no"`
	Title     string       `json:"title"`
	StartsAt  int64        `json:"starts_at"` // UTC unix microseconds
	People    []Person     `json:"people"`
	Devices   []Device     `json:"devices"`
	Demo      bool         `json:"demo,omitempty"`
	Reference string       `json:"reference,omitempty"` // e-file code
	// LateAfter is how long after StartsAt, in microseconds, an unopened hearing
	// is announced as late; 0 takes DefaultLateAfter when it is booked.
	LateAfter int64 `json:"late_after"`
}

// Person as booked. Names are not here: they stand in a table of their own.
type Person struct {
	ID       PersonID       `json:"id"`
	Capacity court.Capacity `json:"capacity"`
	Alias    string         `json:"alias"` // shown where the name may not be
	Point    string         `json:"point"`
}

// Device as booked. People are those recorded as sitting in front of it.
type Device struct {
	ID     DeviceID   `json:"id"`
	Kind   DeviceKind `json:"kind"`
	People []PersonID `json:"people"`
}

// Event is one line of the state log.
type Event struct {
	Seq   uint64 // from 1, without holes
	At    int64  // UTC unix microseconds
	Actor Actor
	Body  EventBody
}

// EventBody is what happened. Kind is its stable name in the log.
type EventBody interface {
	Kind() string
	// Restricts tells whether the event only takes away what somebody may see,
	// hear or do: it then takes effect before it is durable (architecture, Order).
	// Function Restricts tells the same of a command, before it is decided.
	Restricts() bool
}

// Refusal is an answer by the rules: a stable code and a reason in both languages.
type Refusal struct {
	Code string `json:"code"`
	Vi   string `json:"vi"`
	En   string `json:"en"`
}

// Error makes a Refusal usable as an error.
func (r *Refusal) Error() string { return r.Code + ": " + r.En }

// Reader is who looks: a person through a device, or the recorder/system.
type Reader struct {
	Person PersonID
	Device DeviceID
	System bool
}

// View is what one reader may know of the hearing after Seq.
type View struct {
	// Seq is the sequence of the state for people in the courtroom. For all
	// others it is that of the last event which they may notice, so that it does
	// not count what is hidden from them. It never falls for the same reader.
	Seq          uint64
	Hearing      ID
	DocketNo     string
	Title        string
	Court        string
	Status       Status
	Since        int64
	OpenedAt     int64
	Recording    bool
	Trouble      string // recorder trouble code; judge and clerk only
	Me           PersonID
	People       []PersonView
	Floor        PersonID
	FloorSince   int64
	Hands        []PersonID
	Acts         []string // field names of wire's Command that Decide would accept now
	RecessReason string
	// Late: the hearing should have opened and did not (policy Booking.LateAfter).
	Late bool
}

// PersonView is one person as the reader may know them. The name is filled in
// by signaling from the names table, only when MayName is true.
type PersonView struct {
	Person         PersonID
	MayName        bool
	Alias          string
	Capacity       court.Capacity
	Point          string
	Status         PersonStatus
	Connected      bool
	Locked         bool
	Device         DeviceID
	MicrophoneOpen bool
	Hand           bool
}
