package hearing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxLineBytes bounds one line of the state log. The largest is that of Booked,
// which MaxBookingBytes keeps below it. Store and evidence log bound a
// line at 1 MiB each, and the evidence log holds this one as an escaped string:
// recording's tests hold the largest booking against all three.
const MaxLineBytes = 960 << 10

// ErrLine: a line is not an event in its one canonical form.
var ErrLine = errors.New("hearing: not an event's line")

// line is the form of an event in the log:
//
//	{"seq":1,"at":1772323200000000,"kind":"hand.raised","actor":{…},"body":{…}}
//
// at is in UTC unix microseconds. An event has exactly one line: the members in
// this order, none missing, none more, no blanks.
type line struct {
	Seq   uint64          `json:"seq"`
	At    int64           `json:"at"`
	Kind  string          `json:"kind"`
	Actor Actor           `json:"actor"`
	Body  json.RawMessage `json:"body"`
}

// MarshalEvent writes e as one line of JSON without a newline.
func MarshalEvent(e Event) ([]byte, error) {
	text, err := marshalLine(e)
	if err != nil {
		return nil, err
	}
	// What cannot be read back the same (a body of pointer type, broken UTF-8)
	// must not reach the log.
	if _, err := ParseEvent(text); err != nil {
		return nil, err
	}
	return text, nil
}

func marshalLine(e Event) ([]byte, error) {
	if e.Body == nil {
		return nil, fmt.Errorf("%w: no body", ErrLine)
	}
	raw, err := json.Marshal(e.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLine, err)
	}
	text, err := json.Marshal(line{Seq: e.Seq, At: e.At, Kind: e.Body.Kind(), Actor: e.Actor, Body: raw})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLine, err)
	}
	return text, nil
}

// ParseEvent reads a line of MarshalEvent. It is strict: unknown kinds, unknown,
// missing, doubled or reordered members and every other spelling of the same
// event are errors (ErrLine), so that one event is one sequence of bytes.
func ParseEvent(text []byte) (Event, error) {
	if len(text) > MaxLineBytes {
		return Event{}, fmt.Errorf("%w: %d bytes", ErrLine, len(text))
	}
	var l line
	if err := strict(text, &l); err != nil {
		return Event{}, err
	}
	if l.Seq == 0 {
		return Event{}, fmt.Errorf("%w: sequence 0", ErrLine)
	}
	b, err := parseBody(l.Kind, l.Body)
	if err != nil {
		return Event{}, err
	}
	e := Event{Seq: l.Seq, At: l.At, Actor: l.Actor, Body: b}
	again, err := marshalLine(e)
	if err != nil {
		return Event{}, err
	}
	if !bytes.Equal(again, text) {
		return Event{}, fmt.Errorf("%w: not in canonical form", ErrLine)
	}
	return e, nil
}

func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrLine, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more than one value", ErrLine)
	}
	return nil
}

func decode[B EventBody](raw []byte) (EventBody, error) {
	var b B
	if err := strict(raw, &b); err != nil {
		return nil, err
	}
	return b, nil
}

// parseBody knows every kind of event.
func parseBody(kind string, raw []byte) (EventBody, error) {
	for _, parse := range []func(string, []byte) (EventBody, error){parsePreparation, parseCourse, parseRoomBody, parseExhibit} {
		if b, err := parse(kind, raw); b != nil || err != nil {
			return b, err
		}
	}
	switch kind {
	case Booked{}.Kind():
		return decode[Booked](raw)
	case CheckedIn{}.Kind():
		return decode[CheckedIn](raw)
	case Admitted{}.Kind():
		return decode[Admitted](raw)
	case PersonRemoved{}.Kind():
		return decode[PersonRemoved](raw)
	case HandRaised{}.Kind():
		return decode[HandRaised](raw)
	case HandLowered{}.Kind():
		return decode[HandLowered](raw)
	case FloorGiven{}.Kind():
		return decode[FloorGiven](raw)
	case FloorStopped{}.Kind():
		return decode[FloorStopped](raw)
	case MicrophoneLocked{}.Kind():
		return decode[MicrophoneLocked](raw)
	case MicrophoneUnlocked{}.Kind():
		return decode[MicrophoneUnlocked](raw)
	case Opened{}.Kind():
		return decode[Opened](raw)
	case Recessed{}.Kind():
		return decode[Recessed](raw)
	case WentOn{}.Kind():
		return decode[WentOn](raw)
	case HearingClosed{}.Kind():
		return decode[HearingClosed](raw)
	case BecameLate{}.Kind():
		return decode[BecameLate](raw)
	case DeviceJoined{}.Kind():
		return decode[DeviceJoined](raw)
	case DeviceLeft{}.Kind():
		return decode[DeviceLeft](raw)
	case RecorderReported{}.Kind():
		return decode[RecorderReported](raw)
	case RecordingLeft{}.Kind():
		return decode[RecordingLeft](raw)
	case EvidenceAnchored{}.Kind():
		return decode[EvidenceAnchored](raw)
	case NodeTaken{}.Kind():
		return decode[NodeTaken](raw)
	default:
		return nil, fmt.Errorf("%w: unknown kind", ErrLine)
	}
}

// parsePreparation knows the kinds of preparation; nil for any other.
func parsePreparation(kind string, raw []byte) (EventBody, error) {
	switch kind {
	case OpinionRecorded{}.Kind():
		return decode[OpinionRecorded](raw)
	case FacilitiesRecorded{}.Kind():
		return decode[FacilitiesRecorded](raw)
	case BecameReady{}.Kind():
		return decode[BecameReady](raw)
	case IdentityNoted{}.Kind():
		return decode[IdentityNoted](raw)
	case IdentityMismatched{}.Kind():
		return decode[IdentityMismatched](raw)
	case PresenceReported{}.Kind():
		return decode[PresenceReported](raw)
	case TestReported{}.Kind():
		return decode[TestReported](raw)
	default:
		return nil, nil
	}
}

// parseCourse knows the kinds of order, hold and decision; nil for any other.
func parseCourse(kind string, raw []byte) (EventBody, error) {
	switch kind {
	case PhaseEntered{}.Kind():
		return decode[PhaseEntered](raw)
	case AskedToStand{}.Kind():
		return decode[AskedToStand](raw)
	case AskedToSit{}.Kind():
		return decode[AskedToSit](raw)
	case VisibilitySet{}.Kind():
		return decode[VisibilitySet](raw)
	case MonitoringSet{}.Kind():
		return decode[MonitoringSet](raw)
	case HoldProposed{}.Kind():
		return decode[HoldProposed](raw)
	case HoldBegun{}.Kind():
		return decode[HoldBegun](raw)
	case KeptGoing{}.Kind():
		return decode[KeptGoing](raw)
	case LinksSettled{}.Kind():
		return decode[LinksSettled](raw)
	case ReturnConfirmed{}.Kind():
		return decode[ReturnConfirmed](raw)
	case HearingSuspended{}.Kind():
		return decode[HearingSuspended](raw)
	case HearingAdjourned{}.Kind():
		return decode[HearingAdjourned](raw)
	case DecisionAnnounced{}.Kind():
		return decode[DecisionAnnounced](raw)
	case AnnouncementsMissed{}.Kind():
		return decode[AnnouncementsMissed](raw)
	case HearingReopened{}.Kind():
		return decode[HearingReopened](raw)
	case HearingCancelled{}.Kind():
		return decode[HearingCancelled](raw)
	case PersonWarned{}.Kind():
		return decode[PersonWarned](raw)
	case PersonAway{}.Kind():
		return decode[PersonAway](raw)
	case PersonBack{}.Kind():
		return decode[PersonBack](raw)
	default:
		return nil, nil
	}
}
