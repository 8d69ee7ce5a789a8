package signaling

import (
	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// wireView puts a view into the protocol's form. Names are filled in here, from
// the names table, and only where the rules say that the reader may know them.
func wireView(v hearing.View, names map[hearing.PersonID]string) *wire.View {
	out := &wire.View{
		StateSeq: v.Seq, DocketNo: v.DocketNo, Title: v.Title, Court: v.Court,
		State: wireStatus(v.Status), Since: v.Since, OpenedAt: v.OpenedAt,
		Recording: v.Recording, RecordingHeld: v.RecordingHeld, Trouble: v.Trouble, Me: string(v.Me),
		Floor: string(v.Floor), FloorSince: v.FloorSince, Hands: texts(v.Hands),
		Acts: append([]string(nil), v.Acts...), RecessReason: v.RecessReason, Late: v.Late,
		Procedure: string(v.Procedure), Instance: v.Instance, Form: string(v.Form),
		Visibility: string(v.Visibility), Phase: string(v.Phase), Place: string(v.Place),
		Standing: v.Standing, Hold: wireHold(v.Hold), Decision: wireDecision(v.Decision),
		Unbriefed: texts(v.Unbriefed), OpenBarred: v.OpenBarred, IdentityCheck: wireCheck(v.IdentityCheck), Monitoring: wireMonitoring(v.Monitoring),
	}
	for _, p := range v.Phases {
		out.Phases = append(out.Phases, &wire.PhaseView{
			Phase: string(p.Phase), Mandatory: p.Mandatory, Status: p.Status, SkipReason: p.SkipReason,
		})
	}
	for _, p := range v.Points {
		out.Points = append(out.Points, wirePoint(p))
	}
	for _, c := range v.Checks {
		out.Checks = append(out.Checks, &wire.CheckView{
			Key: c.Key, Required: c.Required, Done: c.Done, Days: bounded(c.Days), Minutes: bounded(c.Minutes), Missing: c.Missing, Note: c.Note,
		})
	}
	for _, c := range v.Consults {
		out.Consults = append(out.Consults, &wire.ConsultView{
			Id: c.ID, By: string(c.By), With: texts(c.With), Open: c.Open, Since: c.Since, Until: c.Until,
		})
	}
	for _, c := range v.ConsultWith {
		out.ConsultWith = append(out.ConsultWith, &wire.ConsultChoice{Person: string(c.Person), OtherSide: c.OtherSide})
	}
	for _, x := range v.Exhibits {
		out.Exhibits = append(out.Exhibits, &wire.ExhibitView{
			No: bounded(x.No), By: string(x.By), Name: x.Name, Type: x.Type, Bytes: x.Bytes, Pages: bounded(x.Pages),
			Sha256: x.SHA256, Status: string(x.Status), Reason: x.Reason, Opens: x.Opens, Showable: x.Showable,
		})
	}
	if s := v.Showing; s != nil {
		out.Showing = &wire.ShowingView{Exhibit: bounded(s.Exhibit), Page: bounded(s.Page), Since: s.Since}
	}
	for _, p := range v.People {
		out.People = append(out.People, wirePerson(p, names))
	}
	return out
}

// wireMonitoring is nil for who is not told.
func wireMonitoring(m hearing.MonitoringView) *wire.MonitoringView {
	if m.To == "" {
		return nil
	}
	return &wire.MonitoringView{To: string(m.To), Units: texts(m.Units), Reason: m.Reason, Decided: m.Decided}
}

func wirePerson(p hearing.PersonView, names map[hearing.PersonID]string) *wire.PersonView {
	out := &wire.PersonView{
		Person: string(p.Person), Name: p.Alias, Capacity: string(p.Capacity), Point: p.Point,
		Status: wirePersonStatus(p.Status), Connected: p.Connected, Locked: p.Locked,
		Device: string(p.Device), MicrophoneOpen: p.MicrophoneOpen, Hand: p.Hand,
		PointId: p.PointID, Place: string(p.Place), Required: p.Required, Minor: p.Minor,
		Client: string(p.Client), Present: p.Present, AbsentWhy: p.AbsentWhy, Identity: p.Identity,
		Away: p.Away, Warnings: uint32(max(bounded(p.Warnings), 0)), LostSince: p.LostSince,
		Test: wireItems(p.Test), TestedAt: p.TestedAt, Private: p.Private,
		Waited: p.Waited, Mismatch: p.Mismatch, Removable: p.Removable,
		Isolable: p.Isolable, Dismissible: p.Dismissible,
	}
	if name := names[p.Person]; p.MayName && name != "" {
		out.Name = name
	}
	return out
}

func wirePoint(p hearing.PointView) *wire.PointView {
	return &wire.PointView{
		Id: p.ID, Kind: string(p.Kind), Name: p.Name, Detention: p.Detention, Light: p.Light,
		LostSince: p.LostSince, Announced: p.Announced, Test: wireItems(p.Test), TestedAt: p.TestedAt,
	}
}

func wireHold(h *hearing.HoldView) *wire.HoldView {
	if h == nil {
		return nil
	}
	out := &wire.HoldView{
		Proposed: h.Proposed, Until: h.Until, Since: h.Since, Cause: h.Cause, People: texts(h.People), Reason: h.Reason,
	}
	for _, c := range h.Confirm {
		out.Confirm = append(out.Confirm, &wire.ReturnView{Person: string(c.Person), Identity: c.Identity, Media: c.Media})
	}
	return out
}

func wireCheck(c *hearing.IdentityCheckView) *wire.IdentityCheckView {
	if c == nil {
		return nil
	}
	return &wire.IdentityCheckView{
		By: string(c.By), ByDevice: string(c.ByDevice), Person: string(c.Person), Device: string(c.Device),
		Since: c.Since, Until: c.Until,
	}
}

func wireDecision(d *hearing.DecisionView) *wire.DecisionView {
	if d == nil {
		return nil
	}
	return &wire.DecisionView{Reason: d.Reason, ReopenAt: d.ReopenAt, Form: string(d.Form)}
}

func wireItems(list []hearing.TestItem) []*wire.TestItem {
	var out []*wire.TestItem
	for _, i := range list {
		out = append(out, &wire.TestItem{Key: i.Key, Ok: i.OK, Value: i.Value, Absent: i.Absent})
	}
	return out
}

func texts[T ~string](list []T) []string {
	var out []string
	for _, p := range list {
		out = append(out, string(p))
	}
	return out
}

// bounded is n as the protocol's 32 bits hold it.
func bounded(n int) int32 { return int32(max(min(n, 1<<30), -1<<30)) }
