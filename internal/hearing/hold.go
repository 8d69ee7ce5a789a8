package hearing

import "time"

func (HoldTechnical) command() string { return "hold_technical" }

func (HoldTechnical) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (HoldTechnical) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (KeepGoing) command() string { return "keep_going" }

func (KeepGoing) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (KeepGoing) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (ConfirmReturn) command() string { return "confirm_return" }

func (ConfirmReturn) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (ConfirmReturn) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }
