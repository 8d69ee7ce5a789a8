package hearing

import "time"

func (CallWitness) command() string { return "call_witness" }

func (CallWitness) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (CallWitness) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (DismissWitness) command() string { return "dismiss_witness" }

func (DismissWitness) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (DismissWitness) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (Isolate) command() string { return "isolate" }

func (Isolate) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (Isolate) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (ConfirmLeft) command() string { return "confirm_left" }

func (ConfirmLeft) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (ConfirmLeft) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (EndIsolation) command() string { return "end_isolation" }

func (EndIsolation) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (EndIsolation) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (NoteBriefed) command() string { return "note_briefed" }

func (NoteBriefed) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (NoteBriefed) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (Deliberate) command() string { return "deliberate" }

func (Deliberate) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (Deliberate) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (EndDeliberation) command() string { return "end_deliberation" }

func (EndDeliberation) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (EndDeliberation) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }
