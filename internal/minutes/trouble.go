package minutes

import (
	"phientoa/internal/hearing"
)

// What incidents are about.
const (
	aboutHold     = "hold"
	aboutRecorder = "recorder"
	aboutLink     = "link " // and the person's id
)

// tellTrouble tells of lost links, holds and the recorder. Links are read off the state,
// since several events change them.
func (m *Maker) tellTrouble(e hearing.Event) []string {
	var said []string
	switch b := e.Body.(type) {
	case hearing.HoldProposed:
		said = append(said, "Hệ thống đề nghị tạm dừng kỹ thuật vì mất kết nối với "+m.all(b.People))
	case hearing.HoldBegun:
		text := because("Tạm dừng kỹ thuật", b.Reason)
		if len(b.People) > 0 {
			text = because("Tạm dừng kỹ thuật vì mất kết nối với "+m.all(b.People), b.Reason)
		}
		said = append(said, text+" (không phải quyết định tạm ngừng phiên tòa)")
	case hearing.KeptGoing:
		said = append(said, because("Chủ tọa phiên tòa quyết định tiếp tục phiên tòa khi mất kết nối với "+m.all(b.People), b.Reason))
	case hearing.ReturnConfirmed:
		if b.What == "identity" {
			return []string{m.actor(e.Actor) + " xác nhận đúng " + m.who(b.Person) + " đã trở lại"}
		}
		return []string{m.actor(e.Actor) + " xác nhận nghe rõ, nhìn rõ " + m.who(b.Person)}
	case hearing.NodeTaken:
		if m.running() {
			said = append(said, "Hệ thống chuyển sang máy chủ khác; các kết nối và việc ghi âm, ghi hình được thiết lập lại")
		}
	}
	return append(append(said, m.tellLinks(e)...), m.tellRecorder()...)
}

// running: the hearing is being held, so that a loss is one.
func (m *Maker) running() bool {
	return m.s.Status == hearing.InSession || m.s.Status == hearing.TechnicalHold
}

func (m *Maker) tellLinks(e hearing.Event) []string {
	if !m.running() {
		return nil
	}
	var lost []hearing.PersonID
	var said []string
	for i := range m.s.People {
		before, now := m.was.People[i], m.s.People[i]
		if m.public(now.ID) {
			continue
		}
		switch {
		case before.LostSince == 0 && now.LostSince != 0:
			lost = append(lost, now.ID)
		case before.LostSince != 0 && now.LostSince == 0 && now.Status == hearing.InCourtroom && !now.Isolated:
			said = append(said, "Đã kết nối lại với "+m.who(now.ID)+" sau "+length(before.LostSince, e.At))
		}
	}
	if len(lost) > 0 {
		said = append(said, "Mất kết nối với "+m.all(lost))
	}
	return said
}

// tellRecorder: between the opening and the end a recorder that stops is a gap.
func (m *Maker) tellRecorder() []string {
	if !m.running() || m.was.Recorder.On == m.s.Recorder.On {
		return nil
	}
	if m.s.Recorder.On {
		return []string{"Việc ghi âm, ghi hình đang hoạt động"}
	}
	if code := m.s.Recorder.Trouble; code != "" {
		return []string{"Việc ghi âm, ghi hình bị gián đoạn (mã sự cố: " + code + ")"}
	}
	return []string{"Việc ghi âm, ghi hình bị gián đoạn"}
}

// incidents keeps what is told of troubles as spans (J5.11). It runs before the lines
// are made, and like them never looks at what comes later.
func (m *Maker) incidents(e hearing.Event) {
	if _, ok := e.Body.(hearing.NodeTaken); ok && m.running() {
		m.troubles = append(m.troubles, Incident{Kind: "node", From: e.At, To: e.At})
	}
	m.linkIncidents(e)
	switch b := e.Body.(type) {
	case hearing.HoldBegun:
		m.begin(aboutHold, Incident{Kind: "hold", From: e.At, Who: m.all(b.People), Cause: b.Reason, Decided: m.actor(e.Actor)})
	case hearing.KeptGoing:
		for _, p := range b.People {
			m.decided(aboutLink+string(p), because("Chủ tọa phiên tòa: tiếp tục", b.Reason))
		}
	}
	if m.was.Status == hearing.TechnicalHold && m.s.Status != hearing.TechnicalHold {
		m.end(aboutHold, e.At)
	}
	switch {
	case m.running() && m.was.Recorder.On && !m.s.Recorder.On, m.was.OpenedAt != m.s.OpenedAt && !m.s.Recorder.On:
		m.begin(aboutRecorder, Incident{Kind: "recorder", From: e.At, Cause: m.s.Recorder.Trouble, Decided: m.s.OverrideReason})
	case m.s.Recorder.On, !m.running():
		m.end(aboutRecorder, e.At)
	}
}

func (m *Maker) linkIncidents(e hearing.Event) {
	for i := range m.s.People {
		before, now := m.was.People[i], m.s.People[i]
		about := aboutLink + string(now.ID)
		switch {
		case m.running() && before.LostSince == 0 && now.LostSince != 0 && !m.public(now.ID):
			m.begin(about, Incident{Kind: "link", From: e.At, Who: m.who(now.ID)})
		case now.LostSince == 0, !m.running():
			m.end(about, e.At)
		}
	}
}
