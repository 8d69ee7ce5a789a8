package signaling

import (
	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// commandFrom translates a client's act. Only people's commands have a wire form.
func commandFrom(c *wire.Command) (hearing.Command, bool) {
	switch a := c.GetAct().(type) {
	case *wire.Command_CheckIn:
		return hearing.CheckIn{RulesAccepted: a.CheckIn.GetRulesAccepted()}, true
	case *wire.Command_Admit:
		return hearing.Admit{Person: hearing.PersonID(a.Admit.GetPerson())}, true
	case *wire.Command_Open:
		return hearing.Open{OverrideReason: a.Open.GetOverrideReason()}, true
	case *wire.Command_RaiseHand:
		return hearing.RaiseHand{}, true
	case *wire.Command_LowerHand:
		return hearing.LowerHand{Person: hearing.PersonID(a.LowerHand.GetPerson())}, true
	case *wire.Command_GiveFloor:
		return hearing.GiveFloor{Person: hearing.PersonID(a.GiveFloor.GetPerson())}, true
	case *wire.Command_StopFloor:
		return hearing.StopFloor{Person: hearing.PersonID(a.StopFloor.GetPerson())}, true
	case *wire.Command_MuteLock:
		return hearing.MuteLock{Person: hearing.PersonID(a.MuteLock.GetPerson())}, true
	case *wire.Command_Unlock:
		return hearing.Unlock{Person: hearing.PersonID(a.Unlock.GetPerson())}, true
	case *wire.Command_Recess:
		return hearing.Recess{Reason: a.Recess.GetReason()}, true
	case *wire.Command_Resume:
		return hearing.Resume{}, true
	case *wire.Command_Remove:
		return hearing.Remove{Person: hearing.PersonID(a.Remove.GetPerson()), Reason: a.Remove.GetReason()}, true
	case *wire.Command_Close:
		return hearing.Close{}, true
	}
	return nil, false
}

func wireRefusal(r *hearing.Refusal) *wire.Refusal {
	if r == nil {
		return nil
	}
	return &wire.Refusal{Code: r.Code, Vi: r.Vi, En: r.En}
}

func wireStatus(s hearing.Status) wire.HearingState {
	switch s {
	case hearing.Scheduled:
		return wire.HearingState_HEARING_STATE_SCHEDULED
	case hearing.InSession:
		return wire.HearingState_HEARING_STATE_IN_SESSION
	case hearing.InRecess:
		return wire.HearingState_HEARING_STATE_RECESS
	case hearing.Closed:
		return wire.HearingState_HEARING_STATE_CLOSED
	}
	return wire.HearingState_HEARING_STATE_UNSPECIFIED
}

func wirePersonStatus(s hearing.PersonStatus) wire.PersonStatus {
	switch s {
	case hearing.Absent:
		return wire.PersonStatus_PERSON_STATUS_ABSENT
	case hearing.Arrived:
		return wire.PersonStatus_PERSON_STATUS_ARRIVED
	case hearing.Waiting:
		return wire.PersonStatus_PERSON_STATUS_WAITING
	case hearing.InCourtroom:
		return wire.PersonStatus_PERSON_STATUS_IN_COURTROOM
	case hearing.Removed:
		return wire.PersonStatus_PERSON_STATUS_REMOVED
	}
	return wire.PersonStatus_PERSON_STATUS_UNSPECIFIED
}

// wireView puts a view into the protocol's form. Names are filled in here, from
// the names table, and only where the rules say that the reader may know them.
func wireView(v hearing.View, names map[hearing.PersonID]string) *wire.View {
	out := &wire.View{
		StateSeq: v.Seq, DocketNo: v.DocketNo, Title: v.Title, Court: v.Court,
		State: wireStatus(v.Status), Since: v.Since, OpenedAt: v.OpenedAt,
		Recording: v.Recording, Me: string(v.Me),
		Floor: string(v.Floor), FloorSince: v.FloorSince,
		Acts: append([]string(nil), v.Acts...), RecessReason: v.RecessReason,
	}
	for _, h := range v.Hands {
		out.Hands = append(out.Hands, string(h))
	}
	for _, p := range v.People {
		q := &wire.PersonView{
			Person: string(p.Person), Name: p.Alias, Capacity: string(p.Capacity), Point: p.Point,
			Status: wirePersonStatus(p.Status), Connected: p.Connected, Locked: p.Locked,
			Device: string(p.Device), MicrophoneOpen: p.MicrophoneOpen, Hand: p.Hand,
		}
		if name := names[p.Person]; p.MayName && name != "" {
			q.Name = name
		}
		out.People = append(out.People, q)
	}
	return out
}
