package signaling

import (
	"cmp"
	"slices"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// maxAlerts is how many alerts one reader sees at a time, the gravest first.
const maxAlerts = 3

// alertsFor are the alerts of one reader in the courtroom. The court reads what
// happened and what mends it; everybody else a neutral sentence (J5.1).
func (r *Room) alertsFor(hv hearing.View, s *seat, now time.Time) []*wire.Alert {
	var list []*wire.Alert
	if r.away {
		ref := refuseDatabaseAway()
		list = append(list, &wire.Alert{
			Code: ref.Code, Vi: ref.Vi, En: ref.En, Since: r.awaySince.UnixMicro(), Severity: "attention",
		})
	}
	if hv.Trouble != "" {
		vi, en := recorderTrouble(hv.Trouble)
		list = append(list, &wire.Alert{Code: "recorder_" + hv.Trouble, Vi: vi, En: en, Severity: "error"})
	}
	if r.p.overtaken && r.allBefore(s, court.Capacity.HoldsRoom) {
		list = append(list, overtakenAlert())
	}
	if hv.Late {
		list = append(list, &wire.Alert{
			Code: "late", Since: hv.Since, Severity: "info", Act: "open",
			Vi: "Đã quá giờ mở phiên tòa.", En: "The hearing is past its starting time.",
		})
	}
	if r.allBefore(s, court.Capacity.OfCourt) {
		list = append(list, holdAlerts(hv)...)
		list = append(list, r.pointAlerts(hv, now)...)
	} else {
		list = append(list, r.neutralAlerts(hv, r.capacity(s.person).Officers())...)
	}
	return gravest(list)
}

// gravest keeps the maxAlerts that matter most: by severity, then in the order
// given.
func gravest(list []*wire.Alert) []*wire.Alert {
	rank := map[string]int{"error": 0, "attention": 1, "info": 2}
	slices.SortStableFunc(list, func(a, b *wire.Alert) int { return cmp.Compare(rank[a.Severity], rank[b.Severity]) })
	return list[:min(len(list), maxAlerts)]
}

// holdAlerts tells the court of a technical hold, proposed or begun. The act
// stands there only for whoever may give it now.
func holdAlerts(hv hearing.View) []*wire.Alert {
	h := hv.Hold
	if h == nil {
		return nil
	}
	a := &wire.Alert{Code: "hold", Since: h.Since, Severity: "attention"}
	act := "resume"
	a.Vi = "Đang tạm dừng kỹ thuật. Đây không phải quyết định tạm ngừng phiên tòa."
	a.En = "Technical hold. This is not a decision to suspend the hearing."
	if h.Proposed {
		a.Code, act = "hold_proposed", "keep_going"
		a.Vi = "Người bắt buộc có mặt đã mất kết nối. Phiên tòa sẽ tạm dừng kỹ thuật, trừ khi Chủ tọa quyết định không tạm dừng."
		a.En = "Somebody whose presence is required has lost their connection. The hearing goes into technical hold unless the presiding judge decides against it."
	}
	if slices.Contains(hv.Acts, act) {
		a.Act = act
	}
	return []*wire.Alert{a}
}

// pointAlerts tells the court which points are lost, and which came back lately.
func (r *Room) pointAlerts(hv hearing.View, now time.Time) []*wire.Alert {
	var list []*wire.Alert
	for _, p := range hv.Points {
		if p.Light == lightLost {
			list = append(list, &wire.Alert{
				Code: "point_lost", Since: p.LostSince, Severity: "attention", Point: p.ID,
				Vi: "Điểm cầu " + p.Name + " mất kết nối.", En: "The point " + p.Name + " is not connected.",
			})
			continue
		}
		if since := r.points.needed[p.ID]; since != 0 {
			list = append(list, &wire.Alert{
				Code: "point_partial", Since: since, Severity: "attention", Point: p.ID,
				Vi: "Điểm cầu " + p.Name + ": người bắt buộc có mặt đã mất kết nối. Chờ kết nối lại hoặc tạm dừng kỹ thuật.",
				En: "The point " + p.Name + ": somebody whose presence is required has lost their connection. Wait for their return, or hold the hearing.",
			})
			continue
		}
		if back := r.points.back[p.ID]; !back.IsZero() && now.Sub(back) < r.limits.PointBack {
			list = append(list, &wire.Alert{
				Code: "point_back", Since: back.UnixMicro(), Severity: "info", Point: p.ID,
				Vi: "Điểm cầu " + p.Name + " đã kết nối lại.", En: "The point " + p.Name + " is connected again.",
			})
		}
	}
	return list
}

// neutralAlerts is all that somebody in the courtroom who is not of the court hears of
// trouble elsewhere: neither who nor where. Of a point that is still connected in part
// they hear when somebody without whom the hearing cannot go on is lost there. Officers
// are not told that nobody need call: whoever stands at a lost point calls.
func (r *Room) neutralAlerts(hv hearing.View, officer bool) []*wire.Alert {
	since := int64(0)
	if hv.Hold != nil {
		since = hv.Hold.Since
	}
	lost := hv.Hold != nil
	for _, p := range hv.Points {
		from := p.LostSince
		switch p.Light {
		case lightLost:
		case lightPartial:
			if from = r.points.needed[p.ID]; from == 0 {
				continue
			}
		default:
			continue
		}
		lost = true
		if since == 0 {
			since = from
		}
	}
	if !lost {
		return nil
	}
	a := &wire.Alert{
		Code: "technical", Since: since, Severity: "info",
		Vi: "Sự cố kỹ thuật chung, đang khắc phục. Ông/bà không cần gọi điện.",
		En: "A technical problem is being mended. You need not call.",
	}
	if officer {
		a.Vi = "Sự cố kỹ thuật, đang khắc phục. Vui lòng ở lại cùng mọi người tại điểm cầu."
		a.En = "A technical problem is being mended. Please stay with the people at the point."
	}
	return []*wire.Alert{a}
}

// Values of hearing.PointView.Light: nobody is connected from the point, or not all.
const (
	lightLost    = "lost"
	lightPartial = "partial"
)

// pointMemory remembers which points were lost and when they came back.
type pointMemory struct {
	lost map[string]bool
	back map[string]time.Time
	// needed tells since when somebody without whom the hearing cannot go on is lost at
	// a point (UTC unix microseconds). The officer's console has a link of its own, so
	// that the point itself may still be connected (J5.1, J5.3).
	needed map[string]int64
}

func newPointMemory() pointMemory {
	return pointMemory{lost: map[string]bool{}, back: map[string]time.Time{}}
}

// note compares the lights with those before. v is the system's view; needed tells
// whether the hearing cannot go on without somebody.
func (m *pointMemory) note(v hearing.View, now time.Time, needed func(hearing.PersonID) bool) {
	m.needed = map[string]int64{}
	for i := range v.People {
		p := &v.People[i]
		if p.Connected || p.LostSince == 0 || !needed(p.Person) {
			continue
		}
		if since := m.needed[p.PointID]; since == 0 || p.LostSince < since {
			m.needed[p.PointID] = p.LostSince
		}
	}
	for _, p := range v.Points {
		lost := p.Light == lightLost
		if m.lost[p.ID] && !lost {
			m.back[p.ID] = now
		}
		if lost {
			delete(m.back, p.ID)
		}
		m.lost[p.ID] = lost
	}
}

// forget drops what is told long enough; it tells whether anything was, and when
// the next is due (zero: nothing waits).
func (m *pointMemory) forget(now time.Time, after time.Duration) (dropped bool, next time.Time) {
	for id, at := range m.back {
		due := at.Add(after)
		if !due.After(now) {
			delete(m.back, id)
			dropped = true
			continue
		}
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	return dropped, next
}
