package hearing

// parseRoomBody knows the kinds of events about rooms; nil without an error is
// another kind.
func parseRoomBody(kind string, raw []byte) (EventBody, error) {
	switch kind {
	case WitnessCalled{}.Kind():
		return decode[WitnessCalled](raw)
	case WitnessDismissed{}.Kind():
		return decode[WitnessDismissed](raw)
	case PersonIsolated{}.Kind():
		return decode[PersonIsolated](raw)
	case LeftDevice{}.Kind():
		return decode[LeftDevice](raw)
	case IsolationEnded{}.Kind():
		return decode[IsolationEnded](raw)
	case PersonBriefed{}.Kind():
		return decode[PersonBriefed](raw)
	case DeliberationBegan{}.Kind():
		return decode[DeliberationBegan](raw)
	case DeliberationEnded{}.Kind():
		return decode[DeliberationEnded](raw)
	case ConsultRequested{}.Kind():
		return decode[ConsultRequested](raw)
	case ConsultOpened{}.Kind():
		return decode[ConsultOpened](raw)
	case ConsultEnded{}.Kind():
		return decode[ConsultEnded](raw)
	case IdentityCheckBegun{}.Kind():
		return decode[IdentityCheckBegun](raw)
	case IdentityCheckEnded{}.Kind():
		return decode[IdentityCheckEnded](raw)
	default:
		return nil, nil
	}
}

// parseExhibit knows the kinds of events about exhibits; nil for any other.
func parseExhibit(kind string, raw []byte) (EventBody, error) {
	switch kind {
	case ExhibitOffered{}.Kind():
		return decode[ExhibitOffered](raw)
	case ExhibitAdmitted{}.Kind():
		return decode[ExhibitAdmitted](raw)
	case ExhibitRefused{}.Kind():
		return decode[ExhibitRefused](raw)
	case ExhibitWithdrawn{}.Kind():
		return decode[ExhibitWithdrawn](raw)
	case ExhibitPresented{}.Kind():
		return decode[ExhibitPresented](raw)
	case ExhibitTurned{}.Kind():
		return decode[ExhibitTurned](raw)
	case ExhibitStopped{}.Kind():
		return decode[ExhibitStopped](raw)
	default:
		return nil, nil
	}
}
