package minutes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// Item is one act of writing the minutes, in their own insert-only log.
type Item struct {
	N   uint64 // from 1, without holes
	Seq uint64 // last event of the hearing's log before it
	At  int64  // UTC unix microseconds
	By  Writer
	// Body is a value of one of the types below.
	Body Body
}

// Body is what was done. Kind is its stable name.
type Body interface{ Kind() string }

// Bodies.
type (
	// Noted: the clerk or the presiding judge wrote a line. About is the time that it
	// speaks of, UTC unix microseconds, 0 for now. It withdraws a proposal.
	Noted struct {
		Text  string `json:"text"`
		About int64  `json:"about"`
	}
	// Proposed: a document of the lines From to Lines was made for reading and signing.
	Proposed struct {
		Document Document `json:"document"`
	}
	// Signed: SHA256 is the document with personal signatures, these among them.
	Signed struct {
		SHA256  string   `json:"sha256"`
		Signers []Signer `json:"signers"` // of the whole file, in order
	}
	// Read: somebody said that they read the document.
	Read struct {
		SHA256 string `json:"sha256"`
	}
	// Asked: somebody asks for an amendment (BLTTHS art. 258.4). Line 0: of the whole.
	Asked struct {
		Line int    `json:"line"`
		Text string `json:"text"`
	}
	// Answered: the request of item Request is written at the end of the minutes, with
	// what is amended, or why it is not. It withdraws a proposal.
	Answered struct {
		Request  uint64 `json:"request"`
		Accepted bool   `json:"accepted"`
		Text     string `json:"text"`
	}
)

// Document is one made of lines. A supplement begins behind the lines of the documents
// that are final.
type Document struct {
	Version int    `json:"version"` // from 1
	From    int    `json:"from"`    // first line
	Lines   int    `json:"lines"`   // last line
	Head    string `json:"head"`    // of line Lines, 64 hex digits
	SHA256  string `json:"sha256"`  // of the file's bytes, 64 hex digits
}

// Signer is a person whose signature stands on a document.
type Signer struct {
	Capacity court.Capacity   `json:"capacity"`
	Person   hearing.PersonID `json:"person"`
	// Name, Issuer and Serial (hex) are of the certificate; SHA256 of its DER bytes.
	Name   string `json:"name"`
	Issuer string `json:"issuer"`
	Serial string `json:"serial"`
	SHA256 string `json:"sha256"`
	At     int64  `json:"at"` // signing time that the signature states, UTC unix microseconds
	// Bound: the certificate's key is registered for the person's account. Otherwise the
	// name in it and its authority are all that was compared.
	Bound bool `json:"bound,omitempty"`
}

// Kind is the item's stable name.
func (Noted) Kind() string { return "entry.noted" }

// Kind is the item's stable name.
func (Proposed) Kind() string { return "minutes.proposed" }

// Kind is the item's stable name.
func (Signed) Kind() string { return "minutes.signed" }

// Kind is the item's stable name.
func (Read) Kind() string { return "minutes.read" }

// Kind is the item's stable name.
func (Asked) Kind() string { return "amendment.asked" }

// Kind is the item's stable name.
func (Answered) Kind() string { return "amendment.answered" }

// itemLine is an item's form in the log.
type itemLine struct {
	N    uint64          `json:"n"`
	Seq  uint64          `json:"seq"`
	At   int64           `json:"at"`
	Kind string          `json:"kind"`
	By   Writer          `json:"by"`
	Body json.RawMessage `json:"body"`
}

// Marshal writes the item as one line of JSON without a newline.
func Marshal(i Item) ([]byte, error) {
	if i.Body == nil {
		return nil, fmt.Errorf("%w: no body", ErrItem)
	}
	raw, err := json.Marshal(i.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrItem, err)
	}
	return json.Marshal(itemLine{N: i.N, Seq: i.Seq, At: i.At, Kind: i.Body.Kind(), By: i.By, Body: raw})
}

// Parse reads a line of Marshal; every other spelling of the same item is ErrItem.
func Parse(text []byte) (Item, error) {
	var l itemLine
	if err := strict(text, &l); err != nil {
		return Item{}, err
	}
	b, err := parseBody(l.Kind, l.Body)
	if err != nil {
		return Item{}, err
	}
	i := Item{N: l.N, Seq: l.Seq, At: l.At, By: l.By, Body: b}
	again, err := Marshal(i)
	if err != nil {
		return Item{}, err
	}
	if !bytes.Equal(again, text) {
		return Item{}, fmt.Errorf("%w: not in canonical form", ErrItem)
	}
	return i, nil
}

func parseBody(kind string, raw []byte) (Body, error) {
	switch kind {
	case Noted{}.Kind():
		return decode[Noted](raw)
	case Proposed{}.Kind():
		return decode[Proposed](raw)
	case Signed{}.Kind():
		return decode[Signed](raw)
	case Read{}.Kind():
		return decode[Read](raw)
	case Asked{}.Kind():
		return decode[Asked](raw)
	case Answered{}.Kind():
		return decode[Answered](raw)
	}
	return nil, fmt.Errorf("%w: unknown kind", ErrItem)
}

func decode[B Body](raw []byte) (Body, error) {
	var b B
	if err := strict(raw, &b); err != nil {
		return nil, err
	}
	return b, nil
}

func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrItem, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more than one value", ErrItem)
	}
	return nil
}
