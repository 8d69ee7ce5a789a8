package minutes

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/vietnam"
)

func hexed(b []byte) string { return hex.EncodeToString(b) }

// tell is what the minutes say of an event, in sentences without their full stop. While
// the panel deliberates nothing that a member of it does, or that is done about one,
// is told, but the deliberation's end (BLTTHS art. 326.6: its secret).
func (m *Maker) tell(e hearing.Event) []string {
	if m.was.Deliberating && m.s.Deliberating && m.aboutPanel(e) {
		return nil
	}
	for _, tell := range []func(hearing.Event) []string{m.tellCourse, m.tellPeople, m.tellRooms, m.tellExhibits, m.tellTrouble} {
		if said := tell(e); said != nil {
			return said
		}
	}
	return nil
}

func (m *Maker) aboutPanel(e hearing.Event) bool {
	panel := func(id hearing.PersonID) bool {
		return slices.ContainsFunc(m.s.Booking.People, func(p hearing.Person) bool { return p.ID == id && p.Capacity.OnPanel() })
	}
	return panel(e.Actor.Person) || panel(subject(e.Body))
}

// subject is whom an event is about; empty for those about nobody or about several.
func subject(b hearing.EventBody) hearing.PersonID {
	switch b := b.(type) {
	case hearing.CheckedIn:
		return b.Person
	case hearing.Admitted:
		return b.Person
	case hearing.PersonRemoved:
		return b.Person
	case hearing.IdentityNoted:
		return b.Person
	case hearing.PresenceReported:
		return b.Person
	case hearing.PersonWarned:
		return b.Person
	case hearing.PersonAway:
		return b.Person
	case hearing.PersonBack:
		return b.Person
	case hearing.ReturnConfirmed:
		return b.Person
	case hearing.MicrophoneLocked:
		return b.Person
	case hearing.MicrophoneUnlocked:
		return b.Person
	case hearing.PersonIsolated:
		return b.Person
	case hearing.IsolationEnded:
		return b.Person
	case hearing.LeftDevice:
		return b.Person
	case hearing.PersonBriefed:
		return b.Person
	}
	return ""
}

// tellCourse tells of the hearing's own course and of decisions about it.
func (m *Maker) tellCourse(e hearing.Event) []string {
	switch b := e.Body.(type) {
	case hearing.OpinionRecorded:
		opinion := "không đồng ý"
		if b.Agrees {
			opinion = "đồng ý"
		}
		return []string{noted("Ý kiến của Viện kiểm sát về việc xét xử trực tuyến: "+opinion+" ("+vietnam.Day(time.UnixMicro(b.On))+")", b.Note)}
	case hearing.FacilitiesRecorded:
		found := "chưa đạt"
		if b.OK {
			found = "đạt"
		}
		return []string{noted("Kiểm tra cơ sở vật chất của các điểm cầu: "+found, b.Note)}
	case hearing.BecameReady:
		return []string{"Đã đủ điều kiện mở phiên tòa trực tuyến"}
	case hearing.BecameLate:
		return []string{"Đã quá giờ mở phiên tòa theo lịch; phiên tòa chưa được mở"}
	case hearing.Opened:
		return m.tellOpening(b)
	case hearing.Recessed:
		return []string{because(m.actor(e.Actor)+" tuyên bố tạm nghỉ", b.Reason)}
	case hearing.WentOn:
		if m.was.Status == hearing.TechnicalHold {
			return []string{"Kết thúc tạm dừng kỹ thuật sau " + length(m.was.Since, e.At) + "; phiên tòa tiếp tục"}
		}
		return []string{"Phiên tòa tiếp tục sau thời gian nghỉ"}
	case hearing.HearingClosed:
		return []string{"Chủ tọa phiên tòa tuyên bố kết thúc phiên tòa"}
	case hearing.PhaseEntered:
		return m.tellPhase(b)
	case hearing.AskedToStand:
		if b.Who == "all" {
			return []string{"Mọi người trong phòng xử án được mời đứng dậy"}
		}
		return []string{m.who(hearing.PersonID(b.Who)) + " được mời đứng dậy"}
	case hearing.VisibilitySet:
		if b.To == hearing.ClosedDoors {
			return []string{because("Chủ tọa phiên tòa tuyên bố chuyển sang xét xử kín", b.Reason)}
		}
		return []string{because("Chủ tọa phiên tòa tuyên bố trở lại xét xử công khai", b.Reason)}
	case hearing.MonitoringSet:
		return []string{because(monitoringSaid(b.To), b.Reason)}
	case hearing.DeliberationBegan:
		return []string{"Hội đồng xét xử vào phòng nghị án; việc nghị án không được ghi âm, ghi hình"}
	case hearing.DeliberationEnded:
		said := []string{"Kết thúc nghị án; Hội đồng xét xử trở lại phòng xử án"}
		if b.Phase != "" {
			said = append(said, "Chuyển sang phần: "+m.phase(b.Phase))
		}
		return said
	}
	return m.tellDecision(e)
}

func (m *Maker) tellDecision(e hearing.Event) []string {
	switch b := e.Body.(type) {
	case hearing.HearingSuspended:
		return []string{because("Hội đồng xét xử quyết định tạm ngừng phiên tòa", b.Reason) + "; thời gian mở lại: " + Moment(b.ReopenAt)}
	case hearing.HearingAdjourned:
		text := because("Hội đồng xét xử quyết định hoãn phiên tòa", b.Reason)
		if b.ReopenAt != 0 {
			text += "; thời gian mở lại: " + Moment(b.ReopenAt)
		}
		if f := form(b.Form); f != "" {
			text += "; hình thức xét xử: " + f
		}
		return []string{text}
	case hearing.HearingReopened:
		return []string{"Chuẩn bị mở lại phiên tòa"}
	case hearing.HearingCancelled:
		return []string{because("Lịch mở phiên tòa bị hủy", b.Reason)}
	case hearing.DecisionAnnounced:
		return []string{m.actor(e.Actor) + " đã thông báo quyết định của Hội đồng xét xử tại " + m.place(b.Point)}
	case hearing.AnnouncementsMissed:
		places := make([]string, len(b.Points))
		for i, p := range b.Points {
			places[i] = m.place(p)
		}
		return []string{"Hết thời hạn mà chưa ghi nhận việc thông báo quyết định tại " + strings.Join(places, ", ")}
	}
	return nil
}

func (m *Maker) tellOpening(b hearing.Opened) []string {
	text := "Chủ tọa phiên tòa tuyên bố khai mạc phiên tòa"
	if m.s.Part > 1 {
		text = "Chủ tọa phiên tòa tuyên bố mở lại phiên tòa"
	}
	if m.s.Booking.Form == hearing.Online || m.s.Booking.Form == hearing.Mixed {
		text += " bằng hình thức " + form(m.s.Booking.Form)
	}
	said := []string{text}
	switch {
	case b.OverrideReason != "":
		said = append(said, "Phiên tòa được mở khi chưa ghi âm, ghi hình được; lý do: "+b.OverrideReason)
	case m.s.Recorder.On:
		said = append(said, "Bắt đầu ghi âm, ghi hình")
	}
	if m.s.Part <= 1 && m.s.Phase != "" {
		said = append(said, "Phần: "+m.phase(m.s.Phase))
	}
	return said
}

func (m *Maker) phase(p court.Phase) string { return m.s.Booking.Procedure.PhaseWords(p) }

func (m *Maker) tellPhase(b hearing.PhaseEntered) []string {
	var said []string
	if b.SkipReason != "" {
		var skipped []string
		for _, p := range m.s.Phases[len(m.was.Phases):] {
			if p.SkipReason != "" {
				skipped = append(skipped, m.phase(p.Phase))
			}
		}
		if len(skipped) > 0 {
			said = append(said, because("Không tiến hành phần: "+strings.Join(skipped, "; "), b.SkipReason))
		}
	}
	return append(said, "Chuyển sang phần: "+m.phase(b.Phase))
}

// noted appends a note.
func noted(text, note string) string {
	if note == "" {
		return text
	}
	return text + "; ghi chú: " + note
}

// tellPeople tells who came, spoke and was warned. The public comes and goes without a
// line.
func (m *Maker) tellPeople(e hearing.Event) []string {
	switch b := e.Body.(type) {
	case hearing.CheckedIn:
		if m.public(b.Person) {
			return nil
		}
		return []string{m.who(b.Person) + " đã có mặt trên hệ thống và cam kết thực hiện nội quy phiên tòa"}
	case hearing.PresenceReported:
		text := m.who(b.Person) + " có mặt"
		if !b.Present {
			text = because(m.who(b.Person)+" vắng mặt", b.Reason)
		}
		return []string{m.actor(e.Actor) + " báo cáo: " + text}
	case hearing.IdentityNoted:
		text := m.actor(e.Actor) + " đã đối chiếu căn cước của " + m.who(b.Person) + " bằng " + method(b.Method)
		if b.Challenge != "" {
			text += "; người được kiểm tra đã trả lời câu kiểm tra"
		}
		return []string{text}
	case hearing.Admitted:
		if m.public(b.Person) || m.s.OpenedAt == 0 {
			return nil
		}
		return []string{m.actor(e.Actor) + " cho " + m.who(b.Person) + " vào phòng xử án"}
	case hearing.PersonRemoved:
		return []string{because(m.actor(e.Actor)+" buộc "+m.who(b.Person)+" rời phòng xử án", b.Reason)}
	case hearing.FloorGiven:
		return []string{m.actor(e.Actor) + " mời " + m.who(b.Person) + " phát biểu"}
	case hearing.FloorStopped:
		return []string{m.who(b.Person) + " dừng phát biểu"}
	case hearing.MicrophoneLocked:
		return []string{m.actor(e.Actor) + " tắt và khóa micro của " + m.who(b.Person)}
	case hearing.MicrophoneUnlocked:
		return []string{m.actor(e.Actor) + " mở khóa micro của " + m.who(b.Person)}
	case hearing.PersonWarned:
		return []string{because(m.actor(e.Actor)+" nhắc nhở "+m.who(b.Person), b.Reason)}
	case hearing.PersonAway:
		return []string{m.actor(e.Actor) + " ghi nhận " + m.who(b.Person) + " rời vị trí"}
	case hearing.PersonBack:
		return []string{m.actor(e.Actor) + " ghi nhận " + m.who(b.Person) + " đã trở lại vị trí"}
	}
	return nil
}

func (m *Maker) public(id hearing.PersonID) bool {
	return slices.ContainsFunc(m.s.Booking.People, func(p hearing.Person) bool { return p.ID == id && p.Capacity.Watches() })
}

// tellRooms tells of witnesses, isolation and private talks.
func (m *Maker) tellRooms(e hearing.Event) []string {
	switch b := e.Body.(type) {
	case hearing.WitnessCalled:
		return []string{m.actor(e.Actor) + " mời " + m.who(b.Person) + " vào phòng xử án"}
	case hearing.WitnessDismissed:
		return []string{m.actor(e.Actor) + " mời " + m.who(b.Person) + " về phòng chờ"}
	case hearing.PersonIsolated:
		return []string{because(m.actor(e.Actor)+" cho cách ly "+m.who(b.Person), b.Reason)}
	case hearing.LeftDevice:
		return []string{m.actor(e.Actor) + " xác nhận " + m.who(b.Person) + " không còn trước thiết bị"}
	case hearing.IsolationEnded:
		return []string{"Kết thúc cách ly " + m.who(b.Person)}
	case hearing.PersonBriefed:
		return []string{"Đã thông báo cho " + m.who(b.Person) + " nội dung diễn ra trong thời gian cách ly"}
	case hearing.ConsultOpened:
		return []string{m.talk(m.s.Consults, b.Consult) + " bắt đầu trao đổi riêng; việc trao đổi không được ghi âm, ghi hình"}
	case hearing.ConsultEnded:
		if text := m.talk(m.was.Consults, b.Consult); text != "" {
			return []string{text + " kết thúc trao đổi riêng"}
		}
	}
	return nil
}

// talk names the people of a private talk that is or was open; empty otherwise.
func (m *Maker) talk(list []hearing.ConsultState, id string) string {
	for _, c := range list {
		if c.ID == id && c.Since > 0 {
			return m.all(append([]hearing.PersonID{c.By}, c.With...))
		}
	}
	return ""
}

func monitoringSaid(to hearing.Monitors) string {
	switch to {
	case hearing.MonitorsAll:
		return "Tòa án cho phép theo dõi trực tuyến phiên tòa"
	case hearing.MonitorsNamed:
		return "Tòa án cho phép một số đơn vị theo dõi trực tuyến phiên tòa"
	default:
		return "Tòa án đóng việc theo dõi trực tuyến phiên tòa"
	}
}
