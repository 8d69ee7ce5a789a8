package pdf

import "fmt"

// slack in mm keeps rounding from making a cell cross the margin.
const slack = 0.05

// table lays cells out by itself: the library's cells neither wrap beside each other
// nor break over pages.
type table struct {
	d       *Doc
	columns []Column
	ruled   bool
	points  float64
	line    float64 // mm of a line
	pad     float64 // mm around the text
}

func (t *table) widths() []float64 {
	sum := 0.0
	for _, c := range t.columns {
		sum += c.Share
	}
	w := make([]float64, len(t.columns))
	for i, c := range t.columns {
		w[i] = t.d.width() * c.Share / sum
	}
	return w
}

func (t *table) write(rows [][]string) {
	if len(t.columns) == 0 {
		return
	}
	t.head()
	t.d.letters("", t.points)
	for _, r := range rows {
		if len(r) != len(t.columns) {
			t.d.f.SetError(fmt.Errorf("a row of %d cells in a table of %d columns", len(r), len(t.columns)))
			return
		}
		t.row(r)
	}
	t.d.f.SetX(marginLeft)
	t.d.letters("", body)
}

func (t *table) head() {
	if !t.ruled {
		return
	}
	titles := make([]string, len(t.columns))
	for i, c := range t.columns {
		titles[i] = c.Title
	}
	t.d.letters("B", t.points)
	cells, lines := t.wrap(titles)
	t.d.room(float64(lines+2)*t.line + 4*t.pad)
	t.piece(cells, lines)
}

// wrap splits every cell into lines and tells the greatest number of them.
func (t *table) wrap(row []string) (cells [][]string, lines int) {
	lines = 1
	for i, w := range t.widths() {
		// The library's SplitText breaks after a line feed as we want it.
		c := t.d.f.SplitText(clean(row[i]), w-2*t.pad)
		cells = append(cells, c)
		lines = max(lines, len(c))
	}
	return cells, lines
}

// row writes one row, over several pages if it must.
func (t *table) row(row []string) {
	cells, lines := t.wrap(row)
	_, page := t.d.f.GetPageSize()
	whole := float64(lines)*t.line + 2*t.pad
	if whole > t.d.left() && (whole < (page-marginTop-marginBottom)/2 || t.d.left() < 3*t.line) {
		t.next()
	}
	for lines > 0 {
		n := min(lines, int((t.d.left()-2*t.pad-slack)/t.line))
		if n < 1 {
			t.next()
			continue
		}
		part := make([][]string, len(cells))
		for i, c := range cells {
			k := min(n, len(c))
			part[i], cells[i] = c[:k], c[k:]
		}
		t.piece(part, n)
		if lines -= n; lines > 0 {
			t.next()
		}
	}
}

func (t *table) next() {
	t.d.f.AddPage()
	t.head()
	t.d.letters("", t.points)
}

// piece writes the cells' lines at the current place, all of the same height.
func (t *table) piece(cells [][]string, lines int) {
	f := t.d.f
	top, x, h := f.GetY(), marginLeft, float64(lines)*t.line+2*t.pad
	for i, w := range t.widths() {
		if t.ruled {
			f.Rect(x, top, w, h, "D")
		}
		for k, text := range cells[i] {
			f.SetXY(x+t.pad, top+t.pad+float64(k)*t.line)
			f.CellFormat(w-2*t.pad, t.line, text, "", 0, "L", false, 0, "")
		}
		x += w
	}
	f.SetXY(marginLeft, top+h)
}
