package minutebook

import (
	"encoding/hex"
	"slices"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/minutes"
	"phientoa/internal/store"
)

// MinutesAnswer is what the caller may know of the minutes. Times are RFC 3339, UTC.
type MinutesAnswer struct {
	Hearing  HearingItem `json:"hearing"`
	Status   string      `json:"status"` // draft, proposed, final
	Total    int         `json:"total"`  // lines that the caller may read
	Lines    []LineItem  `json:"lines"`  // from the one asked for on
	Head     string      `json:"head"`   // digest of lines 1 to Total
	Waiting  *Waiting    `json:"waiting"`
	Finals   []Document  `json:"finals"`
	Requests []Request   `json:"requests"`
	Readers  []Reader    `json:"readers"`
	May      May         `json:"may"`
}

// HearingItem names the hearing.
type HearingItem struct {
	ID       string `json:"id"`
	DocketNo string `json:"docket_no"`
	Title    string `json:"title"`
	Court    string `json:"court"`
	Status   string `json:"status"`
}

// LineItem is one line.
type LineItem struct {
	N      int        `json:"n"`
	At     time.Time  `json:"at"`
	Source string     `json:"source"` // log, clerk, amendment
	Kind   string     `json:"kind"`
	Text   string     `json:"text"`
	About  *time.Time `json:"about"`
}

// Document is a file and who signed it.
type Document struct {
	SHA256  string       `json:"sha256"`
	Version int          `json:"version"`
	From    int          `json:"from"`
	Lines   int          `json:"lines"`
	Signers []SignerItem `json:"signers"`
	At      *time.Time   `json:"at"` // when it became final
	// Supplement is the number of the sealed file of it; 0: none yet.
	Supplement int `json:"supplement"`
}

// Waiting is the document that waits for signatures; SHA256 is the file to sign next.
type Waiting struct {
	Document
	// Missing are the capacities that have not signed.
	Missing []string `json:"missing"`
}

// SignerItem is a signature.
type SignerItem struct {
	Capacity string `json:"capacity"`
	Name     string `json:"name"`
	Issuer   string `json:"issuer"`
	// Bound: the certificate is registered for this person; otherwise the name in it and
	// its authority are all that was compared.
	Bound bool       `json:"bound"`
	At    *time.Time `json:"at"`
}

// Request for an amendment.
type Request struct {
	ID       uint64    `json:"id"`
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Capacity string    `json:"capacity"`
	Line     int       `json:"line"`
	Text     string    `json:"text"`
	Answered bool      `json:"answered"`
	Accepted bool      `json:"accepted"`
	Answer   string    `json:"answer"`
}

// Reader said that they read the document that stands.
type Reader struct {
	At       time.Time `json:"at"`
	Name     string    `json:"name"`
	Capacity string    `json:"capacity"`
}

// May is what the caller could do now.
type May struct {
	Write       bool `json:"write"`
	Propose     bool `json:"propose"`
	Sign        bool `json:"sign"`
	Answer      bool `json:"answer"`
	Ask         bool `json:"ask"`
	Acknowledge bool `json:"acknowledge"`
}

// read answers with the draft to the hearing's court, and with what was proposed to
// those who may read it; before that, they learn that there is only a draft.
func (b *Book) read(c *call) (any, error) {
	if !c.reads() {
		b.p.Note(c.unit, c.id, c.who(), deniedMinutes)
		return nil, notFound()
	}
	m := c.l.maker
	s := m.State()
	booked := m.Hearing().Booking
	total := c.lines(m)
	head := m.Head(total)
	a := MinutesAnswer{
		Hearing: HearingItem{ID: c.id, DocketNo: booked.DocketNo, Title: booked.Title, Court: booked.Court, Status: string(m.Hearing().Status)},
		Status:  string(s.Status()), Total: total, Lines: []LineItem{}, Head: hex.EncodeToString(head[:]),
		Finals: []Document{}, Requests: []Request{}, Readers: []Reader{}, May: c.may(m),
	}
	for _, l := range m.Lines()[min(c.from()-1, total):total] {
		item := LineItem{N: l.N, At: moment(l.At), Source: string(l.Source), Kind: l.Kind, Text: l.Text}
		if l.About != 0 {
			about := moment(l.About)
			item.About = &about
		}
		a.Lines = append(a.Lines, item)
	}
	if s.Current != nil {
		w := Waiting{Document: document(*s.Current, s.Latest, s.Signers), Missing: missing(s.Signers)}
		a.Waiting = &w
	}
	sealed, err := b.sealed(c, s)
	if err != nil {
		return nil, err
	}
	for _, f := range s.Finals {
		d, at := document(f.Document, f.SHA256, f.Signers), moment(f.At)
		d.At, d.Supplement = &at, sealed[store.MinutesSubject+f.SHA256]
		a.Finals = append(a.Finals, d)
	}
	c.requests(m, &a)
	b.noteRead(c, total)
	return a, nil
}

// sealed are the numbers of supplements by subject; nothing is asked before there can be
// one.
func (b *Book) sealed(c *call, s *minutes.State) (map[string]int, error) {
	if len(s.Finals) == 0 {
		return nil, nil
	}
	list, err := b.p.Store.ArchiveSupplements(c.r.Context(), court.SystemScope(), c.id)
	numbers := map[string]int{}
	for _, x := range list {
		numbers[x.Subject] = x.Number
	}
	return numbers, err
}

// noteRead notes the first page only: a page that follows the hearing asks every few seconds.
func (b *Book) noteRead(c *call, total int) {
	if c.from() == 1 && total > 0 {
		b.p.Note(c.unit, c.id, c.who(), readMinutes)
	}
}

// lines is how many lines the caller may read.
func (c *call) lines(m *minutes.Maker) int {
	s := m.State()
	switch {
	case c.drafts():
		return len(m.Lines())
	case s.Current != nil:
		return s.Current.Lines
	}
	return s.FinalLines()
}

// requests shows all of them, and who read, to the hearing's court; to others their own.
func (c *call) requests(m *minutes.Maker, a *MinutesAnswer) {
	s := m.State()
	capacity := func(w minutes.Writer) string { return string(w.Capacity) }
	for _, r := range s.Requests {
		if !c.drafts() && r.By.Person != c.Person {
			continue
		}
		a.Requests = append(a.Requests, Request{
			ID: r.Item, At: moment(r.At), By: m.Name(r.By.Person), Capacity: capacity(r.By), Line: r.Line, Text: r.Text,
			Answered: r.Answered, Accepted: r.Accepted, Answer: r.Answer,
		})
	}
	for _, r := range s.Readers {
		if r.SHA256 == s.Shown() && (c.drafts() || r.By.Person == c.Person) {
			a.Readers = append(a.Readers, Reader{At: moment(r.At), Name: m.Name(r.By.Person), Capacity: capacity(r.By)})
		}
	}
}

// may asks the rules with the shortest words that could be written.
func (c *call) may(m *minutes.Maker) May {
	s := m.State()
	allowed := func(_ minutes.Body, ref *hearing.Refusal) bool { return ref == nil }
	_, ref := m.Propose(c.Writer)
	return May{
		Write:   allowed(m.Note(c.Writer, "x", 0, m.Hearing().BookedAt)),
		Propose: ref == nil,
		Sign:    c.Writes() && s.Current != nil,
		Answer:  c.Writes() && slices.ContainsFunc(s.Requests, func(r minutes.Request) bool { return !r.Answered }),
		Ask:     allowed(m.Ask(c.Writer, 0, "x")),
		Acknowledge: !c.Writes() && s.Shown() != "" && c.Capacity != "" && minutes.Reads(c.Capacity) &&
			!slices.ContainsFunc(s.Readers, func(r minutes.Reader) bool { return r.By.Person == c.Person && r.SHA256 == s.Shown() }),
	}
}

func document(d minutes.Document, sha256 string, signers []minutes.Signer) Document {
	out := Document{SHA256: sha256, Version: d.Version, From: d.From, Lines: d.Lines, Signers: []SignerItem{}}
	for _, s := range signers {
		item := SignerItem{Capacity: string(s.Capacity), Name: s.Name, Issuer: s.Issuer, Bound: s.Bound}
		if s.At != 0 {
			at := moment(s.At)
			item.At = &at
		}
		out.Signers = append(out.Signers, item)
	}
	return out
}

func moment(at int64) time.Time { return time.UnixMicro(at).UTC() }

// missing are the capacities that have to sign and did not (BLTTHS art. 258.3).
func missing(signers []minutes.Signer) []string {
	out := []string{}
	for _, c := range []court.Capacity{court.PresidingJudge, court.Clerk} {
		if !slices.ContainsFunc(signers, func(s minutes.Signer) bool { return s.Capacity == c }) {
			out = append(out, string(c))
		}
	}
	return out
}
