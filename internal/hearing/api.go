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

// Status is where a hearing stands in its life (domain 2.2).
type Status string

// The states of a hearing. Preparing begins with the first act of preparation,
// or when a suspended hearing is reopened. A technical hold has no legal effect;
// only the panel suspends or adjourns. Adjourned, cancelled and closed are final:
// an adjourned case gets a new hearing.
const (
	Scheduled     Status = "scheduled"
	Preparing     Status = "preparing"
	ReadyToOpen   Status = "ready"
	InSession     Status = "in_session"
	InRecess      Status = "recess"
	TechnicalHold Status = "technical_hold"
	Suspended     Status = "suspended"
	Adjourned     Status = "adjourned"
	Cancelled     Status = "cancelled"
	Closed        Status = "closed"
)

// Over tells whether nothing can happen in the hearing any more.
func (s Status) Over() bool { return s == Adjourned || s == Cancelled || s == Closed }

// BeforeOpening tells whether the hearing was not opened yet, or not reopened.
func (s Status) BeforeOpening() bool { return s == Scheduled || s == Preparing || s == ReadyToOpen }

// Visibility is whether the public may follow, independent of Status. What a
// View shows as "deliberation" is State.Deliberating beside it.
type Visibility string

// Visibilities (BLTTHS art. 327).
const (
	Public       Visibility = "public"
	ClosedDoors  Visibility = "closed" // xét xử kín
	Deliberating Visibility = "deliberation"
)

// Form is how the hearing is held.
type Form string

// Forms. An in-person hearing has the central point only.
const (
	Online   Form = "online"
	InPerson Form = "in_person"
	Mixed    Form = "mixed"
)

// Place is where a person is while of the hearing: it decides what reaches them.
type Place string

// Places. Somebody absent, arrived or removed is nowhere. People called in
// (witnesses, experts) wait in the isolation room; so does who is isolated.
const (
	Nowhere       Place = ""
	WaitingRoom   Place = "waiting"
	IsolationRoom Place = "isolation_room"
	Courtroom     Place = "courtroom"
	DeliberationR Place = "deliberation_room"
	ConsultRoom   Place = "consult_room"
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

// Classes.
const (
	ClassCourtroom Class = "courtroom" // every device admitted to the courtroom
	ClassRecorder  Class = "recorder"  // the recorder's tap; never a device
	ClassPublic    Class = "public"    // viewers of the public; nobody while the doors are closed
	ClassPanel     Class = "panel"     // the deliberation room
	// ClassMonitors are who follow from outside while the court lets all of them; those of
	// a unit that it named are in ClassMonitors + ":" + the unit's id. Nobody of either is
	// seated in the hearing: signaling puts them in.
	ClassMonitors Class = "monitors"
	// ClassConsult + the consultation's id: one private room.
	ClassConsult Class = "consult:"
	// ClassIdentity + the person's id: the clerk and who shows their papers.
	ClassIdentity Class = "identity:"
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
	Yield    Yield    `json:"yield,omitempty"`
}

// Yield orders pictures by who gives theirs up when the server is overloaded: the
// highest first, YieldNever not at all. Sound is never given up.
type Yield uint8

// Yields, numbered as the sfu's.
const (
	YieldNever     Yield = iota // the bench, who has the floor, who interprets, a witness
	YieldThumbnail              // any other participant's picture
	YieldPublic                 // what the public sees; and hears: of many sounds at once the sfu gives it three
	YieldMonitor                // what those see who watch over several hearings
)

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

// Commands of people that prepare, order and interrupt a hearing; their Go files
// say who may give them and what they cause.
type (
	// RecordOpinion: the clerk notes the procuracy's opinion on trying online. On
	// is the opinion's date, UTC unix microseconds.
	RecordOpinion struct {
		Agrees bool
		On     int64
		Note   string
	}
	// RecordFacilities: the clerk notes that the facilities were checked.
	RecordFacilities struct {
		OK   bool
		Note string
	}
	// MarkReady by clerk or presiding judge: refused with the list of what is missing.
	MarkReady struct{}
	// NoteIdentity: the clerk compared a person's papers. Method is one of
	// IdentityMethods; Challenge is the spoken challenge that was answered.
	NoteIdentity struct {
		Person    PersonID
		Method    string
		Challenge string
	}
	// NoteMismatch: the clerk compared a person's papers, and they do not match.
	// Reason says what does not, and is needed.
	NoteMismatch struct {
		Person PersonID
		Reason string
	}
	// BeginIdentityCheck lets the clerk and a person see and hear each other to compare
	// papers, outside of the session; EndIdentityCheck ends it.
	BeginIdentityCheck struct{ Person PersonID }
	EndIdentityCheck   struct{}
	// ReportPresence: the point's officer (or the clerk) reports a person present
	// or absent with a reason.
	ReportPresence struct {
		Person  PersonID
		Present bool
		Reason  string
	}
	// ReportTest: a seat reports the self-test of its own device, an officer the
	// test of their point as well.
	ReportTest struct {
		Point string // empty: of the own device
		Items []TestItem
	}
	// NextPhase moves the order of business to a phase: the next one, an optional
	// one ahead, back from deliberation to questioning or debate, or past a
	// mandatory one with a reason.
	NextPhase struct {
		Phase      court.Phase
		SkipReason string
	}
	// Stand asks everybody (empty) or one person to stand; Sit ends it.
	Stand struct{ Person PersonID }
	Sit   struct{}
	// SetVisibility closes or opens the doors; presiding judge.
	SetVisibility struct {
		To     Visibility // Public or ClosedDoors
		Reason string
	}
	// Deliberate sends the panel into the deliberation room and everybody else
	// into recess; EndDeliberation brings the hearing back, at Phase.
	Deliberate      struct{}
	EndDeliberation struct{ Phase court.Phase }
	// HoldTechnical begins a technical hold at once; KeepGoing refuses a proposed
	// one, with a reason; Resume ends one.
	HoldTechnical struct{ Reason string }
	KeepGoing     struct{ Reason string }
	// ConfirmReturn: after a lost link the officer (identity) confirms that the same
	// person is back, the clerk (media) that they are seen and heard.
	ConfirmReturn struct {
		Person PersonID
		What   string // "identity" or "media"
	}
	// Suspend (tạm ngừng) and Adjourn (hoãn) are decisions of the panel, given by the
	// presiding judge. ReopenAt: UTC unix microseconds; 0 only for Adjourn. Form: how
	// the adjourned case shall be heard; empty for Suspend.
	Suspend struct {
		Reason   string
		ReopenAt int64
	}
	Adjourn struct {
		Reason   string
		ReopenAt int64
		Form     Form
	}
	// Announced: a point's officer announced the suspension or adjournment there.
	Announced struct{ Point string }
	// Reopen makes a suspended hearing prepare its next part; Cancel ends one that
	// was not opened.
	Reopen struct{}
	Cancel struct{ Reason string }
	// Warn notes a warning of the presiding judge; NoteAway that a person left their
	// place (not the network), NoteBack that they are back; by the clerk or officer.
	Warn struct {
		Person PersonID
		Reason string
	}
	NoteAway struct{ Person PersonID }
	NoteBack struct{ Person PersonID }
)

// Commands about rooms: who is where.
type (
	// CallWitness brings a called person (Capacity.Called) from the isolation room
	// into the courtroom; DismissWitness sends them back.
	CallWitness    struct{ Person PersonID }
	DismissWitness struct{ Person PersonID }
	// Isolate takes a person out of sight and hearing of the courtroom. Where others
	// sit before the same device it goes dark for all of them until the officer
	// confirms with ConfirmLeft that the person left its front.
	Isolate struct {
		Person PersonID
		Reason string
	}
	ConfirmLeft struct{ Person PersonID }
	// EndIsolation brings the person back; NoteBriefed that they were told what was
	// said: before it no phase goes on (BLTTHS art. 309.1).
	EndIsolation struct{ Person PersonID }
	NoteBriefed  struct{ Person PersonID }
	// RequestConsult asks for a private talk of a counsel with the given people;
	// AllowConsult opens the room for minutes (0: the policy's), EndConsult closes it.
	RequestConsult struct{ With []PersonID }
	AllowConsult   struct {
		Consult string
		Minutes int
	}
	EndConsult struct{ Consult string }
)

// Commands about exhibits: documents that are shown in the courtroom.
type (
	// OfferExhibit asks to have a file shown. What it says of the file is what the
	// server found when it took it in, never what a client says.
	OfferExhibit struct {
		Name   string
		Type   string // one of ExhibitTypes
		Bytes  int64
		Pages  int
		SHA256 string // lower-case hex
	}
	// AdmitExhibit and RefuseExhibit decide about an offer, WithdrawExhibit takes it back.
	AdmitExhibit  struct{ Exhibit int }
	RefuseExhibit struct {
		Exhibit int
		Reason  string
	}
	WithdrawExhibit struct{ Exhibit int }
	// ShowExhibit shows a page of an admitted exhibit to everybody in the courtroom, or
	// turns to it; StopExhibit ends that.
	ShowExhibit struct {
		Exhibit int
		Page    int // from 1
	}
	StopExhibit struct{}
)

// TestItem is one line of a device's or a point's test.
type TestItem struct {
	// Key: "camera", "microphone", "speaker", "visualiser", "ups", "link", "recorder", "browser".
	Key string `json:"key"`
	OK  bool   `json:"ok"`
	// Value in words or with its unit, for instance "2 %"; at most 100 characters.
	Value string `json:"value"`
	// Absent: the point has no such thing; OK is false then.
	Absent bool `json:"absent,omitempty"`
}

// Failed tells whether the thing is there and does not work.
func (i TestItem) Failed() bool { return !i.OK && !i.Absent }

// IdentityMethods are the ways of comparing papers (TTLT 05/2021 art. 13).
func IdentityMethods() []string {
	return []string{"citizen_card", "vneid", "population_database", "lawyer_card", "official_card"}
}

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
	// ReportRecordingLeft tells how many minutes of the hearing the disks still take.
	ReportRecordingLeft struct {
		Minutes int
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
	// CancelBooking ends a hearing that was not opened, from the calendar: By is the
	// account of who may book there, which stands in the log. MovedTo is the hearing
	// that is booked in its place; empty: none is.
	CancelBooking struct {
		By, Reason string
		MovedTo    ID
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

	// Procedure empty: a hearing without order of business, points or conditions
	// (the rules of everything below do not apply to it).
	Procedure  court.Procedure   `json:"procedure,omitempty"`
	Instance   string            `json:"instance,omitempty"` // "first_instance", "appeal"
	Form       Form              `json:"form,omitempty"`
	Visibility Visibility        `json:"visibility,omitempty"` // at the opening; empty: public
	Exclusions []court.Exclusion `json:"exclusions,omitempty"` // found by the eligibility check; any refuses
	Points     []Point           `json:"points,omitempty"`
	// Policy nil takes court.DefaultPolicy of the procedure when it is booked.
	Policy *court.Policy `json:"policy,omitempty"`
	// Minutes is the scheduled length.
	Minutes int `json:"minutes,omitempty"`
}

// PointKind tells the central point from component points.
type PointKind string

// Kinds of points: exactly one is central (TTLT 05/2021 art. 4).
const (
	CentralPoint   PointKind = "central"
	ComponentPoint PointKind = "component"
)

// Point is a room that takes part.
type Point struct {
	ID   string    `json:"id"`
	Kind PointKind `json:"kind"`
	Name string    `json:"name"`
	// Unit is the court or detention facility that runs the room; may be empty.
	Unit court.UnitID `json:"unit,omitempty"`
	// Detention: a room of a detention facility.
	Detention bool `json:"detention,omitempty"`
}

// Person as booked. Names are not here: they stand in a table of their own.
type Person struct {
	ID       PersonID       `json:"id"`
	Capacity court.Capacity `json:"capacity"`
	Alias    string         `json:"alias"` // shown where the name may not be
	// Point is the ID of one of Booking.Points, or free text where there are none.
	Point string `json:"point"`
	// Minor: under 18; monitored by default by nobody (domain 8b).
	Minor bool `json:"minor,omitempty"`
	// Required: the hearing cannot go on without them (continuity, NQ 33/2021 art. 1.2).
	Required bool `json:"required,omitempty"`
	// Client is whom a counsel or an interpreter acts for; may be empty.
	Client PersonID `json:"client,omitempty"`
}

// Device as booked. People are those recorded as sitting in front of it.
type Device struct {
	ID     DeviceID   `json:"id"`
	Kind   DeviceKind `json:"kind"`
	People []PersonID `json:"people"`
	// Private: with a headset, fit for a private talk (domain 8b).
	Private bool `json:"private,omitempty"`
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
