package signaling

import (
	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

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
	case hearing.Preparing:
		return wire.HearingState_HEARING_STATE_PREPARING
	case hearing.ReadyToOpen:
		return wire.HearingState_HEARING_STATE_READY
	case hearing.TechnicalHold:
		return wire.HearingState_HEARING_STATE_TECHNICAL_HOLD
	case hearing.Suspended:
		return wire.HearingState_HEARING_STATE_SUSPENDED
	case hearing.Adjourned:
		return wire.HearingState_HEARING_STATE_ADJOURNED
	case hearing.Cancelled:
		return wire.HearingState_HEARING_STATE_CANCELLED
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
