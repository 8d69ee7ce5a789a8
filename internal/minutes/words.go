package minutes

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/vietnam"
)

// Clock is the time of day of a line, in Vietnam's time: "08:30:05".
func Clock(at int64) string { return vietnam.Time(time.UnixMicro(at)).Format("15:04:05") }

// Moment is time and date: "08 giờ 30 phút, ngày 22 tháng 11 năm 2026".
func Moment(at int64) string {
	t := vietnam.Time(time.UnixMicro(at))
	return fmt.Sprintf("%02d giờ %02d phút, %s", t.Hour(), t.Minute(), vietnam.Day(t))
}

// length is a span in words: "1 giờ 02 phút 05 giây", "12 giây".
func length(from, to int64) string {
	s := max(to-from, 0) / time.Second.Microseconds()
	switch {
	case s >= 3600:
		return fmt.Sprintf("%d giờ %02d phút %02d giây", s/3600, s/60%60, s%60)
	case s >= 60:
		return fmt.Sprintf("%d phút %02d giây", s/60, s%60)
	}
	return fmt.Sprintf("%d giây", s)
}

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	r, n := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(r)) + text[n:]
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "!") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// because appends a reason, if there is one.
func because(text, reason string) string {
	if reason == "" {
		return text
	}
	return text + "; lý do: " + reason
}

// who names a person by capacity and name: "bị cáo Nguyễn Văn A". The presiding judge
// and the panel are named by what they are.
func (m *Maker) who(id hearing.PersonID) string {
	i := slices.IndexFunc(m.s.Booking.People, func(p hearing.Person) bool { return p.ID == id })
	if i < 0 {
		return "người không có trong danh sách"
	}
	p := m.s.Booking.People[i]
	if p.Capacity == court.PresidingJudge {
		return "Chủ tọa phiên tòa"
	}
	words := lowered(p.Capacity)
	name := m.names[id]
	if name == "" || p.Capacity == court.ProtectedWitness {
		// An alias is often the words of the capacity with a number.
		if strings.HasPrefix(strings.ToLower(p.Alias), strings.ToLower(words)) {
			return words + p.Alias[len(words):]
		}
		name = p.Alias
	}
	return words + " " + name
}

// lowered are a capacity's words within a sentence; those of the bench and the
// procuracy keep their capital, as courts write them.
func lowered(c court.Capacity) string {
	words := c.Words()
	switch c {
	case court.Judge, court.LayAssessor, court.MilitaryAssessor, court.Clerk, court.Procurator:
		return words
	}
	r, n := utf8.DecodeRuneInString(words)
	return string(unicode.ToLower(r)) + words[n:]
}

// actor names who acted: a person of the hearing, or the system.
func (m *Maker) actor(a hearing.Actor) string {
	if a.System || a.Person == "" {
		return "hệ thống"
	}
	return m.who(a.Person)
}

// all names several people, in the order of the booking.
func (m *Maker) all(ids []hearing.PersonID) string {
	var list []string
	for _, p := range m.s.Booking.People {
		if slices.Contains(ids, p.ID) {
			list = append(list, m.who(p.ID))
		}
	}
	return strings.Join(list, ", ")
}

// place names a point: "điểm cầu Trại tạm giam số 1".
func (m *Maker) place(id string) string {
	for _, p := range m.s.Booking.Points {
		if p.ID != id {
			continue
		}
		if strings.HasPrefix(strings.ToLower(p.Name), "điểm cầu") {
			return p.Name
		}
		return "điểm cầu " + p.Name
	}
	return id
}

// method is how papers were compared (hearing.IdentityMethods).
func method(m string) string {
	switch m {
	case "citizen_card":
		return "thẻ căn cước"
	case "vneid":
		return "VNeID"
	case "population_database":
		return "Cơ sở dữ liệu quốc gia về dân cư"
	case "lawyer_card":
		return "thẻ luật sư"
	case "official_card":
		return "thẻ công vụ"
	}
	return m
}

func form(f hearing.Form) string {
	switch f {
	case hearing.Online:
		return "trực tuyến"
	case hearing.InPerson:
		return "trực tiếp"
	case hearing.Mixed:
		return "trực tiếp kết hợp trực tuyến"
	}
	return ""
}
