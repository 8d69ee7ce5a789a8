package hearing

import "time"

func (RecordOpinion) command() string { return "record_opinion" }

func (RecordOpinion) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (RecordOpinion) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (RecordFacilities) command() string { return "record_facilities" }

func (RecordFacilities) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (RecordFacilities) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (MarkReady) command() string { return "mark_ready" }

func (MarkReady) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (MarkReady) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (NoteIdentity) command() string { return "note_identity" }

func (NoteIdentity) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (NoteIdentity) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (ReportPresence) command() string { return "report_presence" }

func (ReportPresence) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (ReportPresence) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }

func (ReportTest) command() string { return "report_test" }

func (ReportTest) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (ReportTest) decide(*State, Actor, time.Time) ([]EventBody, *Refusal) { return nil, refuseUnknownCommand() }
