package units

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"phientoa/internal/court"
)

// MaxFileBytes of a tree as CSV or JSON.
const MaxFileBytes = 16 << 20

// header are the columns of the CSV form, one unit a line. successors are ids with
// spaces between; procuracies, of a court, the correspondences as id@first-day or
// id@first-day/first-day-after, with spaces between.
func header() []string {
	return []string{"id", "kind", "branch", "level", "name", "parent", "from", "until", "successors", "procuracies"}
}

// ErrFile is what all errors of reading a file are; their text names the line.
var ErrFile = errors.New("units: no list of units")

func fileError(line int, vi, en string) error {
	return fmt.Errorf("%w: dòng %d: %s / line %d: %s", ErrFile, line, vi, line, en)
}

// WriteCSV writes the list in the tree's order. What ReadCSV makes of it is the same list.
func (t *Tree) WriteCSV(w io.Writer) error {
	pairs := map[court.UnitID][]string{}
	for _, p := range t.list.Pairs {
		text := string(p.Procuracy) + "@" + string(p.From)
		if p.Until != "" {
			text += "/" + string(p.Until)
		}
		pairs[p.Court] = append(pairs[p.Court], text)
	}
	out := csv.NewWriter(w)
	if err := out.Write(header()); err != nil {
		return fmt.Errorf("units: %w", err)
	}
	for _, u := range t.list.Units {
		heirs := make([]string, 0, len(u.Successors))
		for _, s := range u.Successors {
			heirs = append(heirs, string(s))
		}
		if err := out.Write([]string{
			string(u.ID), string(u.Kind), string(u.Branch), string(u.Level), u.Name, string(u.Parent), string(u.From), string(u.Until),
			strings.Join(heirs, " "), strings.Join(pairs[u.ID], " "),
		}); err != nil {
			return fmt.Errorf("units: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("units: %w", err)
	}
	return nil
}

// ReadCSV reads the form of WriteCSV; a mark of UTF-8 in front is taken off. Build says
// whether the list is sound.
func ReadCSV(r io.Reader) (List, error) {
	b, err := limited(r)
	if err != nil {
		return List{}, err
	}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	in.FieldsPerRecord = len(header())
	var l List
	for first := true; ; first = false {
		row, err := in.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF) && !first:
			return l, nil
		case errors.As(err, &bad):
			return List{}, fileError(bad.Line, "không đúng dạng CSV với 10 cột.", "no CSV of 10 columns.")
		case err != nil:
			return List{}, fileError(1, "tệp trống.", "the file is empty.")
		}
		line, _ := in.FieldPos(0)
		if first {
			if !reflect.DeepEqual(row, header()) {
				return List{}, fileError(line, "dòng đầu phải là "+strings.Join(header(), ","), "the first line has to be "+strings.Join(header(), ","))
			}
			continue
		}
		if len(l.Units) == MaxUnits || len(l.Pairs) > MaxPairs {
			return List{}, fileError(line, "quá nhiều đơn vị.", "too many units.")
		}
		if err := l.add(row, line); err != nil {
			return List{}, err
		}
	}
}

// add takes one line.
func (l *List) add(row []string, line int) error {
	u := Unit{
		ID: court.UnitID(row[0]), Kind: Kind(row[1]), Branch: Branch(row[2]), Level: Level(row[3]), Name: row[4],
		Parent: court.UnitID(row[5]), Span: Span{Day(row[6]), Day(row[7])},
	}
	for _, s := range strings.Fields(row[8]) {
		u.Successors = append(u.Successors, court.UnitID(s))
	}
	l.Units, l.unitLines = append(l.Units, u), append(l.unitLines, line)
	for _, s := range strings.Fields(row[9]) {
		id, days, ok := strings.Cut(s, "@")
		if !ok {
			return fileError(line, "quan hệ tương ứng phải có dạng mã@ngày hoặc mã@ngày/ngày.", "a correspondence looks like id@day or id@day/day.")
		}
		from, until, _ := strings.Cut(days, "/")
		l.Pairs = append(l.Pairs, Correspondence{Procuracy: court.UnitID(id), Court: u.ID, Span: Span{Day(from), Day(until)}})
		l.pairLines = append(l.pairLines, line)
	}
	return nil
}

// WriteJSON writes the list in the tree's order.
func (t *Tree) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(t.list); err != nil {
		return fmt.Errorf("units: %w", err)
	}
	return nil
}

// ReadJSON reads the form of WriteJSON.
func ReadJSON(r io.Reader) (List, error) {
	b, err := limited(r)
	if err != nil {
		return List{}, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var l List
	if err := d.Decode(&l); err != nil || d.More() {
		return List{}, fileError(1, "không đúng dạng JSON của danh sách đơn vị.", "no JSON of a list of units.")
	}
	return l, nil
}

// Read takes either form: JSON begins with a brace.
func Read(r io.Reader) (List, error) {
	b, err := limited(r)
	if err != nil {
		return List{}, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
		return ReadJSON(bytes.NewReader(b))
	}
	return ReadCSV(bytes.NewReader(b))
}

func limited(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFileBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	case len(b) > MaxFileBytes:
		return nil, fileError(1, "tệp quá 16 MB.", "the file has more than 16 MB.")
	}
	return b, nil
}

// Change is what a new tree makes of one unit.
type Change struct {
	Was, Now *Unit // nil: it was not there, it is there no more
}

// Difference is what changes from one tree to another.
type Difference struct {
	Units          []Change         // by id
	Ended, Started []Correspondence // pairs that are only in the old, only in the new tree
}

// Diff compares two trees; t may be nil, the tree of nothing.
func (t *Tree) Diff(now *Tree) Difference {
	if t == nil {
		t = &Tree{}
	}
	var d Difference
	for i, j := 0, 0; i < len(t.list.Units) || j < len(now.list.Units); {
		var was, is *Unit
		if i < len(t.list.Units) {
			was = &t.list.Units[i]
		}
		if j < len(now.list.Units) {
			is = &now.list.Units[j]
		}
		switch { // both are sorted by id
		case is == nil || was != nil && was.ID < is.ID:
			d.Units, i = append(d.Units, Change{Was: was}), i+1
		case was == nil || is.ID < was.ID:
			d.Units, j = append(d.Units, Change{Now: is}), j+1
		default:
			if !reflect.DeepEqual(was, is) {
				d.Units = append(d.Units, Change{Was: was, Now: is})
			}
			i, j = i+1, j+1
		}
	}
	old := map[Correspondence]bool{}
	for _, p := range t.list.Pairs {
		old[p] = true
	}
	for _, p := range now.list.Pairs {
		if !old[p] {
			d.Started = append(d.Started, p)
		}
		delete(old, p)
	}
	for _, p := range t.list.Pairs {
		if old[p] {
			d.Ended = append(d.Ended, p)
		}
	}
	return d
}
