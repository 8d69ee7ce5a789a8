package recording

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"phientoa/internal/ledger"
)

// exhibitRecords are what the lines of one part say of documents.
type exhibitRecords struct {
	named map[int]string // by number: the digest of which the court's events speak
	found []Exhibit
	lines []ledger.Line // of found
}

// event takes the digest of a document out of a copied event of the court: that it was
// admitted, or shown. What else an event says is not ours to judge.
func (x *exhibitRecords) event(l ledger.Line) error {
	var b eventBody
	if err := json.Unmarshal(l.Members, &b); err != nil {
		return err
	}
	if !strings.Contains(b.Line, `"kind":"exhibit.`) {
		return nil
	}
	var e struct {
		Kind string `json:"kind"`
		Body struct {
			Exhibit int    `json:"exhibit"`
			SHA256  string `json:"sha256"`
		} `json:"body"`
	}
	if err := json.Unmarshal([]byte(b.Line), &e); err != nil {
		return fmt.Errorf("event of an exhibit: %w", err)
	}
	if e.Kind != "exhibit.admitted" && e.Kind != "exhibit.presented" {
		return nil
	}
	if x.named == nil {
		x.named = map[int]string{}
	}
	if was, ok := x.named[e.Body.Exhibit]; ok && was != e.Body.SHA256 {
		return fmt.Errorf("two digests of exhibit %d", e.Body.Exhibit)
	}
	if len(x.named) >= maxExhibit {
		return errors.New("more exhibits than a hearing has")
	}
	x.named[e.Body.Exhibit] = e.Body.SHA256
	return short(e.Body.SHA256)
}

// exhibit checks the file of a document against its line.
func (v *partVerifier) exhibit(l ledger.Line) error {
	var b exhibitBody
	if err := errors.Join(json.Unmarshal(l.Members, &b), short(b.File, b.Type, b.SHA256)); err != nil {
		return err
	}
	no, ok := parseExhibitName(b.File)
	whole := b.Torn || len(b.SHA256) >= 8 && strings.HasPrefix(b.File, strings.TrimSuffix(exhibitName(no, b.SHA256, 1, ""), "."))
	if !ok || no != b.Exhibit || b.Bytes < 0 || !whole {
		return fmt.Errorf("impossible exhibit %d in %q", b.Exhibit, b.File)
	}
	if v.files[b.File] != nil {
		v.fault(l, DamageOrder, b.File, "file named twice")
		return nil
	}
	v.file(b.File).covered = b.Bytes
	if !b.Torn {
		if len(v.exhibits.found) >= maxExhibit {
			return errors.New("more exhibits than a hearing has")
		}
		v.exhibits.found = append(v.exhibits.found, Exhibit{v.p.Part, b.Exhibit, b.SHA256, b.File, b.Bytes})
		v.exhibits.lines = append(v.exhibits.lines, l)
	}
	return v.check(l, "", b.File, 0, b.Bytes, b.SHA256, l.T, l.T)
}

// judgeExhibits compares the documents with what the court's events say of them, and
// lists those that events name and that do not stand here.
func (v *partVerifier) judgeExhibits() {
	x := &v.exhibits
	here := map[int]bool{}
	for i, e := range x.found {
		x.found[i].Part = v.p.Part
		here[e.No] = true
		if sum, ok := x.named[e.No]; ok && sum != e.SHA256 {
			v.fault(x.lines[i], DamageExhibit, e.File, "another document than the court admitted")
		}
	}
	for no, sum := range x.named {
		if !here[no] {
			x.found = append(x.found, Exhibit{Part: v.p.Part, No: no, SHA256: sum})
		}
	}
	slices.SortStableFunc(x.found, func(a, b Exhibit) int { return a.No - b.No })
	v.r.Exhibits = append(v.r.Exhibits, x.found...)
}
