package signaling

import (
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// commandFrom translates a client's act. Only people's commands have a wire form.
func commandFrom(c *wire.Command) (hearing.Command, bool) {
	for _, from := range [...]func(*wire.Command) hearing.Command{floorAct, preparingAct, orderAct, endingAct, roomAct, exhibitAct} {
		if cmd := from(c); cmd != nil {
			return cmd, true
		}
	}
	return nil, false
}

// floorAct translates the acts of attendance, floor and the hearing's course;
// it and its kin return nil for acts of the others.
func floorAct(c *wire.Command) hearing.Command {
	switch a := c.GetAct().(type) {
	case *wire.Command_CheckIn:
		return hearing.CheckIn{RulesAccepted: a.CheckIn.GetRulesAccepted()}
	case *wire.Command_Admit:
		return hearing.Admit{Person: person(a.Admit)}
	case *wire.Command_Open:
		return hearing.Open{OverrideReason: a.Open.GetOverrideReason()}
	case *wire.Command_RaiseHand:
		return hearing.RaiseHand{}
	case *wire.Command_LowerHand:
		return hearing.LowerHand{Person: person(a.LowerHand)}
	case *wire.Command_GiveFloor:
		return hearing.GiveFloor{Person: person(a.GiveFloor)}
	case *wire.Command_StopFloor:
		return hearing.StopFloor{Person: person(a.StopFloor)}
	case *wire.Command_MuteLock:
		return hearing.MuteLock{Person: person(a.MuteLock)}
	case *wire.Command_Unlock:
		return hearing.Unlock{Person: person(a.Unlock)}
	case *wire.Command_Recess:
		return hearing.Recess{Reason: a.Recess.GetReason()}
	case *wire.Command_Resume:
		return hearing.Resume{}
	case *wire.Command_Remove:
		return hearing.Remove{Person: person(a.Remove), Reason: a.Remove.GetReason()}
	case *wire.Command_Close:
		return hearing.Close{}
	}
	return nil
}

// preparingAct translates the acts of preparation.
func preparingAct(c *wire.Command) hearing.Command {
	switch a := c.GetAct().(type) {
	case *wire.Command_RecordOpinion:
		o := a.RecordOpinion
		return hearing.RecordOpinion{Agrees: o.GetAgrees(), On: o.GetOn(), Note: o.GetNote()}
	case *wire.Command_RecordFacilities:
		return hearing.RecordFacilities{OK: a.RecordFacilities.GetOk(), Note: a.RecordFacilities.GetNote()}
	case *wire.Command_MarkReady:
		return hearing.MarkReady{}
	case *wire.Command_NoteIdentity:
		n := a.NoteIdentity
		return hearing.NoteIdentity{Person: person(n), Method: n.GetMethod(), Challenge: n.GetChallenge()}
	case *wire.Command_NoteMismatch:
		return hearing.NoteMismatch{Person: person(a.NoteMismatch), Reason: a.NoteMismatch.GetReason()}
	case *wire.Command_BeginIdentityCheck:
		return hearing.BeginIdentityCheck{Person: person(a.BeginIdentityCheck)}
	case *wire.Command_EndIdentityCheck:
		return hearing.EndIdentityCheck{}
	case *wire.Command_ReportPresence:
		p := a.ReportPresence
		return hearing.ReportPresence{Person: person(p), Present: p.GetPresent(), Reason: p.GetReason()}
	case *wire.Command_ReportTest:
		return hearing.ReportTest{Point: a.ReportTest.GetPoint(), Items: testItems(a.ReportTest.GetItems())}
	}
	return nil
}

// orderAct translates the acts of the order of business and of a technical hold.
func orderAct(c *wire.Command) hearing.Command {
	switch a := c.GetAct().(type) {
	case *wire.Command_NextPhase:
		return hearing.NextPhase{Phase: court.Phase(a.NextPhase.GetPhase()), SkipReason: a.NextPhase.GetSkipReason()}
	case *wire.Command_Stand:
		return hearing.Stand{Person: person(a.Stand)}
	case *wire.Command_Sit:
		return hearing.Sit{}
	case *wire.Command_SetVisibility:
		v := a.SetVisibility
		return hearing.SetVisibility{To: hearing.Visibility(v.GetTo()), Reason: v.GetReason()}
	case *wire.Command_SetMonitoring:
		return monitoringAct(a.SetMonitoring)
	case *wire.Command_HoldTechnical:
		return hearing.HoldTechnical{Reason: a.HoldTechnical.GetReason()}
	case *wire.Command_KeepGoing:
		return hearing.KeepGoing{Reason: a.KeepGoing.GetReason()}
	case *wire.Command_ConfirmReturn:
		return hearing.ConfirmReturn{Person: person(a.ConfirmReturn), What: a.ConfirmReturn.GetWhat()}
	case *wire.Command_Warn:
		return hearing.Warn{Person: person(a.Warn), Reason: a.Warn.GetReason()}
	case *wire.Command_NoteAway:
		return hearing.NoteAway{Person: person(a.NoteAway)}
	case *wire.Command_NoteBack:
		return hearing.NoteBack{Person: person(a.NoteBack)}
	}
	return nil
}

// endingAct translates the decisions after which the hearing does not go on.
func endingAct(c *wire.Command) hearing.Command {
	switch a := c.GetAct().(type) {
	case *wire.Command_Suspend:
		return hearing.Suspend{Reason: a.Suspend.GetReason(), ReopenAt: a.Suspend.GetReopenAt()}
	case *wire.Command_Adjourn:
		d := a.Adjourn
		return hearing.Adjourn{Reason: d.GetReason(), ReopenAt: d.GetReopenAt(), Form: hearing.Form(d.GetForm())}
	case *wire.Command_Announced:
		return hearing.Announced{Point: a.Announced.GetPoint()}
	case *wire.Command_Reopen:
		return hearing.Reopen{}
	case *wire.Command_Cancel:
		return hearing.Cancel{Reason: a.Cancel.GetReason()}
	}
	return nil
}

// roomAct translates the acts about who is in which room.
func roomAct(c *wire.Command) hearing.Command {
	switch a := c.GetAct().(type) {
	case *wire.Command_CallWitness:
		return hearing.CallWitness{Person: person(a.CallWitness)}
	case *wire.Command_DismissWitness:
		return hearing.DismissWitness{Person: person(a.DismissWitness)}
	case *wire.Command_Isolate:
		return hearing.Isolate{Person: person(a.Isolate), Reason: a.Isolate.GetReason()}
	case *wire.Command_ConfirmLeft:
		return hearing.ConfirmLeft{Person: person(a.ConfirmLeft)}
	case *wire.Command_EndIsolation:
		return hearing.EndIsolation{Person: person(a.EndIsolation)}
	case *wire.Command_NoteBriefed:
		return hearing.NoteBriefed{Person: person(a.NoteBriefed)}
	case *wire.Command_Deliberate:
		return hearing.Deliberate{}
	case *wire.Command_EndDeliberation:
		return hearing.EndDeliberation{Phase: court.Phase(a.EndDeliberation.GetPhase())}
	case *wire.Command_RequestConsult:
		return hearing.RequestConsult{With: personIDs(a.RequestConsult.GetWith())}
	case *wire.Command_AllowConsult:
		return hearing.AllowConsult{Consult: a.AllowConsult.GetConsult(), Minutes: int(a.AllowConsult.GetMinutes())}
	case *wire.Command_EndConsult:
		return hearing.EndConsult{Consult: a.EndConsult.GetConsult()}
	}
	return nil
}

// exhibitAct translates the acts about documents. A file is offered over HTTP, where
// the server itself finds out what it is.
func exhibitAct(c *wire.Command) hearing.Command {
	switch a := c.GetAct().(type) {
	case *wire.Command_AdmitExhibit:
		return hearing.AdmitExhibit{Exhibit: int(a.AdmitExhibit.GetExhibit())}
	case *wire.Command_RefuseExhibit:
		return hearing.RefuseExhibit{Exhibit: int(a.RefuseExhibit.GetExhibit()), Reason: a.RefuseExhibit.GetReason()}
	case *wire.Command_WithdrawExhibit:
		return hearing.WithdrawExhibit{Exhibit: int(a.WithdrawExhibit.GetExhibit())}
	case *wire.Command_ShowExhibit:
		return hearing.ShowExhibit{Exhibit: int(a.ShowExhibit.GetExhibit()), Page: int(a.ShowExhibit.GetPage())}
	case *wire.Command_StopExhibit:
		return hearing.StopExhibit{}
	}
	return nil
}

// person is whom an act is about.
func person(m interface{ GetPerson() string }) hearing.PersonID {
	return hearing.PersonID(m.GetPerson())
}

func personIDs(list []string) []hearing.PersonID {
	out := make([]hearing.PersonID, 0, len(list))
	for _, p := range list {
		out = append(out, hearing.PersonID(p))
	}
	return out
}

func testItems(list []*wire.TestItem) []hearing.TestItem {
	out := make([]hearing.TestItem, 0, len(list))
	for _, i := range list {
		out = append(out, hearing.TestItem{Key: i.GetKey(), OK: i.GetOk(), Value: i.GetValue(), Absent: i.GetAbsent()})
	}
	return out
}

func monitoringAct(m *wire.SetMonitoring) hearing.Command {
	c := hearing.SetMonitoring{To: hearing.Monitors(m.GetTo()), Reason: m.GetReason()}
	for _, u := range m.GetUnits() {
		c.Units = append(c.Units, court.UnitID(u))
	}
	return c
}
