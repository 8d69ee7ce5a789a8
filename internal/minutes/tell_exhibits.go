package minutes

import (
	"fmt"
	"slices"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// tellExhibits tells of documents: who offered them, what the court said, what was shown.
// Turning pages is no line: the hearing's log has each.
func (m *Maker) tellExhibits(e hearing.Event) []string {
	switch b := e.Body.(type) {
	case hearing.ExhibitOffered:
		return []string{m.who(b.By) + " đề nghị công bố " + m.exhibit(b.Exhibit)}
	case hearing.ExhibitAdmitted:
		return []string{m.actor(e.Actor) + m.byOrder(e.Actor) + " cho công bố tài liệu số " + fmt.Sprint(b.Exhibit)}
	case hearing.ExhibitRefused:
		return []string{because(m.actor(e.Actor)+m.byOrder(e.Actor)+" không cho công bố tài liệu số "+fmt.Sprint(b.Exhibit), b.Reason)}
	case hearing.ExhibitWithdrawn:
		return []string{m.actor(e.Actor) + " rút lại tài liệu số " + fmt.Sprint(b.Exhibit)}
	case hearing.ExhibitPresented:
		return []string{m.actor(e.Actor) + " công bố " + m.exhibit(b.Exhibit)}
	}
	return nil
}

// byOrder: the presiding judge decides; where the clerk gives the act, by their order.
func (m *Maker) byOrder(a hearing.Actor) string {
	i := slices.IndexFunc(m.s.Booking.People, func(p hearing.Person) bool { return p.ID == a.Person })
	if i >= 0 && m.s.Booking.People[i].Capacity == court.PresidingJudge {
		return ""
	}
	return " theo lệnh của Chủ tọa phiên tòa"
}

// exhibit names a document with its number, pages and digest.
func (m *Maker) exhibit(no int) string {
	if no < 1 || no > len(m.s.Exhibits) {
		return "tài liệu"
	}
	x := m.s.Exhibits[no-1]
	return fmt.Sprintf("tài liệu: %s (số %d, %d trang, SHA-256 %s)", x.Name, x.No, x.Pages, x.SHA256)
}
