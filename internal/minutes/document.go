package minutes

import (
	"fmt"
	"strings"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/pdf"
	"phientoa/internal/vietnam"
)

// Write makes the file of a document: its lines, who took part, what kept the hearing
// from being followed, and, on a last page that holds nothing else, the places for both
// signatures. Equal logs, document and time make equal bytes. With draft every page
// says so, and there is no place to sign.
func (m *Maker) Write(d Document, at time.Time, draft bool) ([]byte, error) {
	b := m.s.Booking
	info := pdf.Info{
		Title: "Biên bản phiên tòa - thụ lý số " + b.DocketNo, Author: b.Court, Subject: b.Title, Created: at,
		Footer: fmt.Sprintf("Biên bản phiên tòa, thụ lý số %s, bản %d", b.DocketNo, d.Version),
	}
	if draft {
		info.Draft = "DỰ THẢO - CHƯA CÓ GIÁ TRỊ PHÁP LÝ"
	}
	p := pdf.New(info)
	p.Emblem(strings.ToUpper(b.Court), "")
	if d.From == 1 {
		p.Title("BIÊN BẢN PHIÊN TÒA", "(lập theo nhật ký phiên tòa và nội dung do Thư ký phiên tòa ghi)")
		p.Facts(m.facts())
		p.Heading("I. Người tiến hành tố tụng, người tham gia tố tụng")
		p.Table([]pdf.Column{{Title: "Tư cách tố tụng", Share: 5}, {Title: "Họ và tên", Share: 5}, {Title: "Điểm cầu", Share: 5}, {Title: "Có mặt", Share: 3}}, m.people())
		p.Heading("II. Diễn biến phiên tòa")
	} else {
		p.Title("SỬA ĐỔI, BỔ SUNG BIÊN BẢN PHIÊN TÒA", fmt.Sprintf("(tiếp sau dòng %d; các dòng trước không thay đổi)", d.From-1))
		p.Facts(m.facts()[:2])
	}
	p.Table([]pdf.Column{{Title: "Dòng", Share: 1.5}, {Title: "Giờ", Share: 2.4}, {Title: "Nội dung", Share: 16}}, m.rows(d))
	if d.From == 1 {
		p.Heading("III. Sự cố kỹ thuật")
		m.writeIncidents(p)
	}
	m.writeDigests(p, d)
	if !draft {
		said := fmt.Sprintf("Biên bản gồm các dòng từ %d đến %d, hoàn chỉnh hồi %s.", d.From, d.Lines, Moment(at.UnixMicro()))
		p.SignaturePage(said, [][2]string{
			{"THƯ KÝ PHIÊN TÒA", m.nameOf(court.Clerk)},
			{"THẨM PHÁN - CHỦ TỌA PHIÊN TÒA", m.nameOf(court.PresidingJudge)},
		})
	}
	out, err := p.Bytes()
	if err != nil {
		return nil, fmt.Errorf("minutes: %w", err)
	}
	return out, nil
}

func (m *Maker) nameOf(c court.Capacity) string {
	for _, p := range m.s.Booking.People {
		if p.Capacity == c {
			return m.name(p)
		}
	}
	return ""
}

// name is a person's name, or the alias where the name may not stand.
func (m *Maker) name(p hearing.Person) string {
	if n := m.names[p.ID]; n != "" && p.Capacity != court.ProtectedWitness {
		return n
	}
	return p.Alias
}

// Name is a person's name as the minutes write it; empty for somebody who is not of the
// hearing.
func (m *Maker) Name(id hearing.PersonID) string {
	for _, p := range m.s.Booking.People {
		if p.ID == id {
			return m.name(p)
		}
	}
	return ""
}

func (m *Maker) facts() [][2]string {
	b := m.s.Booking
	facts := [][2]string{
		{"Thụ lý số", b.DocketNo},
		{"Vụ án", b.Title},
		{"Thủ tục", procedure(b)},
		{"Hình thức", sentence(form(b.Form))},
	}
	if b.Reference != "" {
		facts = append(facts, [2]string{"Mã hồ sơ điện tử", b.Reference})
	}
	if m.s.OpenedAt != 0 {
		facts = append(facts, [2]string{"Khai mạc hồi", Moment(m.s.OpenedAt)})
	}
	if m.s.Status.Over() {
		facts = append(facts, [2]string{"Kết thúc hồi", Moment(m.s.Since)})
	}
	for _, p := range b.Points {
		kind := "Điểm cầu thành phần"
		if p.Kind == hearing.CentralPoint {
			kind = "Điểm cầu trung tâm"
		}
		facts = append(facts, [2]string{kind, p.Name})
	}
	return facts
}

func procedure(b hearing.Booking) string {
	instance := ""
	switch b.Instance {
	case "first_instance":
		instance = "sơ thẩm "
	case "appeal":
		instance = "phúc thẩm "
	}
	switch b.Procedure {
	case court.Criminal:
		return sentence("xét xử " + instance + "vụ án hình sự")
	case court.Civil:
		return sentence("xét xử " + instance + "vụ án dân sự")
	case court.Administrative:
		return sentence("xét xử " + instance + "vụ án hành chính")
	}
	return ""
}

func (m *Maker) people() [][]string {
	var rows [][]string
	for i, p := range m.s.Booking.People {
		if p.Capacity.Watches() {
			continue
		}
		point := p.Point
		for _, x := range m.s.Booking.Points {
			if x.ID == p.Point {
				point = x.Name
			}
		}
		s := m.s.People[i]
		present := "Có mặt"
		switch {
		case s.Present == "absent":
			present = because("Vắng mặt", s.AbsentWhy)
		case s.Present == "" && (s.Status == hearing.Absent || s.Status == hearing.Arrived):
			present = "Không ghi nhận"
		case s.Status == hearing.Removed:
			present = "Bị buộc rời phòng xử án"
		}
		rows = append(rows, []string{p.Capacity.Words(), m.name(p), point, present})
	}
	return rows
}

// rows are the document's lines. The date stands where it changes.
func (m *Maker) rows(d Document) [][]string {
	var rows [][]string
	day := ""
	for _, l := range m.lines[d.From-1 : d.Lines] {
		t := vietnam.Time(time.UnixMicro(l.At))
		at := Clock(l.At)
		if today := t.Format("02/01/2006"); today != day {
			day, at = today, today+"\n"+at
		}
		text := l.Text
		if l.Source == FromClerk {
			text = "Thư ký phiên tòa ghi: " + text
			if l.About != 0 {
				text = fmt.Sprintf("Thư ký phiên tòa ghi về lúc %s: %s", Clock(l.About), l.Text)
			}
		}
		rows = append(rows, []string{fmt.Sprint(l.N), at, text})
	}
	return rows
}

func (m *Maker) writeIncidents(p *pdf.Doc) {
	if len(m.troubles) == 0 {
		p.Paragraph("Không ghi nhận sự cố kỹ thuật trong thời gian xét xử.")
		return
	}
	var rows [][]string
	for _, i := range m.troubles {
		to := "chưa kết thúc"
		if i.To != 0 {
			to = Clock(i.To)
		}
		what := kindWords(i.Kind)
		if i.Who != "" {
			what += ": " + i.Who
		}
		cause := i.Cause
		if i.Decided != "" {
			cause = strings.TrimPrefix(cause+"; quyết định: "+i.Decided, "; ")
		}
		rows = append(rows, []string{Clock(i.From), to, sentence(what), cause})
	}
	p.Table([]pdf.Column{{Title: "Từ", Share: 2}, {Title: "Đến", Share: 2}, {Title: "Sự cố", Share: 8}, {Title: "Nguyên nhân, quyết định", Share: 7}}, rows)
	p.Small("Thời điểm do hệ thống ghi nhận. Bảng này là biên bản sự cố kỹ thuật, được ký cùng biên bản phiên tòa.")
}

func kindWords(kind string) string {
	switch kind {
	case "link":
		return "mất kết nối"
	case "hold":
		return "tạm dừng kỹ thuật"
	case "recorder":
		return "gián đoạn ghi âm, ghi hình"
	case "node":
		return "chuyển sang máy chủ khác"
	}
	return kind
}

// writeDigests prints what the file can be checked against: the digest of its lines,
// and the last checkpoint of the recording that the hearing's log holds (archive.md:
// "printed in the minutes").
func (m *Maker) writeDigests(p *pdf.Doc, d Document) {
	p.Heading("Dấu kiểm tra")
	p.Small(fmt.Sprintf("Các dòng từ 1 đến %d (SHA-256): %s", d.Lines, d.Head))
	if m.s.Anchor.Size > 0 {
		p.Small(fmt.Sprintf("Nhật ký bản ghi âm, ghi hình: %d dòng, gốc cây Merkle %s", m.s.Anchor.Size, m.s.Anchor.Root))
	}
}

// Preview is the draft of all lines made so far, and tells how long it is.
func (m *Maker) Preview(at time.Time) ([]byte, error) {
	head := m.Head(len(m.lines))
	return m.Write(Document{Version: m.doc.versions + 1, From: 1, Lines: len(m.lines), Head: hexed(head[:])}, at, true)
}
