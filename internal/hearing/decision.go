package hearing

import "time"

func (Suspend) command() string { return "suspend" }

func (Suspend) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (Suspend) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (Adjourn) command() string { return "adjourn" }

func (Adjourn) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (Adjourn) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (Announced) command() string { return "announced" }

func (Announced) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (Announced) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (Reopen) command() string { return "reopen" }

func (Reopen) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (Reopen) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (Cancel) command() string { return "cancel" }

func (Cancel) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (Cancel) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (Warn) command() string { return "warn" }

func (Warn) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (Warn) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (NoteAway) command() string { return "note_away" }

func (NoteAway) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (NoteAway) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (NoteBack) command() string { return "note_back" }

func (NoteBack) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (NoteBack) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }
