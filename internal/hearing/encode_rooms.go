package hearing

// parseRoomBody knows the kinds of events about rooms; known is false for others.
func parseRoomBody(kind string, raw []byte) (b EventBody, known bool, err error) {
	switch kind {
	case WitnessCalled{}.Kind():
		b, err = decode[WitnessCalled](raw)
	case WitnessDismissed{}.Kind():
		b, err = decode[WitnessDismissed](raw)
	case PersonIsolated{}.Kind():
		b, err = decode[PersonIsolated](raw)
	case LeftDevice{}.Kind():
		b, err = decode[LeftDevice](raw)
	case IsolationEnded{}.Kind():
		b, err = decode[IsolationEnded](raw)
	case PersonBriefed{}.Kind():
		b, err = decode[PersonBriefed](raw)
	case DeliberationBegan{}.Kind():
		b, err = decode[DeliberationBegan](raw)
	case DeliberationEnded{}.Kind():
		b, err = decode[DeliberationEnded](raw)
	case ConsultRequested{}.Kind():
		b, err = decode[ConsultRequested](raw)
	case ConsultOpened{}.Kind():
		b, err = decode[ConsultOpened](raw)
	case ConsultEnded{}.Kind():
		b, err = decode[ConsultEnded](raw)
	default:
		return nil, false, nil
	}
	return b, true, err
}
