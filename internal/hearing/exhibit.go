package hearing

import (
	"encoding/hex"
	"fmt"
	"slices"

	"phientoa/internal/court"
)

// Bounds of exhibits; beyond them a command is refused.
const (
	MaxExhibits     = 100      // of one hearing, whatever became of them
	MaxOffers       = 5        // of one person, not decided yet
	MaxExhibitBytes = 20 << 20 // of one file
	MaxExhibitPages = 200      // of one file
	MaxExhibitName  = 120      // characters of its name
)

// ExhibitStatus is what became of a file that somebody offered.
type ExhibitStatus string

// An exhibit is offered until the court admits or refuses it, or who offered it takes
// it back.
const (
	ExhibitOffers   ExhibitStatus = "offered"
	ExhibitIn       ExhibitStatus = "admitted"
	ExhibitOut      ExhibitStatus = "refused"
	ExhibitReturned ExhibitStatus = "withdrawn"
)

// ExhibitTypes are the media types that a file may have.
func ExhibitTypes() []string { return []string{"application/pdf", "image/png", "image/jpeg"} }

// ExhibitState is a file that somebody asked to show in the courtroom. What it is
// (name, type, size, digest) never changes.
type ExhibitState struct {
	No     int      `json:"no"` // from 1, in the order of offering
	By     PersonID `json:"by"`
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Bytes  int64    `json:"bytes"`
	Pages  int      `json:"pages"`  // as the machine of who offered it counted
	SHA256 string   `json:"sha256"` // lower-case hex, of the file

	Status ExhibitStatus `json:"status"`
	Reason string        `json:"reason"` // of a refusal
	// Closed: it was offered, admitted or shown behind closed doors; the public never
	// sees it.
	Closed bool `json:"closed"`
}

// ShowingState is what everybody in the courtroom is shown now.
type ShowingState struct {
	Exhibit int   `json:"exhibit"`
	Page    int   `json:"page"`  // from 1
	Since   int64 `json:"since"` // UTC unix microseconds, of the exhibit
}

// Events of exhibits (BLTTHS art. 308, 312; BLTTDS art. 254: documents of the case are
// made known in court).
type (
	// ExhibitOffered: By asks to have a file shown; Exhibit is its number.
	ExhibitOffered struct {
		Exhibit int      `json:"exhibit"`
		By      PersonID `json:"by"`
		Name    string   `json:"name"`
		Type    string   `json:"type"`
		Bytes   int64    `json:"bytes"`
		Pages   int      `json:"pages"`
		SHA256  string   `json:"sha256"`
	}
	// ExhibitAdmitted: the file of this digest may be shown.
	ExhibitAdmitted struct {
		Exhibit int    `json:"exhibit"`
		SHA256  string `json:"sha256"`
	}
	// ExhibitRefused: it may not.
	ExhibitRefused struct {
		Exhibit int    `json:"exhibit"`
		Reason  string `json:"reason"`
	}
	// ExhibitWithdrawn: who offered it took it back before it was decided about.
	ExhibitWithdrawn struct {
		Exhibit int `json:"exhibit"`
	}
	// ExhibitPresented: everybody in the courtroom is shown this page of it.
	ExhibitPresented struct {
		Exhibit int    `json:"exhibit"`
		Page    int    `json:"page"`
		SHA256  string `json:"sha256"`
	}
	// ExhibitTurned: another page of the one that is shown.
	ExhibitTurned struct {
		Exhibit int `json:"exhibit"`
		Page    int `json:"page"`
	}
	// ExhibitStopped: it is not shown any more.
	ExhibitStopped struct {
		Exhibit int `json:"exhibit"`
	}
)

// Kind is the event's stable name.
func (ExhibitOffered) Kind() string { return "exhibit.offered" }

// Kind is the event's stable name.
func (ExhibitAdmitted) Kind() string { return "exhibit.admitted" }

// Kind is the event's stable name.
func (ExhibitRefused) Kind() string { return "exhibit.refused" }

// Kind is the event's stable name.
func (ExhibitWithdrawn) Kind() string { return "exhibit.withdrawn" }

// Kind is the event's stable name.
func (ExhibitPresented) Kind() string { return "exhibit.presented" }

// Kind is the event's stable name.
func (ExhibitTurned) Kind() string { return "exhibit.turned" }

// Kind is the event's stable name.
func (ExhibitStopped) Kind() string { return "exhibit.stopped" }

// Restricts is false: the court may open the file.
func (ExhibitOffered) Restricts() bool { return false }

// Restricts is false: others may open the file.
func (ExhibitAdmitted) Restricts() bool { return false }

// Restricts is false: it answers somebody, and can wait for the log.
func (ExhibitRefused) Restricts() bool { return false }

// Restricts is false, as of a refusal.
func (ExhibitWithdrawn) Restricts() bool { return false }

// Restricts is false: everybody sees the page.
func (ExhibitPresented) Restricts() bool { return false }

// Restricts is false: everybody sees another page.
func (ExhibitTurned) Restricts() bool { return false }

// Restricts is true: nobody is shown the page any more.
func (ExhibitStopped) Restricts() bool { return true }

// valid tells why a file may not be offered; nil: it may.
func (b ExhibitOffered) valid() *Refusal {
	sum, err := hex.DecodeString(b.SHA256)
	switch {
	case !slices.Contains(ExhibitTypes(), b.Type):
		return refuseExhibitType()
	case b.Bytes <= 0 || b.Bytes > MaxExhibitBytes:
		return refuseExhibitSize()
	case b.Pages < 1 || b.Pages > MaxExhibitPages || b.Pages > 1 && b.Type != "application/pdf":
		return refuseExhibitPages()
	case err != nil || len(sum) != 32 || hex.EncodeToString(sum) != b.SHA256:
		return refuseExhibitDigest()
	case b.Name == "" || !validText(b.Name, MaxExhibitName):
		return refuseExhibitName()
	}
	return nil
}

func (b ExhibitOffered) apply(s *State, _ Event) error {
	if _, err := s.mustPerson(b.By); err != nil {
		return err
	}
	if b.Exhibit != len(s.Exhibits)+1 || b.Exhibit > MaxExhibits || b.valid() != nil {
		return fmt.Errorf("%w: offer of an exhibit", ErrImpossible)
	}
	s.Exhibits = append(slices.Clip(s.Exhibits), ExhibitState{
		No: b.Exhibit, By: b.By, Name: b.Name, Type: b.Type, Bytes: b.Bytes, Pages: b.Pages, SHA256: b.SHA256,
		Status: ExhibitOffers, Closed: s.doorsClosed(),
	})
	return nil
}

func (b ExhibitAdmitted) apply(s *State, _ Event) error {
	x, err := s.mustExhibit(b.Exhibit, ExhibitOffers)
	if err != nil || x.SHA256 != b.SHA256 {
		return fmt.Errorf("%w: admission of an exhibit", ErrImpossible)
	}
	x.Status, x.Closed = ExhibitIn, x.Closed || s.doorsClosed()
	return nil
}

func (b ExhibitRefused) apply(s *State, _ Event) error {
	x, err := s.mustExhibit(b.Exhibit, ExhibitOffers)
	if err != nil {
		return err
	}
	x.Status, x.Reason = ExhibitOut, b.Reason
	return nil
}

func (b ExhibitWithdrawn) apply(s *State, _ Event) error {
	x, err := s.mustExhibit(b.Exhibit, ExhibitOffers)
	if err != nil {
		return err
	}
	x.Status = ExhibitReturned
	return nil
}

func (b ExhibitPresented) apply(s *State, e Event) error {
	x, err := s.mustExhibit(b.Exhibit, ExhibitIn)
	switch {
	case err != nil:
		return err
	case s.Status != InSession || x.SHA256 != b.SHA256 || b.Page < 1 || b.Page > x.Pages:
		return fmt.Errorf("%w: showing of an exhibit", ErrImpossible)
	}
	x.Closed = x.Closed || s.doorsClosed()
	s.Showing = &ShowingState{Exhibit: b.Exhibit, Page: b.Page, Since: e.At}
	return nil
}

func (b ExhibitTurned) apply(s *State, _ Event) error {
	x, err := s.mustExhibit(b.Exhibit, ExhibitIn)
	if err != nil || s.Showing == nil || s.Showing.Exhibit != b.Exhibit || b.Page < 1 || b.Page > x.Pages {
		return fmt.Errorf("%w: page of an exhibit", ErrImpossible)
	}
	s.Showing = &ShowingState{Exhibit: b.Exhibit, Page: b.Page, Since: s.Showing.Since}
	return nil
}

func (b ExhibitStopped) apply(s *State, _ Event) error {
	if s.Showing == nil || s.Showing.Exhibit != b.Exhibit {
		return fmt.Errorf("%w: end of showing an exhibit", ErrImpossible)
	}
	s.Showing = nil
	return nil
}

// exhibit is nil for a number that was not given.
func (s *State) exhibit(no int) *ExhibitState {
	if no < 1 || no > len(s.Exhibits) {
		return nil
	}
	return &s.Exhibits[no-1]
}

// mustExhibit finds the exhibit that an event is about, to change it.
func (s *State) mustExhibit(no int, in ExhibitStatus) (*ExhibitState, error) {
	if x := s.exhibit(no); x == nil || x.Status != in {
		return nil, fmt.Errorf("%w: exhibit %d", ErrImpossible, no)
	}
	s.Exhibits = slices.Clone(s.Exhibits)
	return s.exhibit(no), nil
}

// tidyExhibit ends the showing with the session, and whenever the doors close or open:
// whether what is shown is for the public is for the presiding judge to say anew.
func (s *State) tidyExhibit(doorsWereClosed bool) {
	if s.Showing != nil && (s.Status != InSession || s.doorsClosed() != doorsWereClosed) {
		s.Showing = nil
	}
}

// offersExhibits tells who may ask to have a document shown: the trial and the
// parties with who speaks for them. Never those who are called in, support a point,
// interpret or watch.
func offersExhibits(c court.Capacity) bool {
	switch {
	case c.OfTrial():
		return true
	case c == court.Interpreter, c == court.SignInterpreter:
		return false
	default:
		return consultable(c)
	}
}

// knowsExhibit tells whether somebody in the courtroom may know of an exhibit: the
// court of all, everybody of their own, those who may offer some of what was admitted,
// and the rest of what is being shown.
func (s *State) knowsExhibit(x *ExhibitState, id PersonID) bool {
	c := s.booked(id).Capacity
	switch {
	case c.OfCourt() || x.By == id:
		return true
	case x.Status != ExhibitIn:
		return false
	default:
		return offersExhibits(c) || s.shown(x)
	}
}

func (s *State) shown(x *ExhibitState) bool { return s.Showing != nil && s.Showing.Exhibit == x.No }

// exhibitName is a name as somebody wrote it, in one line.
func exhibitName(text string) string {
	if len(text) > 8*MaxExhibitName { // before any work on it
		return ""
	}
	return oneLine(text)
}
