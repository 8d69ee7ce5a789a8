// Package pdf builds the court's documents: A4, in the form of Decree 30/2020 (margins,
// Times-like letters, number of the page), with Vietnamese letters embedded. The same
// calls make the same bytes, so that a digest of a document can be made again.
package pdf

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/unicode/norm"
)

// Liberation Serif, metric-compatible with Times New Roman (SIL OFL 1.1, fonts/OFL.txt).
var (
	//go:embed fonts/LiberationSerif-Regular.ttf
	regular []byte
	//go:embed fonts/LiberationSerif-Bold.ttf
	bold []byte
)

// MaxBytes bounds a document: one longer fails in Bytes. Two thousand pages stay below.
const MaxBytes = 16 << 20

// Margins and letters in mm and points (Decree 30/2020, annex I: 20, 30, 20, 15-20 mm).
const (
	marginTop, marginRight, marginBottom, marginLeft = 20.0, 17.0, 20.0, 30.0

	body      = 12.0 // points
	small     = 9.0
	lineOf    = 6.0 // mm of one line of body
	smallLine = 4.4
	family    = "serif"
)

// Info is what a document says about itself. Created is in the metadata and nowhere
// else; two documents of equal content and Created have equal bytes.
type Info struct {
	Title   string
	Author  string // the court
	Subject string
	Created time.Time
	// Footer stands on the left of every page's foot, one line, cut when too long;
	// the number of the page stands on the right. Draft is written above it in bold.
	Footer string
	Draft  string
}

// Doc is a document being written, from the first page to the last. Not for
// concurrent use. Errors wait for Bytes.
type Doc struct {
	f    *fpdf.Fpdf
	info Info
}

// New begins a document with an empty page.
func New(info Info) *Doc {
	f := fpdf.New("P", "mm", "A4", "")
	d := &Doc{f: f, info: info}
	f.SetCatalogSort(true)
	f.SetCreationDate(info.Created.UTC())
	f.SetModificationDate(info.Created.UTC())
	f.SetProducer("phientoa", true)
	f.SetTitle(clean(info.Title), true)
	f.SetAuthor(clean(info.Author), true)
	f.SetSubject(clean(info.Subject), true)
	f.SetLang("vi-VN")
	f.AddUTF8FontFromBytes(family, "", regular)
	f.AddUTF8FontFromBytes(family, "B", bold)
	f.SetMargins(marginLeft, marginTop, marginRight)
	f.SetAutoPageBreak(true, marginBottom)
	f.SetCellMargin(0)
	f.AliasNbPages(allPages)
	f.SetFooterFunc(d.foot)
	f.AddPage()
	d.letters("", body)
	return d
}

// allPages stands for the number of pages until it is known; no text contains it,
// because clean takes control characters out.
const allPages = "\u0001n\u0001"

func (d *Doc) foot() {
	f := d.f
	w := d.width()
	if d.info.Draft != "" {
		f.SetY(-16)
		d.letters("B", small)
		f.CellFormat(w, smallLine, clean(d.info.Draft), "", 1, "C", false, 0, "")
	}
	f.SetY(-12)
	d.letters("", small)
	f.CellFormat(w-25, smallLine, d.cut(d.info.Footer, w-27), "", 0, "L", false, 0, "")
	f.CellFormat(25, smallLine, fmt.Sprintf("%d/%s", f.PageNo(), allPages), "", 0, "R", false, 0, "")
	d.letters("", body)
}

// cut shortens one line of text to w mm.
func (d *Doc) cut(text string, w float64) string {
	r := []rune(clean(text))
	if d.f.GetStringWidth(string(r)) <= w {
		return string(r)
	}
	for len(r) > 0 && d.f.GetStringWidth(string(r)+"…") > w {
		r = r[:len(r)-1]
	}
	return string(r) + "…"
}

func (d *Doc) width() float64 {
	w, _ := d.f.GetPageSize()
	return w - marginLeft - marginRight
}

func (d *Doc) letters(style string, points float64) { d.f.SetFont(family, style, points) }

// clean is text in the one form that the letters have: composed (NFC), without control
// characters but the line feed, and U+FFFD for what lies beyond the basic plane.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		case r > 0xffff:
			return unicode.ReplacementChar
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(text, "\ufffd")))
}

// Emblem is the head of a document of a court: the issuing body on the left, the
// country's name and motto on the right.
func (d *Doc) Emblem(body, number string) {
	f := d.f
	top, half := f.GetY(), d.width()/2
	d.letters("B", 11)
	f.SetXY(marginLeft, top)
	f.MultiCell(half-4, 5.2, clean(body), "", "C", false)
	if number != "" {
		d.letters("", 11)
		f.SetX(marginLeft)
		f.MultiCell(half-4, 5.2, clean(number), "", "C", false)
	}
	left := f.GetY()
	d.letters("B", 11)
	f.SetXY(marginLeft+half-4, top)
	f.MultiCell(half+4, 5.2, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc", "", "C", false)
	y := f.GetY() + 1
	f.Line(marginLeft+half+20, y, marginLeft+d.width()-22, y)
	f.SetXY(marginLeft, max(left, y)+6)
	d.letters("", 12)
}

// Title is the document's name in the middle, with a line below it; sub may be empty.
func (d *Doc) Title(title, sub string) {
	d.letters("B", 15)
	d.f.MultiCell(d.width(), 7.5, clean(title), "", "C", false)
	if sub != "" {
		d.letters("", body)
		d.f.MultiCell(d.width(), lineOf, clean(sub), "", "C", false)
	}
	d.f.Ln(3)
	d.letters("", body)
}

// Heading begins a section; it does not stand alone at the foot of a page.
func (d *Doc) Heading(text string) {
	d.room(3 * lineOf)
	d.f.Ln(2)
	d.letters("B", body)
	d.f.MultiCell(d.width(), lineOf, clean(text), "", "L", false)
	d.f.Ln(1)
	d.letters("", body)
}

// Paragraph is running text; line feeds stay.
func (d *Doc) Paragraph(text string) {
	d.f.MultiCell(d.width(), lineOf, clean(text), "", "L", false)
	d.f.Ln(1.5)
}

// Small is a note in small letters.
func (d *Doc) Small(text string) {
	d.letters("", small)
	d.f.MultiCell(d.width(), smallLine, clean(text), "", "L", false)
	d.f.Ln(1)
	d.letters("", body)
}

// Column of a table. Share is the part of the width; a table's shares need not sum to
// anything.
type Column struct {
	Title string
	Share float64
}

// Table has ruled cells whose text wraps. The head is repeated on every page; a row
// taller than a page is continued on the next. Rows with more or fewer cells than
// columns are an error.
func (d *Doc) Table(columns []Column, rows [][]string) {
	t := table{d: d, columns: columns, ruled: true, points: 10.5, line: 5.2, pad: 1}
	t.write(rows)
}

// Facts are pairs of a word and what it says, without rules.
func (d *Doc) Facts(facts [][2]string) {
	t := table{d: d, columns: []Column{{Share: 3}, {Share: 7}}, points: body, line: lineOf}
	rows := make([][]string, len(facts))
	for i, x := range facts {
		rows[i] = []string{x[0], x[1]}
	}
	t.write(rows)
	d.f.Ln(1.5)
}

// NewPage begins a page.
func (d *Doc) NewPage() { d.f.AddPage() }

// namesBelow is how far the names stand below the words over them, in mm.
const namesBelow = 42.0

// Signatures are places to sign, side by side: the words above and the name below.
func (d *Doc) Signatures(places [][2]string) {
	if len(places) == 0 {
		return
	}
	d.room(55)
	f := d.f
	top, w := f.GetY(), d.width()/float64(len(places))
	for i, p := range places {
		x := marginLeft + float64(i)*w
		d.letters("B", body)
		f.SetXY(x, top)
		f.MultiCell(w, lineOf, clean(p[0]), "", "C", false)
		f.SetXY(x, top+namesBelow)
		f.MultiCell(w, lineOf, clean(p[1]), "", "C", false)
	}
	f.SetXY(marginLeft, top+52)
	d.letters("", body)
}

// SignatureBlock is where stamps of signatures may stand on a SignaturePage: the empty
// strip between the words above and the names below, as left, bottom, right and top in
// points from the page's lower left corner (a Rect of ISO 32000-1, 7.9.5). The page
// shows nothing of ours there, so a stamp inside covers nothing.
func SignatureBlock() [4]float64 {
	const point, width, height = 72 / 25.4, 210.0, 297.0
	return [4]float64{marginLeft * point, (height - blockBottom) * point, (width - marginRight) * point, (height - blockTop) * point}
}

// Upper and lower edge of SignatureBlock in mm from the page's upper edge: below two
// lines of text and two lines of words, above the names under one line of text.
const blockTop, blockBottom = 46.0, 69.0

// SignaturePage is a page of its own with what is signed and the places to sign it. What
// would reach into SignatureBlock makes Bytes fail: said has two lines at most, and so
// has each of the words above.
func (d *Doc) SignaturePage(said string, places [][2]string) {
	d.NewPage()
	d.Paragraph(said)
	top, w := d.f.GetY(), d.width()/float64(max(1, len(places)))
	d.letters("B", body)
	for _, p := range places {
		if lines := d.f.SplitText(clean(p[0]), w); top+float64(len(lines))*lineOf > blockTop || top+namesBelow < blockBottom {
			d.f.SetErrorf("what is signed, or the words over a place to sign, are too long")
		}
	}
	d.letters("", body)
	d.Signatures(places)
}

// room begins a page when less than mm millimetres are left on this one.
func (d *Doc) room(mm float64) {
	if d.left() < mm {
		d.f.AddPage()
	}
}

func (d *Doc) left() float64 {
	_, h := d.f.GetPageSize()
	return h - marginBottom - d.f.GetY()
}

// Bytes ends the document.
func (d *Doc) Bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := d.f.Output(&out); err != nil {
		return nil, fmt.Errorf("pdf: %w", err)
	}
	if out.Len() > MaxBytes {
		return nil, errors.New("pdf: the document is too long")
	}
	return out.Bytes(), nil
}
