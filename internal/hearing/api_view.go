package hearing

import "phientoa/internal/court"

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
	Seq      uint64
	Hearing  ID
	DocketNo string
	Title    string
	Court    string
	Status   Status
	Since    int64
	OpenedAt int64
	// Recording: picture and sound reach the disk. RecordingHeld: they would, and the
	// technical hold keeps everybody silent. Neither in session or in a hold: the
	// recorder fails; neither otherwise: nothing is to be recorded.
	Recording     bool
	RecordingHeld bool
	Trouble       string // recorder trouble code; judge and clerk only
	// OpenBarred: why Open takes a reason, as the code of the refusal without one:
	// "not_recording", "recording_short", or empty; judge and clerk only, before the
	// opening.
	OpenBarred   string
	Me           PersonID
	People       []PersonView
	Floor        PersonID
	FloorSince   int64
	Hands        []PersonID
	Acts         []string // field names of wire's Command that Decide would accept now
	RecessReason string
	// Late: the hearing should have opened and did not (policy Booking.LateAfter).
	Late bool

	Procedure  court.Procedure
	Instance   string
	Form       Form
	Visibility Visibility // Deliberating while the panel deliberates
	Monitoring MonitoringView
	Phase      court.Phase
	Phases     []PhaseView
	Points     []PointView
	// Place is where the reader is.
	Place Place
	// Standing: asked to stand, nobody (empty), "all" or a person.
	Standing string
	Hold     *HoldView
	// Decision: reason and date of a suspension, adjournment or cancellation.
	Decision *DecisionView
	Checks   []CheckView // of preparation; for the court
	Consults []ConsultView
	// ConsultWith is with whom the reader may ask for a private talk; empty where
	// request_consult is not among Acts.
	ConsultWith []ConsultChoice
	// IdentityCheck is the comparison of papers that the reader is of; nobody else
	// learns of one.
	IdentityCheck *IdentityCheckView
	// Exhibits are the documents that the reader may know of, Showing the page before
	// everybody in the courtroom; nil: none that the reader sees.
	Exhibits []ExhibitView
	Showing  *ShowingView
	// Unbriefed are people back from isolation who were not told yet.
	Unbriefed []PersonID
}

// PhaseView is one step of the order of business.
type PhaseView struct {
	Phase      court.Phase
	Mandatory  bool
	Status     string // "", "current", "done", "skipped"
	SkipReason string
}

// PointView is a point and its light.
type PointView struct {
	Point
	// Light: "ok" (somebody connected), "partial", "lost", "waiting".
	Light     string
	LostSince int64 // UTC unix microseconds, 0 when not lost
	Announced bool
	Test      []TestItem // last test of the point; for the court and its officer
	TestedAt  int64
}

// MonitoringView is who may follow from outside. Everybody in the courtroom reads To; the
// rest is for the court.
type MonitoringView struct {
	To     Monitors
	Units  []court.UnitID
	Reason string
	// Decided: the court decided so; else it is the policy's.
	Decided bool
}

// HoldView is a technical hold, proposed (Until is its deadline) or begun (Until 0).
type HoldView struct {
	Proposed bool
	Until    int64
	Since    int64
	// Cause: "lost" with the people lost, or "asked" with a reason.
	Cause  string
	People []PersonID
	Reason string
	// Confirm is what has still to be confirmed before going on.
	Confirm []ReturnView
}

// ReturnView is what ConfirmReturn is waited for.
type ReturnView struct {
	Person   PersonID
	Identity bool // true: confirmed
	Media    bool
}

// DecisionView is why and until when the hearing does not go on.
type DecisionView struct {
	// Reason is for the court and the procurator; empty for everybody else.
	Reason   string
	ReopenAt int64
	Form     Form
}

// CheckView is one condition of "ready".
type CheckView struct {
	// Key: "procuracy_opinion", "notice", "facilities", "identity", "presence",
	// "point_test", "recording_left".
	Key      string
	Required bool
	Done     bool
	// Days left until it can be done, for "notice".
	Days int
	// Minutes of recording that the disks still take, for "recording_left"; rounded down.
	Minutes int
	// Missing are the people or points it waits for.
	Missing []string
	Note    string
}

// ConsultView is a private talk as its own people, clerk and presiding judge know it.
type ConsultView struct {
	ID    string
	By    PersonID
	With  []PersonID
	Open  bool
	Since int64 // of the opening
	Until int64 // the agreed end, which warns and never cuts
}

// ConsultChoice is somebody with whom a counsel may ask for a private talk. Of their
// own client a counsel knows the id also while nobody has admitted them.
type ConsultChoice struct {
	Person PersonID
	// OtherSide: neither the own client nor who helps them; they have to agree.
	OtherSide bool
}

// IdentityCheckView is a comparison of papers as its people know it: the clerk By at
// ByDevice sees and hears whoever is before Device, where Person shows their papers,
// and they the clerk; nobody else does, and it is not recorded. It ends by itself at
// Until, in UTC unix microseconds.
type IdentityCheckView struct {
	By       PersonID
	ByDevice DeviceID
	Person   PersonID
	Device   DeviceID
	Since    int64
	Until    int64
}

// ExhibitView is a document that somebody asked to have shown.
type ExhibitView struct {
	No     int
	By     PersonID
	Name   string
	Type   string
	Bytes  int64
	Pages  int
	SHA256 string // lower-case hex
	Status ExhibitStatus
	Reason string // of a refusal
	// Opens: the reader may have the file; Showable: may show it or turn its pages now.
	Opens, Showable bool
}

// ShowingView is the page before everybody in the courtroom.
type ShowingView struct {
	Exhibit int
	Page    int   // from 1
	Since   int64 // UTC unix microseconds, of the exhibit
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

	PointID   string
	Place     Place // where the person is; for the court
	Required  bool
	Minor     bool
	Client    PersonID
	Present   string // "", "present", "absent"; of the officer's report
	AbsentWhy string
	Identity  string // method by which the papers were compared, "" when not yet
	Mismatch  string // why the papers did not match, "" when they did or were not compared
	Away      bool   // left their place
	Warnings  int
	LostSince int64      // UTC unix microseconds: connection lost, 0 when not
	Waited    bool       // lost, and the hearing cannot go on without them; for the court
	Test      []TestItem // last self-test; for the court
	TestedAt  int64
	Private   bool // has a device fit for a private talk
	Removable bool // the reader may have them leave the hearing now
	// Isolable and Dismissible: the reader may isolate them, or send them back to the
	// waiting room, now.
	Isolable, Dismissible bool
}
