package store

import (
	"context"
	"time"

	"phientoa/internal/court"
)

// HearingInfo is what calendars show of a hearing without opening its log; its
// truth is the log, and the hosting node writes it after each change.
type HearingInfo struct {
	Hearing   string
	EFileCode string
	Procedure string
	Instance  string
	Form      string
	Status    string
	Phase     string
	Closed    bool // closed doors
	Minutes   int
	Points    []InfoPoint
	OpenedAt  int64 // UTC unix microseconds; 0: not opened
	EndedAt   int64 // when it was over, or suspended; 0: not
	Updated   int64 // UTC unix microseconds
}

// InfoPoint is a point as the calendar knows it: for clashes of rooms.
type InfoPoint struct {
	ID   string       `json:"id"`
	Name string       `json:"name"`
	Kind string       `json:"kind"`
	Unit court.UnitID `json:"unit,omitempty"`
}

// Seat says who may take which seat of a hearing without an invitation: an
// official's account, or an enrolled room device.
type Seat struct {
	Hearing    string
	Person     string
	Device     string
	Account    string
	RoomDevice string
}

// WholeNode is the unit of an alarm of the machine itself (disk, certificate): whoever
// has a scope at all sees it and may take it. No court bears the name.
const WholeNode court.UnitID = "~node"

// Alarm is a task of the operators: somebody lost, a failed test, a call for help.
type Alarm struct {
	ID      string // UUIDv7
	At      time.Time
	Unit    court.UnitID
	Hearing string
	Person  string
	Device  string
	Kind    string // "help", "test_failed", "point_lost", "recorder", "picture", "media_blocked", "disk", "certificate"
	Detail  string // at most 500 bytes, no names
	TakenBy string // account
	TakenAt time.Time
	DoneBy  string
	DoneAt  time.Time
}

// Idempotent is the remembered answer to a request with an Idempotency-Key.
type Idempotent struct {
	Account string
	Key     string // at most 64 bytes
	Digest  [32]byte
	Status  int
	Body    []byte // at most 64 KiB
	At      time.Time
}

// Imported is what a case system sent last for a docket number.
type Imported struct {
	Unit     court.UnitID
	DocketNo string
	Digest   [32]byte
	At       time.Time
}

// Office is the part of the database behind calendar, booking and operations.
type Office interface {
	PutHearingInfo(ctx context.Context, sc court.Scope, i HearingInfo) error
	HearingInfos(ctx context.Context, sc court.Scope, hearings []string) ([]HearingInfo, error)
	// HearingsIn returns those whose info has one of 1 to 16 statuses, whenever they
	// start, the latest start first, at most MaxHearings.
	HearingsIn(ctx context.Context, sc court.Scope, statuses []string) ([]Hearing, error)
	// HearingByDocket finds by docket number within the unit; ErrNotFound.
	HearingByDocket(ctx context.Context, sc court.Scope, unit court.UnitID, docket string) (Hearing, error)
	// Search finds by docket number, e-file code or title, with or without diacritics,
	// the latest first, at most 100.
	Search(ctx context.Context, sc court.Scope, text string) ([]Hearing, error)

	PutSeats(ctx context.Context, sc court.Scope, seats []Seat) error
	Seats(ctx context.Context, sc court.Scope, hearing string) ([]Seat, error)
	// SeatsOfAccount and SeatsOfRoomDevice return those of hearings that start in
	// [fromMicros, toMicros).
	SeatsOfAccount(ctx context.Context, account string, fromMicros, toMicros int64) ([]Seat, error)
	SeatsOfRoomDevice(ctx context.Context, device string, fromMicros, toMicros int64) ([]Seat, error)

	PutAlarm(ctx context.Context, a Alarm) error
	// Alarms returns those not done, and those done since; latest first, at most 500.
	Alarms(ctx context.Context, sc court.Scope, doneSince time.Time) ([]Alarm, error)
	TakeAlarm(ctx context.Context, sc court.Scope, id, account string, now time.Time) error
	DoneAlarm(ctx context.Context, sc court.Scope, id, account string, now time.Time) error

	// Remember stores the first answer under (Account, Key); a second call returns
	// the first one, or ErrConflict when its Digest differs. Kept for 24 h.
	Remember(ctx context.Context, i Idempotent) (Idempotent, error)
	Remembered(ctx context.Context, account, key string) (Idempotent, error)

	// PutImported replaces what LastImported returns; a foreign unit and one for which
	// nothing was imported give ErrNotFound.
	PutImported(ctx context.Context, sc court.Scope, i Imported) error
	LastImported(ctx context.Context, sc court.Scope, unit court.UnitID, docket string) (Imported, error)
}
