package hearing

import "time"

func (RequestConsult) command() string { return "request_consult" }

func (RequestConsult) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (RequestConsult) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (AllowConsult) command() string { return "allow_consult" }

func (AllowConsult) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (AllowConsult) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (EndConsult) command() string { return "end_consult" }

func (EndConsult) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (EndConsult) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }
