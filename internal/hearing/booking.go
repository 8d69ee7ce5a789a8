package hearing

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"phientoa/internal/court"
)

// Bounds of a booking and of free texts. Beyond them a command is refused. A booking
// that reaches all of them at once is too long for a line: MaxBookingBytes.
const (
	MaxPeople     = 1000 // of a hearing: 800 who receive, and those of the case
	MaxDevices    = 1000 // of a hearing
	MaxSeats      = 50   // people in front of one device
	MaxAllSeats   = 1000 // of all devices together
	MaxIDBytes    = 64   // of any id
	MaxLabelRunes = 300  // docket number, title, court, reference, node
	MaxNameRunes  = 100  // alias, point
	MaxTextRunes  = 500  // reasons
)

// MaxBookingBytes bounds a booking as it stands in the evidence log, as text within
// the text of a line; the rest of that line is of fixed length.
const MaxBookingBytes = MaxLineBytes - 4<<10

// DefaultLateAfter is the policy value of Booking.LateAfter: HMCTS shows a
// hearing as delayed from ten minutes on (domain 3, "Waiting room").
const DefaultLateAfter = 10 * time.Minute

// maxLateAfter keeps the deadline's arithmetic away from overflow.
const maxLateAfter = int64(24 * time.Hour / time.Microsecond)

// Booked creates the hearing.
type Booked struct {
	Booking Booking `json:"booking"`
}

// Kind is the event's stable name.
func (Booked) Kind() string { return "hearing.booked" }

// Restricts is false: the hearing comes to be.
func (Booked) Restricts() bool { return false }

func (Booked) apply(*State, Event) error { return ErrImpossible } // Apply books by itself

func (Book) command() string { return "book" }

func (Book) may(_ *State, a Actor) *Refusal { return bySystem(a) }

func (c Book) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s != nil {
		return nil, refuseAlreadyBooked()
	}
	b := cloneBooking(c.Booking)
	if b.LateAfter == 0 {
		b.LateAfter = DefaultLateAfter.Microseconds()
	}
	fillProcedure(&b)
	if err := validateBooking(b); err != nil {
		return nil, refuseBooking(err)
	}
	if r := checkProcedure(b); r != nil {
		return nil, r
	}
	if err := checkLength(b); err != nil {
		return nil, refuseBooking(err)
	}
	return []EventBody{Booked{Booking: b}}, nil
}

// checkLength keeps the booking within a line of both logs.
func checkLength(b Booking) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	within, err := json.Marshal(string(text))
	if err != nil {
		return err
	}
	if len(within) > MaxBookingBytes {
		return fmt.Errorf("%d bytes in all (at most %d)", len(within), MaxBookingBytes)
	}
	return nil
}

func newState(b Booking, e Event) (*State, error) {
	if err := validateBooking(b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrImpossible, err)
	}
	if r := checkProcedure(b); r != nil {
		return nil, fmt.Errorf("%w: %w", ErrImpossible, r)
	}
	b = cloneBooking(b)
	s := &State{
		Seq: e.Seq, StatusSeq: e.Seq, Booking: b, Status: Scheduled, Since: e.At, BookedAt: e.At,
		People:  make([]PersonState, len(b.People)),
		Devices: make([]DeviceState, len(b.Devices)),
		seats:   newSeating(b),
		Part:    1, Visibility: Public,
	}
	if b.Visibility != "" {
		s.Visibility = b.Visibility
	}
	for _, p := range b.Points {
		s.Points = append(s.Points, PointState{ID: p.ID})
	}
	for i, p := range b.People {
		s.People[i] = PersonState{ID: p.ID, Status: Absent, Seq: e.Seq}
	}
	for i, d := range b.Devices {
		s.Devices[i] = DeviceState{ID: d.ID}
	}
	return s, nil
}

// cloneBooking copies b so that no caller's slice lives on in a state.
func cloneBooking(b Booking) Booking {
	b.People = slices.Clone(b.People)
	b.Devices = slices.Clone(b.Devices)
	for i := range b.Devices {
		b.Devices[i].People = slices.Clone(b.Devices[i].People)
	}
	b.Exclusions, b.Points = slices.Clone(b.Exclusions), slices.Clone(b.Points)
	if b.Policy != nil {
		policy := *b.Policy
		b.Policy = &policy
	}
	return b
}

// validateBooking names the first fault of b.
func validateBooking(b Booking) error {
	switch {
	case !validID(string(b.Hearing)):
		return fmt.Errorf("hearing id %.80q", b.Hearing)
	case !validID(string(b.Unit)):
		return fmt.Errorf("unit id %.80q", b.Unit)
	case b.DocketNo == "" || !validLabel(b.DocketNo):
		return fmt.Errorf("docket number: 1 to %d characters, none of control", MaxLabelRunes)
	case !validLabel(b.Court), !validLabel(b.Title), !validLabel(b.Reference):
		return fmt.Errorf("court, title or reference: at most %d characters, none of control", MaxLabelRunes)
	case b.StartsAt <= 0 || b.StartsAt > maxTime:
		return fmt.Errorf("starts at %d", b.StartsAt)
	case b.LateAfter <= 0 || b.LateAfter > maxLateAfter:
		return fmt.Errorf("late after %d", b.LateAfter)
	case len(b.People) > MaxPeople || len(b.Devices) > MaxDevices:
		return fmt.Errorf("%d people (at most %d), %d devices (at most %d)",
			len(b.People), MaxPeople, len(b.Devices), MaxDevices)
	}
	people, err := validatePeople(b.People)
	if err != nil {
		return err
	}
	return validateDevices(b.Devices, people)
}

// maxTime (year 2554) keeps sums of times within int64.
const maxTime = int64(1) << 54

func validatePeople(list []Person) (map[PersonID]court.Capacity, error) {
	people := make(map[PersonID]court.Capacity, len(list))
	presiding := 0
	for _, p := range list {
		if !validID(string(p.ID)) {
			return nil, fmt.Errorf("person id %.80q", p.ID)
		}
		if _, twice := people[p.ID]; twice {
			return nil, fmt.Errorf("person %q twice", p.ID)
		}
		if !p.Capacity.Valid() {
			return nil, fmt.Errorf("capacity %.80q", p.Capacity)
		}
		if !validText(p.Alias, MaxNameRunes) || !validText(p.Point, MaxNameRunes) {
			return nil, fmt.Errorf("alias or point of person %q", p.ID)
		}
		if p.Capacity == court.PresidingJudge {
			presiding++
		}
		people[p.ID] = p.Capacity
	}
	if presiding != 1 {
		return nil, fmt.Errorf("%d presiding judges instead of one", presiding)
	}
	return people, nil
}

// validateDevices also wants a device of the presiding judge alone: the acts of
// a shared device depend on everybody in front of it, and somebody has to be
// able to admit them. Nobody has two microphones, since the floor opens one.
func validateDevices(list []Device, people map[PersonID]court.Capacity) error {
	seen := make(map[DeviceID]bool, len(list))
	microphones := make(map[PersonID]bool, len(list))
	console := false
	seats := 0
	for _, d := range list {
		seats += len(d.People)
		switch {
		case seats > MaxAllSeats:
			return fmt.Errorf("more than %d seats", MaxAllSeats)
		case !validID(string(d.ID)):
			return fmt.Errorf("device id %.80q", d.ID)
		case seen[d.ID]:
			return fmt.Errorf("device %q twice", d.ID)
		case !d.Kind.valid():
			return fmt.Errorf("kind %.80q of device %q", d.Kind, d.ID)
		case len(d.People) == 0 || len(d.People) > MaxSeats:
			return fmt.Errorf("%d people in front of device %q (1 to %d)", len(d.People), d.ID, MaxSeats)
		}
		seen[d.ID] = true
		for i, p := range d.People {
			capacity, known := people[p]
			if !known || slices.Contains(d.People[:i], p) {
				return fmt.Errorf("person %.80q in front of device %q: unknown or twice", p, d.ID)
			}
			if d.Kind.sends() && microphones[p] {
				return fmt.Errorf("person %q in front of two microphones", p)
			}
			microphones[p] = microphones[p] || d.Kind.sends()
			console = console || capacity == court.PresidingJudge && len(d.People) == 1 && d.Kind != Viewer
		}
	}
	if !console {
		return fmt.Errorf("the presiding judge needs a console or desk client of their own")
	}
	return nil
}

func (k DeviceKind) valid() bool { return k.sends() || k == Console || k == Viewer }

// validID takes what cannot be mistaken in a log line, a path or a metric.
func validID(id string) bool {
	if id == "" || len(id) > MaxIDBytes {
		return false
	}
	for _, c := range []byte(id) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == ':') {
			return false
		}
	}
	return true
}

func validLabel(text string) bool { return validText(text, MaxLabelRunes) }

func validText(text string, limit int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= limit && !strings.ContainsFunc(text, unicode.IsControl)
}

// oneLine is a text trimmed, with line breaks as blanks, and without the characters that
// make what follows read backwards on screens and in the minutes (UAX 9, 2.1-2.6).
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// reason takes a free text as somebody wrote it: trimmed, line breaks as blanks.
func reason(text string) (string, *Refusal) {
	if len(text) > 8*MaxTextRunes { // before any work on it
		return "", refuseText()
	}
	text = oneLine(text)
	if !validText(text, MaxTextRunes) {
		return "", refuseText()
	}
	return text, nil
}
