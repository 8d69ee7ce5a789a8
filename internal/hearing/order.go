package hearing

import "time"

func (NextPhase) command() string { return "next_phase" }

func (NextPhase) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (NextPhase) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (Stand) command() string { return "stand" }

func (Stand) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (Stand) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (Sit) command() string { return "sit" }

func (Sit) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (Sit) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (SetVisibility) command() string { return "set_visibility" }

func (SetVisibility) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (SetVisibility) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }
