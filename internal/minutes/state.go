package minutes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/vietnam"
)

// Status is where the minutes stand.
type Status string

// A draft grows with the hearing. Proposed minutes may be read by those whom BLTTHS art.
// 258 names, and wait for the two signatures. Final ones carry both.
const (
	Draft     Status = "draft"
	ProposedS Status = "proposed"
	Final     Status = "final"
)

// State is where the minutes stand after N items. It is a value of its log.
type State struct {
	N, Seq uint64
	// Current is what waits for signatures; nil: nothing does.
	Current *Document
	// Latest is the file to sign next: Current's, or the one that carries Signers.
	Latest   string
	Signers  []Signer // of Current so far
	Finals   []Finished
	Requests []Request
	Readers  []Reader
	versions int
}

// Finished is a document with both signatures.
type Finished struct {
	Document Document
	SHA256   string // of the signed file
	Signers  []Signer
	At       int64
}

// Request for an amendment.
type Request struct {
	Item     uint64
	By       Writer
	At       int64
	Line     int
	Text     string
	Answered bool
	Accepted bool
	Answer   string
}

// Reader said that they read a document.
type Reader struct {
	By     Writer
	SHA256 string
	At     int64
}

// Status tells where the minutes stand; amendments behind final minutes that wait for
// signatures do not make them less final.
func (s *State) Status() Status {
	switch {
	case len(s.Finals) > 0:
		return Final
	case s.Current != nil:
		return ProposedS
	}
	return Draft
}

// FinalLines is how many lines stand in final documents.
func (s *State) FinalLines() int {
	if len(s.Finals) == 0 {
		return 0
	}
	return s.Finals[len(s.Finals)-1].Document.Lines
}

// Shown is the file that people who are not of the court read: the one that waits for
// signatures, or the last final one; empty while there is only a draft.
func (s *State) Shown() string {
	switch {
	case s.Current != nil:
		return s.Latest
	case len(s.Finals) > 0:
		return s.Finals[len(s.Finals)-1].SHA256
	}
	return ""
}

// Has tells whether the file is one of the documents that stand: waiting or final.
func (s *State) Has(sha256 string) bool {
	if s.Current != nil && (sha256 == s.Latest || sha256 == s.Current.SHA256) {
		return true
	}
	return slices.ContainsFunc(s.Finals, func(f Finished) bool { return f.SHA256 == sha256 })
}

func (s *State) request(item uint64) int {
	return slices.IndexFunc(s.Requests, func(r Request) bool { return r.Item == item })
}

// apply returns the state behind the item; s is not changed.
func (s *State) apply(i Item) (*State, error) {
	if i.N != s.N+1 || i.Seq < s.Seq {
		return nil, fmt.Errorf("%w: item %d after %d", ErrItem, i.N, s.N)
	}
	n := *s
	n.N, n.Seq = i.N, i.Seq
	n.Signers, n.Finals = slices.Clone(s.Signers), slices.Clone(s.Finals)
	n.Requests, n.Readers = slices.Clone(s.Requests), slices.Clone(s.Readers)
	impossible := fmt.Errorf("%w: item %d (%s) follows from no act", ErrItem, i.N, i.Body.Kind())
	switch b := i.Body.(type) {
	case Noted:
		if len(n.Finals) > 0 {
			return nil, impossible
		}
		n.withdraw()
	case Proposed:
		if b.Document.Version != s.versions+1 || b.Document.From != s.FinalLines()+1 || b.Document.Lines < b.Document.From {
			return nil, impossible
		}
		n.withdraw()
		d := b.Document
		n.Current, n.Latest, n.versions = &d, d.SHA256, d.Version
	case Signed:
		if n.Current == nil || len(b.Signers) <= len(n.Signers) {
			return nil, impossible
		}
		n.sign(b, i.At)
	case Read:
		if !n.Has(b.SHA256) {
			return nil, impossible
		}
		n.Readers = append(n.Readers, Reader{By: i.By, SHA256: b.SHA256, At: i.At})
	case Asked:
		n.Requests = append(n.Requests, Request{Item: i.N, By: i.By, At: i.At, Line: b.Line, Text: b.Text})
	case Answered:
		k := n.request(b.Request)
		if k < 0 || n.Requests[k].Answered {
			return nil, impossible
		}
		r := &n.Requests[k]
		r.Answered, r.Accepted, r.Answer = true, b.Accepted, b.Text
		n.withdraw()
	default:
		return nil, impossible
	}
	return &n, nil
}

// withdraw takes back what waits for signatures: it would lack what comes now.
func (s *State) withdraw() { s.Current, s.Latest, s.Signers = nil, "", nil }

func (s *State) sign(b Signed, at int64) {
	s.Signers, s.Latest = slices.Clone(b.Signers), b.SHA256
	if Complete(b.Signers) {
		s.Finals = append(s.Finals, Finished{Document: *s.Current, SHA256: b.SHA256, Signers: s.Signers, At: at})
		s.withdraw()
	}
}

// Complete tells whether both who have to sign did: the presiding judge and a clerk of
// the hearing (BLTTHS art. 258.3).
func Complete(signers []Signer) bool {
	has := func(c court.Capacity) bool {
		return slices.ContainsFunc(signers, func(s Signer) bool { return s.Capacity == c })
	}
	return has(court.PresidingJudge) && has(court.Clerk)
}

// written is the line that an item makes, if it makes one.
func (m *Maker) written(i Item) (Line, bool) {
	l := Line{At: i.At, Seq: i.Seq, Item: i.N, Kind: i.Body.Kind()}
	switch b := i.Body.(type) {
	case Noted:
		l.Source, l.Text, l.About = FromClerk, b.Text, b.About
	case Answered:
		r := m.doc.Requests[m.doc.request(b.Request)]
		l.Source, l.Text = Amendment, m.amendment(r, b)
	default:
		return Line{}, false
	}
	return l, true
}

func (m *Maker) amendment(r Request, b Answered) string {
	text := "Theo yêu cầu của " + m.who(r.By.Person)
	if r.Line > 0 {
		text += fmt.Sprintf(" về dòng %d", r.Line)
	}
	text += fmt.Sprintf(" (lúc %s, %s): “%s”. ", Clock(r.At), vietnam.Day(time.UnixMicro(r.At)), strings.TrimRight(r.Text, "."))
	if b.Accepted {
		return text + "Sửa đổi, bổ sung: " + b.Text
	}
	return text + "Không chấp nhận; lý do: " + b.Text
}
