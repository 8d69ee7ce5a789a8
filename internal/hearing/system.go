package hearing

import (
	"encoding/base64"
	"fmt"
	"time"
)

// Events that the server itself notes.
type (
	// DeviceJoined: the device has a signaling session.
	DeviceJoined struct {
		Device DeviceID `json:"device"`
	}
	// DeviceLeft: the device has none. The seat and everything of its people stay.
	DeviceLeft struct {
		Device DeviceID `json:"device"`
	}
	// RecorderReported: bytes of the hearing reach the disk, or do not.
	RecorderReported struct {
		Recording bool   `json:"recording"`
		Trouble   string `json:"trouble"`
	}
	// EvidenceAnchored: a checkpoint of the evidence log stands in the state log.
	EvidenceAnchored struct {
		Size uint64 `json:"size"`
		Root string `json:"root"`
	}
	// NodeTaken: a node holds the hearing from here on. Connections and recorder
	// of the node before are gone with it.
	NodeTaken struct {
		Node  string `json:"node"`
		Epoch uint64 `json:"epoch"`
	}
)

// Kind is the event's stable name.
func (DeviceJoined) Kind() string { return "device.connected" }

// Kind is the event's stable name.
func (DeviceLeft) Kind() string { return "device.lost" }

// Kind is the event's stable name.
func (RecorderReported) Kind() string { return "recorder.reported" }

// Kind is the event's stable name.
func (EvidenceAnchored) Kind() string { return "evidence.anchored" }

// Kind is the event's stable name.
func (NodeTaken) Kind() string { return "node.took" }

// Restricts is false.
func (DeviceJoined) Restricts() bool { return false }

// Restricts is true: a device is gone.
func (DeviceLeft) Restricts() bool { return true }

// Restricts is true for a failing recorder: the hearing may not open without a
// reason any more, and judge and clerk have to see it while the database is away.
func (b RecorderReported) Restricts() bool { return !b.Recording }

// Restricts is false.
func (EvidenceAnchored) Restricts() bool { return false }

// Restricts is false: an epoch holds only once the database has it.
func (NodeTaken) Restricts() bool { return false }

func (b DeviceJoined) apply(s *State, e Event) error {
	d := s.deviceState(b.Device)
	if d == nil || d.Connected {
		return fmt.Errorf("%w: device", ErrImpossible)
	}
	s.connect(d, true, e)
	return nil
}

func (b DeviceLeft) apply(s *State, e Event) error {
	d := s.deviceState(b.Device)
	if d == nil || !d.Connected {
		return fmt.Errorf("%w: device", ErrImpossible)
	}
	s.connect(d, false, e)
	return nil
}

// connect follows a device: it moves those of its people who have not checked in
// between absent and arrived, and notes who in the courtroom is lost or back.
func (s *State) connect(d *DeviceState, on bool, e Event) {
	d.Connected = on
	for _, id := range s.device(d.ID).People {
		p := s.person(id)
		p.Seq = e.Seq
		switch {
		case p.Status == Absent && s.connected(id):
			p.Status = Arrived
		case p.Status == Arrived && !s.connected(id):
			p.Status = Absent
		}
		s.followLink(p, on, e.At)
	}
}

func (b RecorderReported) apply(s *State, _ Event) error {
	s.Recorder = RecorderState{On: b.Recording, Trouble: b.Trouble}
	return nil
}

func (b EvidenceAnchored) apply(s *State, _ Event) error {
	if b.Size <= s.Anchor.Size {
		return fmt.Errorf("%w: checkpoint of size %d after %d", ErrImpossible, b.Size, s.Anchor.Size)
	}
	s.Anchor = AnchorState(b)
	return nil
}

func (b NodeTaken) apply(s *State, e Event) error {
	if b.Epoch <= s.Epoch {
		return fmt.Errorf("%w: epoch %d after %d", ErrImpossible, b.Epoch, s.Epoch)
	}
	s.Node, s.Epoch, s.Anchor, s.Recorder, s.Left = b.Node, b.Epoch, AnchorState{}, RecorderState{}, RecordingLeftState{}
	for i := range s.Devices {
		if s.Devices[i].Connected {
			s.connect(&s.Devices[i], false, e)
		}
	}
	return nil
}

func (DeviceConnected) command() string { return "device_connected" }
func (DeviceLost) command() string      { return "device_lost" }
func (RecorderReport) command() string  { return "recorder_report" }
func (AnchorEvidence) command() string  { return "anchor_evidence" }
func (NodeTook) command() string        { return "node_took" }

func (DeviceConnected) may(_ *State, a Actor) *Refusal { return bySystem(a) }
func (DeviceLost) may(_ *State, a Actor) *Refusal      { return bySystem(a) }
func (RecorderReport) may(_ *State, a Actor) *Refusal  { return bySystem(a) }
func (AnchorEvidence) may(_ *State, a Actor) *Refusal  { return bySystem(a) }
func (NodeTook) may(_ *State, a Actor) *Refusal        { return bySystem(a) }

func (c DeviceConnected) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	d := s.deviceState(c.Device)
	if d == nil {
		return nil, refuseUnknownDevice()
	}
	if d.Connected || s.Status.Over() {
		return nil, nil
	}
	return []EventBody{DeviceJoined(c)}, nil
}

func (c DeviceLost) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	d := s.deviceState(c.Device)
	if d == nil {
		return nil, refuseUnknownDevice()
	}
	if !d.Connected || s.Status.Over() {
		return nil, nil
	}
	return []EventBody{DeviceLeft(c)}, nil
}

func (c RecorderReport) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if c.Trouble != "" && !validID(c.Trouble) {
		return nil, refuseReport()
	}
	if s.Recorder == (RecorderState{On: c.Recording, Trouble: c.Trouble}) || s.Status.Over() {
		return nil, nil
	}
	return []EventBody{RecorderReported(c)}, nil
}

// decide takes the last anchors also after closing: the evidence log ends later.
func (c AnchorEvidence) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch {
	case !validRoot(c.Root) || c.Size == 0 || c.Size < s.Anchor.Size:
		return nil, refuseReport()
	case c == AnchorEvidence(s.Anchor):
		return nil, nil
	case c.Size == s.Anchor.Size:
		return nil, refuseReport()
	}
	return []EventBody{EvidenceAnchored(c)}, nil
}

// validRoot takes the one base64 form of 32 bytes (the decoder would also take
// line breaks).
func validRoot(text string) bool {
	root, err := base64.StdEncoding.DecodeString(text)
	return err == nil && len(root) == 32 && base64.StdEncoding.EncodeToString(root) == text
}

// decide notes nothing once the hearing is over: no link and no recorder counts any
// more, and the record may have its end.
func (c NodeTook) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch {
	case c.Node == "" || !validLabel(c.Node):
		return nil, refuseReport()
	case c.Epoch <= s.Epoch:
		return nil, refuseStaleEpoch()
	case s.Status.Over():
		return nil, nil
	}
	return []EventBody{NodeTaken(c)}, nil
}
