package minutebook

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/minutes"
)

// refused makes a typed nil no error.
func refused(b minutes.Body, ref *hearing.Refusal) (minutes.Body, error) {
	if ref != nil {
		return nil, ref
	}
	return b, nil
}

// EntryBody is a line that the clerk writes. About is RFC 3339, empty for now.
type EntryBody struct {
	Text  string `json:"text"`
	About string `json:"about"`
}

func (b *Book) note(c *call) (any, error) {
	var body EntryBody
	if err := c.into(&body); err != nil {
		return nil, err
	}
	about := int64(0)
	if body.About != "" {
		t, err := time.Parse(time.RFC3339, body.About)
		if err != nil {
			return nil, badBody()
		}
		about = t.UnixMicro()
	}
	return nil, b.append(c.r.Context(), c.id, c.l, c.Writer, func(m *minutes.Maker) (minutes.Body, error) {
		return refused(m.Note(c.Writer, body.Text, about, b.p.Now().UnixMicro()))
	})
}

// Empty is a body without members.
type Empty struct{}

// propose makes the file of all lines that are not in a final document yet. The file is
// stored before the item that names it: a crash between the two leaves a file that
// nobody finds.
func (b *Book) propose(c *call) (any, error) {
	if err := c.into(&Empty{}); err != nil {
		return nil, err
	}
	ctx := c.r.Context()
	return nil, b.append(ctx, c.id, c.l, c.Writer, func(m *minutes.Maker) (minutes.Body, error) {
		p, ref := m.Propose(c.Writer)
		if ref != nil {
			return nil, ref
		}
		text, err := m.Write(p.Document, b.p.Now(), false)
		if err != nil {
			return nil, err
		}
		sum, err := b.p.Store.PutDocument(ctx, court.SystemScope(), c.id, text)
		if err != nil {
			return nil, err
		}
		p.Document.SHA256 = hex.EncodeToString(sum[:])
		return p, nil
	})
}

// AcknowledgementBody names the document that was read.
type AcknowledgementBody struct {
	SHA256 string `json:"sha256"`
}

func (b *Book) acknowledge(c *call) (any, error) {
	var body AcknowledgementBody
	if err := c.into(&body); err != nil {
		return nil, err
	}
	return nil, b.append(c.r.Context(), c.id, c.l, c.Writer, func(m *minutes.Maker) (minutes.Body, error) {
		return refused(m.Acknowledge(c.Writer, body.SHA256))
	})
}

// RequestBody asks for an amendment of a line, 0 for the whole.
type RequestBody struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

func (b *Book) ask(c *call) (any, error) {
	var body RequestBody
	if err := c.into(&body); err != nil {
		return nil, err
	}
	return nil, b.append(c.r.Context(), c.id, c.l, c.Writer, func(m *minutes.Maker) (minutes.Body, error) {
		return refused(m.Ask(c.Writer, body.Line, body.Text))
	})
}

// AnswerBody writes a request's outcome at the end of the minutes.
type AnswerBody struct {
	Accepted bool   `json:"accepted"`
	Text     string `json:"text"`
}

func (b *Book) answer(c *call) (any, error) {
	var body AnswerBody
	if err := c.into(&body); err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(c.r.PathValue("request"), 10, 63)
	if err != nil {
		return nil, notFound()
	}
	return nil, b.append(c.r.Context(), c.id, c.l, c.Writer, func(m *minutes.Maker) (minutes.Body, error) {
		return refused(m.Answer(c.Writer, n, body.Accepted, body.Text))
	})
}

func (b *Book) preview(c *call) (any, error) {
	if !c.drafts() {
		return nil, notFound()
	}
	text, err := c.l.maker.Preview(b.p.Now())
	if err != nil {
		return nil, err
	}
	return file{text, "du-thao-bien-ban.pdf"}, nil
}

// document gives a file that stands: waiting for signatures, or final.
func (b *Book) document(c *call) (any, error) {
	sum, ok := c.digest()
	if !ok || !c.reads() || !c.l.maker.State().Has(hex.EncodeToString(sum[:])) {
		b.p.Note(c.unit, c.id, c.who(), deniedMinutes)
		return nil, notFound()
	}
	text, err := b.p.Store.Document(c.r.Context(), court.SystemScope(), c.id, sum)
	if err != nil {
		return nil, err
	}
	b.p.Note(c.unit, c.id, c.who(), readMinutes)
	return file{text, "bien-ban-" + hex.EncodeToString(sum[:4]) + ".pdf"}, nil
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
