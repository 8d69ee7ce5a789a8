package hearing

import (
	"fmt"
	"slices"
	"time"
)

// Bounds of what is reported in preparation.
const (
	MaxTestItems      = 12  // lines of one test
	MaxChallengeRunes = 100 // of a spoken challenge, and of a test item's value
)

// Keys of View.Checks.
const (
	checkOpinion    = "procuracy_opinion"
	checkNotice     = "notice"
	checkFacilities = "facilities"
	checkIdentity   = "identity"
	checkPresence   = "presence"
	checkPointTest  = "point_test"
	checkRecording  = "recording_left"
)

// Values of PersonState.Present.
const (
	isPresent = "present"
	isAbsent  = "absent"
)

// Events of preparation. The first of them makes a scheduled hearing prepare.
type (
	// OpinionRecorded: what the procuracy thinks of trying online (TTLT 05/2021 art. 3).
	OpinionRecorded struct {
		Agrees bool   `json:"agrees"`
		On     int64  `json:"on"`
		Note   string `json:"note"`
	}
	// FacilitiesRecorded: the facilities were checked (TTLT 05/2021 art. 4, 5).
	FacilitiesRecorded struct {
		OK   bool   `json:"ok"`
		Note string `json:"note"`
	}
	// BecameReady: every required condition holds.
	BecameReady struct{}
	// IdentityNoted: the person's papers were compared (TTLT 05/2021 art. 13).
	IdentityNoted struct {
		Person    PersonID `json:"person"`
		Method    string   `json:"method"`
		Challenge string   `json:"challenge"`
	}
	// IdentityMismatched: the person's papers were compared and do not match. What was
	// noted before is void; the presiding judge decides what follows.
	IdentityMismatched struct {
		Person PersonID `json:"person"`
		Reason string   `json:"reason"`
	}
	// PresenceReported: the person is at their point, or is not.
	PresenceReported struct {
		Person  PersonID `json:"person"`
		Present bool     `json:"present"`
		Reason  string   `json:"reason"`
	}
	// TestReported: result of the test of a point, or (no point) of a person's device.
	TestReported struct {
		Person PersonID   `json:"person"`
		Point  string     `json:"point"`
		Items  []TestItem `json:"items"`
	}
)

// Kind is the event's stable name.
func (OpinionRecorded) Kind() string { return "opinion.recorded" }

// Kind is the event's stable name.
func (FacilitiesRecorded) Kind() string { return "facilities.recorded" }

// Kind is the event's stable name.
func (BecameReady) Kind() string { return "hearing.ready" }

// Kind is the event's stable name.
func (IdentityNoted) Kind() string { return "person.identified" }

// Kind is the event's stable name.
func (IdentityMismatched) Kind() string { return "person.mismatched" }

// Kind is the event's stable name.
func (PresenceReported) Kind() string { return "person.presence" }

// Kind is the event's stable name.
func (TestReported) Kind() string { return "test.reported" }

// Restricts is false: it is a note.
func (OpinionRecorded) Restricts() bool { return false }

// Restricts is false: it is a note.
func (FacilitiesRecorded) Restricts() bool { return false }

// Restricts is false: the hearing may open.
func (BecameReady) Restricts() bool { return false }

// Restricts is false: it is a note.
func (IdentityNoted) Restricts() bool { return false }

// Restricts is false: it is a note.
func (IdentityMismatched) Restricts() bool { return false }

// Restricts is false: it is a note.
func (PresenceReported) Restricts() bool { return false }

// Restricts is false: it is a note.
func (TestReported) Restricts() bool { return false }

// prepare begins the preparation, and takes "ready" back when a condition fell.
func (s *State) prepare(e Event) {
	if s.Status == Scheduled || s.Status == ReadyToOpen && len(s.missing()) > 0 {
		s.Status, s.Since, s.StatusSeq = Preparing, e.At, e.Seq
	}
}

// noticePoint makes the officers of a point notice what happened there.
func (s *State) noticePoint(point string, e Event) {
	for i := range s.People {
		if b := &s.Booking.People[i]; b.Point == point && b.Capacity.Officers() {
			s.People[i].Seq = e.Seq
		}
	}
}

// mustOrder is the guard of events that only a hearing with a procedure has.
func (s *State) mustOrder(ok bool) error {
	if !ok || !s.ordered() || s.Status.Over() {
		return fmt.Errorf("%w: of a procedure", ErrImpossible)
	}
	return nil
}

func (b OpinionRecorded) apply(s *State, e Event) error {
	if err := s.mustOrder(s.Status.BeforeOpening()); err != nil {
		return err
	}
	opinion := OpinionState(b)
	s.Opinion = &opinion
	s.prepare(e)
	return nil
}

func (b FacilitiesRecorded) apply(s *State, e Event) error {
	if err := s.mustOrder(s.Status.BeforeOpening()); err != nil {
		return err
	}
	facility := FacilityState(b)
	s.Facility = &facility
	s.prepare(e)
	return nil
}

func (BecameReady) apply(s *State, e Event) error {
	if err := s.mustOrder(len(s.missing()) == 0); err != nil {
		return err
	}
	return s.enter(ReadyToOpen, e, Scheduled, Preparing)
}

func (b IdentityNoted) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if err := s.mustOrder(b.Method != ""); err != nil {
		return err
	}
	p.Identity, p.Mismatch, p.Seq = b.Method, "", e.Seq
	s.endCheckOf(b.Person)
	s.noticePoint(s.booked(b.Person).Point, e)
	s.prepare(e)
	return nil
}

func (b IdentityMismatched) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if err := s.mustOrder(b.Reason != ""); err != nil {
		return err
	}
	p.Identity, p.Mismatch, p.Seq = "", b.Reason, e.Seq
	s.endCheckOf(b.Person)
	s.noticePoint(s.booked(b.Person).Point, e)
	s.prepare(e)
	return nil
}

func (b PresenceReported) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if err := s.mustOrder(true); err != nil {
		return err
	}
	p.Present, p.AbsentWhy, p.Seq = isAbsent, b.Reason, e.Seq
	if b.Present {
		p.Present = isPresent
	}
	s.noticePoint(s.booked(b.Person).Point, e)
	s.prepare(e)
	return nil
}

func (b TestReported) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	point := s.pointState(b.Point)
	if err := s.mustOrder(point != nil || b.Point == ""); err != nil {
		return err
	}
	if point != nil {
		point.Test, point.TestedAt = b.Items, e.At
		s.noticePoint(b.Point, e)
	} else {
		p.Test, p.TestedAt = b.Items, e.At
	}
	p.Seq = e.Seq
	s.prepare(e)
	return nil
}

func (RecordOpinion) command() string    { return "record_opinion" }
func (RecordFacilities) command() string { return "record_facilities" }
func (MarkReady) command() string        { return "mark_ready" }
func (NoteIdentity) command() string     { return "note_identity" }
func (NoteMismatch) command() string     { return "note_mismatch" }
func (ReportPresence) command() string   { return "report_presence" }
func (ReportTest) command() string       { return "report_test" }

func (RecordOpinion) may(s *State, a Actor) *Refusal    { return inOrder(s, a, byClerk) }
func (RecordFacilities) may(s *State, a Actor) *Refusal { return inOrder(s, a, byClerk) }
func (MarkReady) may(s *State, a Actor) *Refusal        { return inOrder(s, a, byHolder) }
func (NoteIdentity) may(s *State, a Actor) *Refusal     { return inOrder(s, a, byClerk) }
func (NoteMismatch) may(s *State, a Actor) *Refusal     { return inOrder(s, a, byClerk) }
func (ReportPresence) may(s *State, a Actor) *Refusal   { return inOrder(s, a, bySupport) }
func (ReportTest) may(s *State, a Actor) *Refusal       { return inOrder(s, a, seated) }

func (c RecordOpinion) decide(s *State, _ Actor, now time.Time) ([]EventBody, *Refusal) {
	if !s.Status.BeforeOpening() {
		return nil, refuseAlreadyOpened()
	}
	if c.On <= 0 || c.On > maxTime || !now.IsZero() && c.On > now.Add(24*time.Hour).UnixMicro() {
		return nil, refuseOpinionDate()
	}
	note, r := reason(c.Note)
	if r != nil {
		return nil, r
	}
	return []EventBody{OpinionRecorded{Agrees: c.Agrees, On: c.On, Note: note}}, nil
}

func (c RecordFacilities) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if !s.Status.BeforeOpening() {
		return nil, refuseAlreadyOpened()
	}
	note, r := reason(c.Note)
	if r != nil {
		return nil, r
	}
	return []EventBody{FacilitiesRecorded{OK: c.OK, Note: note}}, nil
}

func (MarkReady) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch {
	case s.Status == ReadyToOpen:
		return nil, refuseAlreadyReady()
	case !s.Status.BeforeOpening():
		return nil, refuseAlreadyOpened()
	}
	if missing := s.missing(); len(missing) > 0 {
		return nil, refuseNotReady(missing)
	}
	return []EventBody{BecameReady{}}, nil
}

// decide wants the spoken challenge answered by somebody at home: nobody but the
// camera vouches for who sits there (domain 8b).
func (c NoteIdentity) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case p.Status != Waiting && p.Status != InCourtroom:
		return nil, refuseNotCheckedIn()
	case !slices.Contains(IdentityMethods(), c.Method):
		return nil, refuseIdentityMethod()
	}
	challenge, r := reason(c.Challenge)
	if r != nil || !validText(challenge, MaxChallengeRunes) {
		return nil, refuseChallenge()
	}
	if challenge == "" && s.atHome(c.Person) {
		return nil, refuseChallenge()
	}
	return []EventBody{IdentityNoted{Person: c.Person, Method: c.Method, Challenge: challenge}}, nil
}

// decide wants a reason: it is what the presiding judge decides upon.
func (c NoteMismatch) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case p.Status != Waiting && p.Status != InCourtroom:
		return nil, refuseNotCheckedIn()
	}
	why, r := neededReason(c.Reason)
	if r != nil {
		return nil, r
	}
	return []EventBody{IdentityMismatched{Person: c.Person, Reason: why}}, nil
}

// atHome tells whether no court and no detention facility runs the person's point.
func (s *State) atHome(p PersonID) bool {
	point := s.point(s.booked(p).Point)
	return point != nil && point.Kind != CentralPoint && point.Unit == "" && !point.Detention
}

func (c ReportPresence) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.person(c.Person) == nil {
		return nil, refuseUnknownPerson()
	}
	if !s.ofPoint(a, s.booked(c.Person).Point) {
		return nil, refuseOtherPoint()
	}
	why, r := reason(c.Reason)
	if r != nil {
		return nil, r
	}
	return []EventBody{PresenceReported{Person: c.Person, Present: c.Present, Reason: why}}, nil
}

func (c ReportTest) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.person(a.Person).Status == Removed {
		return nil, refuseRemoved()
	}
	if c.Point != "" {
		if s.point(c.Point) == nil {
			return nil, refuseUnknownPoint()
		}
		if r := supports(s, a); r != nil {
			return nil, r
		}
		if !s.ofPoint(a, c.Point) {
			return nil, refuseOtherPoint()
		}
	}
	if len(c.Items) == 0 || len(c.Items) > MaxTestItems {
		return nil, refuseTestItems()
	}
	for i, item := range c.Items {
		same := func(o TestItem) bool { return o.Key == item.Key }
		if item.OK && item.Absent || !validTestKey(item.Key) || !validText(item.Value, MaxChallengeRunes) || slices.ContainsFunc(c.Items[:i], same) {
			return nil, refuseTestItems()
		}
	}
	return []EventBody{TestReported{Person: a.Person, Point: c.Point, Items: slices.Clone(c.Items)}}, nil
}

func validTestKey(key string) bool {
	switch key {
	case "camera", "microphone", "speaker", "visualiser", "ups", "link", "recorder", "browser":
		return true
	default:
		return false
	}
}

// checks are the conditions of "ready", with what they wait for; nil without a
// procedure. Required ones bar MarkReady. Identity, presence and the points' tests
// do not: the law has the clerk report who is present and the presiding judge
// check identities as the first act of the opened hearing (BLTTHS art. 300, 301;
// TTLT 05/2021 art. 13), and tests are of the day. They are shown, and the
// presiding judge opens knowing them. So are the hours of recording that the disks
// still take; too few bar the opening without a reason.
//
// Notice counts the time from the booking, which stands for the assessment of
// TTLT 05/2021 art. 3, to the hearing's start. Days is how many days that is too
// short, a part of a day counted whole: it does not go down by waiting, only by a
// later date.
func (s *State) checks() []CheckView {
	if !s.ordered() {
		return nil
	}
	policy := s.Booking.Policy
	opinion := CheckView{Key: checkOpinion, Required: policy.RequireOpinion}
	if s.Opinion != nil {
		opinion.Done, opinion.Note = s.Opinion.Agrees, s.Opinion.Note
	}
	notice := CheckView{Key: checkNotice, Required: policy.NoticeDays > 0, Days: s.noticeShort()}
	notice.Done = notice.Days == 0
	facilities := CheckView{Key: checkFacilities, Required: policy.RequireFacilities}
	if s.Facility != nil {
		facilities.Done, facilities.Note = s.Facility.OK, s.Facility.Note
	}
	identity, presence, tests := CheckView{Key: checkIdentity}, CheckView{Key: checkPresence}, CheckView{Key: checkPointTest}
	for i := range s.People {
		p := &s.People[i]
		if c := s.Booking.People[i].Capacity; c.OfCourt() || c.Officers() || c.Watches() {
			continue // known to the court by office, or not of the case
		}
		if p.Identity == "" {
			identity.Missing = append(identity.Missing, string(p.ID))
		}
		if p.Present != isPresent {
			presence.Missing = append(presence.Missing, string(p.ID))
		}
	}
	for i := range s.Points {
		if p := &s.Points[i]; len(p.Test) == 0 || slices.ContainsFunc(p.Test, TestItem.Failed) {
			tests.Missing = append(tests.Missing, p.ID)
		}
	}
	list := []CheckView{opinion, notice, facilities, identity, presence, tests}
	for i := range list[3:] {
		list[3+i].Done = len(list[3+i].Missing) == 0
	}
	if c, known := s.recordingCheck(); known {
		list = append(list, c)
	}
	return list
}

// missing are the keys of required conditions that do not hold.
func (s *State) missing() []string {
	var keys []string
	for _, c := range s.checks() {
		if c.Required && !c.Done {
			keys = append(keys, c.Key)
		}
	}
	return keys
}

// noticeShort is how many days the notice is too short, rounded up; 0: long enough.
func (s *State) noticeShort() int {
	day := (24 * time.Hour).Microseconds()
	short := int64(s.Booking.Policy.NoticeDays)*day - (s.Booking.StartsAt - s.BookedAt)
	if short <= 0 || s.Booking.Policy.NoticeDays == 0 {
		return 0
	}
	return int((short + day - 1) / day)
}
