package units

import (
	"cmp"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"phientoa/internal/court"
)

// Finding is a mistake of a list, in words for who sent it.
type Finding struct {
	Line int    `json:"line"` // of the file, else the position in its list, from 1
	ID   string `json:"id"`   // of the unit; of a pair its court's
	Code string `json:"code"`
	Vi   string `json:"vi"`
	En   string `json:"en"`
}

// builder gathers findings while it checks a list.
type builder struct {
	t        *Tree
	findings []Finding
}

func (b *builder) no(line int, id court.UnitID, code, vi, en string) {
	if len(b.findings) < MaxFindings {
		b.findings = append(b.findings, Finding{
			Line: line, ID: string(id), Code: code,
			Vi: fmt.Sprintf("Dòng %d (%.64s): %s", line, id, vi), En: fmt.Sprintf("Line %d (%.64s): %s", line, id, en),
		})
	}
}

// Build checks a list. It returns a tree, or at most MaxFindings mistakes.
func Build(l List) (*Tree, []Finding) {
	b := &builder{t: &Tree{
		byID: map[court.UnitID]int{}, children: map[court.UnitID][]court.UnitID{},
		courts: map[court.UnitID][]Correspondence{}, vks: map[court.UnitID][]Correspondence{},
	}}
	if len(l.Units) > MaxUnits || len(l.Pairs) > MaxPairs {
		b.no(0, "", "too_many", fmt.Sprintf("danh sách có quá %d đơn vị hoặc quá %d quan hệ tương ứng.", MaxUnits, MaxPairs),
			fmt.Sprintf("the list has more than %d units or %d correspondences.", MaxUnits, MaxPairs))
		return nil, b.findings
	}
	units, pairs := sorted(l)
	for i, u := range units {
		b.t.list.Units = append(b.t.list.Units, u.Unit)
		if _, twice := b.t.byID[u.ID]; twice {
			b.no(u.line, u.ID, "id_twice", "mã đơn vị bị trùng.", "the id is there twice.")
		}
		b.t.byID[u.ID] = i
		b.fields(u.line, u.Unit)
		if u.Parent != "" {
			b.t.children[u.Parent] = append(b.t.children[u.Parent], u.ID)
		}
	}
	if len(b.findings) > 0 { // the rest would speak of dates and levels that are none
		return nil, b.findings
	}
	for _, u := range units {
		b.parent(u.line, u.Unit)
		b.successors(u.line, u.Unit)
	}
	for _, p := range pairs {
		b.pair(p.line, p.Correspondence)
		b.t.list.Pairs = append(b.t.list.Pairs, p.Correspondence)
		b.t.vks[p.Court] = append(b.t.vks[p.Court], p.Correspondence)
		b.t.courts[p.Procuracy] = append(b.t.courts[p.Procuracy], p.Correspondence)
	}
	if len(b.findings) == 0 {
		for _, p := range pairs {
			b.aligned(p.line, p.Correspondence)
		}
	}
	if len(b.findings) > 0 {
		return nil, b.findings
	}
	return b.t, nil
}

type unitAt struct {
	Unit
	line int
}

type pairAt struct {
	Correspondence
	line int
}

// sorted gives every unit and pair its line and puts them into the one order.
func sorted(l List) (units []unitAt, pairs []pairAt) {
	line := func(lines []int, i int) int {
		if i < len(lines) {
			return lines[i]
		}
		return i + 1
	}
	for i, u := range l.Units {
		if len(u.Successors) == 0 {
			u.Successors = nil
		}
		u.Successors = slices.Clone(u.Successors)
		units = append(units, unitAt{u, line(l.unitLines, i)})
	}
	for i, p := range l.Pairs {
		pairs = append(pairs, pairAt{p, line(l.pairLines, i)})
	}
	slices.SortStableFunc(units, func(a, b unitAt) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(pairs, func(a, b pairAt) int {
		return cmp.Or(cmp.Compare(a.Court, b.Court), cmp.Compare(a.From, b.From), cmp.Compare(a.Procuracy, b.Procuracy))
	})
	return units, pairs
}

// fields checks what a unit says of itself.
func (b *builder) fields(line int, u Unit) {
	if !goodID(u.ID) {
		b.no(line, u.ID, "bad_id", "mã đơn vị gồm chữ thường a–z, chữ số, dấu chấm, gạch nối; tối đa 64 ký tự, bắt đầu bằng chữ hoặc số.",
			"an id has a to z, digits, dots and hyphens, at most 64 of them, and begins with a letter or digit.")
	}
	if u.Kind != Court && u.Kind != Procuracy && u.Kind != Detention {
		b.no(line, u.ID, "bad_kind", "loại đơn vị phải là court, procuracy hoặc detention.", "the kind is court, procuracy or detention.")
	}
	if u.Branch != Civil && u.Branch != Military {
		b.no(line, u.ID, "bad_branch", "hệ thống phải là civil hoặc military.", "the branch is civil or military.")
	}
	if u.Level.Rank() < 0 {
		b.no(line, u.ID, "bad_level", "cấp phải là supreme, appeal, high, province, region hoặc district.",
			"the level is supreme, appeal, high, province, region or district.")
	}
	if !goodName(u.Name) {
		b.no(line, u.ID, "bad_name", "tên đơn vị phải bắt đầu bằng chữ, tối đa 200 ký tự, Unicode dựng sẵn (NFC), không có ký tự điều khiển.",
			"a name begins with a letter and has at most 200 characters, NFC, no control characters.")
	}
	if !u.sound() {
		b.no(line, u.ID, "bad_dates", "ngày thành lập và ngày chấm dứt phải có dạng 2025-07-01, ngày chấm dứt sau ngày thành lập.",
			"first and end day look like 2025-07-01, and the end comes after the first day.")
	}
	if len(u.Successors) > MaxSuccessors {
		b.no(line, u.ID, "too_many_successors", "quá 16 đơn vị kế thừa.", "more than 16 successors.")
	}
}

// goodID keeps ids short, plain, and harmless as the first character of a cell in a
// spreadsheet.
func goodID(id court.UnitID) bool {
	for i, c := range []byte(id) {
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '-') {
			return false
		}
	}
	return id != "" && len(id) <= MaxIDBytes
}

// goodName wants a letter in front too: a spreadsheet takes "=..." for a formula.
func goodName(s string) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > MaxNameRunes || !norm.NFC.IsNormalString(s) {
		return false
	}
	for i, r := range s {
		if i == 0 && !unicode.IsLetter(r) || !unicode.IsPrint(r) {
			return false
		}
	}
	return s != "" && s[len(s)-1] != ' '
}

func (b *builder) parent(line int, u Unit) {
	if u.Parent == "" {
		if u.Kind != Detention && u.Level != Supreme {
			b.no(line, u.ID, "no_parent", "thiếu đơn vị cấp trên.", "the unit above is missing.")
		}
		return
	}
	i, ok := b.t.byID[u.Parent]
	if !ok {
		b.no(line, u.ID, "unknown_parent", "đơn vị cấp trên không có trong danh sách.", "the unit above is not in the list.")
		return
	}
	p := b.t.list.Units[i]
	if p.Kind != u.Kind || p.Branch != u.Branch {
		b.no(line, u.ID, "parent_kind", "đơn vị cấp trên phải cùng loại và cùng hệ thống.", "the unit above is of another kind or branch.")
	}
	if p.Level.Rank() >= u.Level.Rank() {
		b.no(line, u.ID, "parent_level", "đơn vị cấp trên phải ở cấp cao hơn.", "the unit above does not stand higher.")
	}
	if !p.covers(u.Span) {
		b.no(line, u.ID, "parent_dates", "đơn vị cấp trên không tồn tại trong toàn bộ thời gian của đơn vị này.",
			"the unit above does not stand the whole time.")
	}
}

func (b *builder) successors(line int, u Unit) {
	if u.Until == "" {
		if len(u.Successors) > 0 {
			b.no(line, u.ID, "successor_of_standing", "đơn vị chưa chấm dứt hoạt động thì chưa có đơn vị kế thừa.",
				"a unit that stands has no successor.")
		}
		return
	}
	if len(u.Successors) == 0 && u.Kind != Detention {
		b.no(line, u.ID, "no_successor", "đơn vị chấm dứt hoạt động phải có đơn vị kế thừa.", "a dissolved unit needs a successor.")
	}
	seen := map[court.UnitID]bool{}
	for _, id := range u.Successors {
		i, ok := b.t.byID[id]
		switch {
		case !ok:
			b.no(line, u.ID, "unknown_successor", "đơn vị kế thừa không có trong danh sách.", "a successor is not in the list.")
			continue
		case seen[id]:
			b.no(line, u.ID, "successor_twice", "đơn vị kế thừa bị trùng.", "a successor is named twice.")
		}
		seen[id] = true
		s := b.t.list.Units[i]
		if s.Kind != u.Kind || s.Branch != u.Branch {
			b.no(line, u.ID, "successor_kind", "đơn vị kế thừa phải cùng loại và cùng hệ thống.", "a successor is of another kind or branch.")
		}
		// This also makes every chain of heirs go forward in time, so that it ends.
		if !s.Has(u.Until) {
			b.no(line, u.ID, "successor_dates", "đơn vị kế thừa phải tồn tại vào ngày đơn vị này chấm dứt hoạt động.",
				"a successor does not stand on the day of the dissolution.")
		}
	}
}

func (b *builder) pair(line int, p Correspondence) {
	i, ok := b.t.byID[p.Procuracy]
	j, ok2 := b.t.byID[p.Court]
	if !ok || !ok2 {
		b.no(line, p.Court, "pair_unknown", "Viện kiểm sát hoặc Tòa án của quan hệ tương ứng không có trong danh sách.",
			"procuracy or court of a correspondence is not in the list.")
		return
	}
	v, c := b.t.list.Units[i], b.t.list.Units[j]
	if v.Kind != Procuracy || c.Kind != Court || v.Branch != c.Branch || v.Level != c.Level {
		b.no(line, p.Court, "pair_level", "quan hệ tương ứng phải giữa Viện kiểm sát và Tòa án cùng cấp, cùng hệ thống.",
			"a correspondence is of a procuracy and a court of the same level and branch.")
	}
	if !p.sound() || !v.covers(p.Span) || !c.covers(p.Span) {
		b.no(line, p.Court, "pair_dates", "thời gian tương ứng không hợp lệ hoặc vượt quá thời gian tồn tại của hai đơn vị.",
			"the dates are not sound, or reach beyond those of the two units.")
	}
	for _, other := range b.t.vks[p.Court] {
		if other.overlaps(p.Span) {
			b.no(line, p.Court, "pair_twice", "Tòa án có hai Viện kiểm sát tương ứng trong cùng thời gian.",
				"the court has two procuracies at a time.")
		}
	}
}

// aligned keeps the two trees of a branch parallel: the procuracy above practises at
// the court above, all the time. Without it the scope of a procuracy would reach the
// courts of another province, which is sideways.
func (b *builder) aligned(line int, p Correspondence) {
	v, c := b.t.list.Units[b.t.byID[p.Procuracy]], b.t.list.Units[b.t.byID[p.Court]]
	if v.Parent == "" && c.Parent == "" {
		return
	}
	at, done := p.From, false
	for _, up := range b.t.vks[c.Parent] { // by their first days, none overlapping
		if up.Procuracy == v.Parent && up.Has(at) && !done {
			at, done = up.Until, up.covers(Span{From: at, Until: p.Until})
		}
	}
	if !done {
		b.no(line, p.Court, "pair_sideways", "Viện kiểm sát cấp trên phải tương ứng với Tòa án cấp trên trong suốt thời gian này.",
			"the procuracy above does not correspond to the court above the whole time.")
	}
}
