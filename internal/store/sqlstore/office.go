package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// maxFound bounds one Search.
const maxFound = 100

// maxWords of one Search count; further ones are not looked at.
const maxWords = 8

// PutHearingInfo stores what calendars show. A row that is newer stays: a node
// that lost a hearing may still have one to write.
func (s *Store) PutHearingInfo(ctx context.Context, sc court.Scope, i store.HearingInfo) error {
	err := first(id("hearing", i.Hearing), text("e-file code", i.EFileCode, true), text("procedure", i.Procedure, true),
		text("instance", i.Instance, true), text("form", i.Form, true), text("status", i.Status, true), text("phase", i.Phase, true))
	if err != nil {
		return err
	}
	points, err := json.Marshal(i.Points)
	if err != nil {
		return fmt.Errorf("store: points: %w", err)
	}
	if len(points) > store.MaxNoteBytes || strings.Contains(string(points), `\u0000`) {
		return invalid("points")
	}
	code := nfc(i.EFileCode)
	return s.write(ctx, "put hearing info", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, i.Hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO hearing_info (hearing, e_file_code, procedure, instance, form, status, phase, closed, minutes, points, opened_at, ended_at, updated)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (hearing) DO UPDATE SET e_file_code = excluded.e_file_code, procedure = excluded.procedure,
				instance = excluded.instance, form = excluded.form, status = excluded.status, phase = excluded.phase,
				closed = excluded.closed, minutes = excluded.minutes, points = excluded.points,
				opened_at = excluded.opened_at, ended_at = excluded.ended_at, updated = excluded.updated
			WHERE hearing_info.updated <= excluded.updated`,
			i.Hearing, code, i.Procedure, i.Instance, i.Form, i.Status, i.Phase, bit(i.Closed), i.Minutes, nfc(string(points)),
			i.OpenedAt, i.EndedAt, i.Updated)
		if err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE hearing_search SET e_file = $2 WHERE hearing = $1`, i.Hearing, store.Fold(code))
		return err
	})
}

// indexHearing makes a new hearing findable.
func indexHearing(ctx context.Context, q querier, h store.Hearing) error {
	_, err := q.ExecContext(ctx, `INSERT INTO hearing_search (hearing, folded, e_file) VALUES ($1, $2, '')`,
		h.ID, store.Fold(h.DocketNo+" "+h.Title))
	return err
}

// HearingInfos returns the rows there are of at most MaxHearings hearings, by
// hearing; those outside the scope look missing.
func (s *Store) HearingInfos(ctx context.Context, sc court.Scope, hearings []string) ([]store.HearingInfo, error) {
	if len(hearings) > store.MaxHearings {
		return nil, invalid("%d hearings, at most %d", len(hearings), store.MaxHearings)
	}
	if len(hearings) == 0 {
		return nil, nil
	}
	args := make([]any, len(hearings))
	marks := make([]string, len(hearings))
	for n, h := range hearings {
		if err := id("hearing", h); err != nil {
			return nil, err
		}
		args[n], marks[n] = h, fmt.Sprintf("$%d", n+1)
	}
	var out []store.HearingInfo
	err := s.read(ctx, "hearing infos", func(ctx context.Context, q querier) error {
		_, err := rows(ctx, q, func(r *sql.Rows, i *store.HearingInfo) error {
			var unit, points string
			var closed int
			err := r.Scan(&unit, &i.Hearing, &i.EFileCode, &i.Procedure, &i.Instance, &i.Form, &i.Status, &i.Phase,
				&closed, &i.Minutes, &points, &i.OpenedAt, &i.EndedAt, &i.Updated)
			if err != nil || !sc.Covers(court.UnitID(unit)) {
				return err
			}
			i.Closed = closed == 1
			if err := json.Unmarshal([]byte(points), &i.Points); err != nil {
				return err
			}
			out = append(out, *i)
			return nil
		}, `SELECT h.unit, i.hearing, i.e_file_code, i.procedure, i.instance, i.form, i.status, i.phase, i.closed, i.minutes, i.points,
				i.opened_at, i.ended_at, i.updated
			FROM hearing_info i JOIN hearing h ON h.id = i.hearing
			WHERE i.hearing IN (`+strings.Join(marks, ", ")+`) ORDER BY i.hearing`, args...)
		return err
	})
	return out, err
}

// maxStatuses of one HearingsIn.
const maxStatuses = 16

// HearingsIn finds by the calendar's rows, which their nodes write behind the log.
func (s *Store) HearingsIn(ctx context.Context, sc court.Scope, statuses []string) ([]store.Hearing, error) {
	if len(statuses) == 0 || len(statuses) > maxStatuses {
		return nil, invalid("%d statuses, 1 to %d", len(statuses), maxStatuses)
	}
	args := make([]any, len(statuses))
	marks := make([]string, len(statuses))
	for n, v := range statuses {
		if err := text("status", v, false); err != nil {
			return nil, err
		}
		args[n], marks[n] = v, fmt.Sprintf("$%d", n+1)
	}
	return s.hearings(ctx, sc, "hearings in a status",
		`WHERE id IN (SELECT hearing FROM hearing_info WHERE status IN (`+strings.Join(marks, ", ")+`)) ORDER BY starts_at DESC, id`, args...)
}

// HearingByDocket finds the latest hearing of that number: an adjourned case is
// booked again under the same one.
func (s *Store) HearingByDocket(ctx context.Context, sc court.Scope, unit court.UnitID, docket string) (store.Hearing, error) {
	if err := first(id("unit", string(unit)), id("docket number", docket)); err != nil {
		return store.Hearing{}, err
	}
	if !sc.Covers(unit) {
		return store.Hearing{}, store.ErrNotFound
	}
	var found []store.Hearing
	err := s.read(ctx, "hearing by docket", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanHearing,
			hearingColumns+`WHERE unit = $1 AND docket_no = $2 ORDER BY id DESC LIMIT 1`, string(unit), nfc(docket))
		return err
	})
	if err != nil {
		return store.Hearing{}, err
	}
	if len(found) == 0 {
		return store.Hearing{}, store.ErrNotFound
	}
	return found[0], nil
}

// Search wants every word of the text somewhere in docket number, title or e-file
// code. It reads the index from the latest hearing on until it has enough.
func (s *Store) Search(ctx context.Context, sc court.Scope, query string) ([]store.Hearing, error) {
	if err := text("text", query, true); err != nil {
		return nil, err
	}
	words := strings.Fields(store.Fold(query))
	words = words[:min(len(words), maxWords)]
	if len(words) == 0 {
		return nil, nil
	}
	var where []string
	var args []any
	for n, w := range words {
		where = append(where, fmt.Sprintf(`(s.folded LIKE $%[1]d ESCAPE '\' OR s.e_file LIKE $%[1]d ESCAPE '\')`, n+1))
		args = append(args, "%"+literal(w)+"%")
	}
	var out []store.Hearing
	err := s.read(ctx, "search", func(ctx context.Context, q querier) error {
		_, err := rows(ctx, q, func(r *sql.Rows, h *store.Hearing) error {
			if len(out) == maxFound {
				return errEnough
			}
			if err := scanHearing(r, h); err != nil {
				return err
			}
			if sc.Covers(h.Unit) {
				out = append(out, *h)
			}
			return nil
		}, `SELECT h.id, h.room, h.unit, h.docket_no, h.title, h.starts_at, h.demo
			FROM hearing h JOIN hearing_search s ON s.hearing = h.id
			WHERE `+strings.Join(where, " AND ")+` ORDER BY h.starts_at DESC, h.id DESC`, args...)
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return out, err
}

// literal takes away the meaning that LIKE gives to some signs.
func literal(word string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word)
}

// PutSeats stores who may take which seats, all or none. A seat that names
// neither an account nor a room device is taken away.
func (s *Store) PutSeats(ctx context.Context, sc court.Scope, seats []store.Seat) error {
	if len(seats) > store.MaxNames {
		return invalid("%d seats, at most %d", len(seats), store.MaxNames)
	}
	for _, x := range seats {
		err := first(id("hearing", x.Hearing), id("person", x.Person), id("device", x.Device),
			text("account", x.Account, true), text("room device", x.RoomDevice, true))
		if err != nil {
			return err
		}
	}
	return s.write(ctx, "put seats", func(ctx context.Context, q querier) error {
		for _, x := range seats {
			if err := scoped(ctx, q, sc, x.Hearing); err != nil {
				return err
			}
			if err := putSeat(ctx, q, x); err != nil {
				return err
			}
		}
		return nil
	})
}

func putSeat(ctx context.Context, q querier, x store.Seat) error {
	if x.Account == "" && x.RoomDevice == "" {
		_, err := q.ExecContext(ctx, `DELETE FROM seat WHERE hearing = $1 AND person = $2 AND device = $3`,
			x.Hearing, x.Person, x.Device)
		return err
	}
	_, err := q.ExecContext(ctx, `
		INSERT INTO seat (hearing, person, device, account, room_device) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (hearing, person, device) DO UPDATE SET account = excluded.account, room_device = excluded.room_device`,
		x.Hearing, x.Person, x.Device, x.Account, x.RoomDevice)
	return err
}

func scanSeat(r *sql.Rows, x *store.Seat) error {
	return r.Scan(&x.Hearing, &x.Person, &x.Device, &x.Account, &x.RoomDevice)
}

// Seats returns the seats of a hearing, by person and device.
func (s *Store) Seats(ctx context.Context, sc court.Scope, hearing string) (seats []store.Seat, err error) {
	err = s.read(ctx, "seats", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		seats, err = rows(ctx, q, scanSeat, `
			SELECT hearing, person, device, account, room_device FROM seat
			WHERE hearing = $1 ORDER BY person, device`, hearing)
		return err
	})
	return seats, err
}

// SeatsOfAccount returns an account's seats, whatever the unit of the hearing.
func (s *Store) SeatsOfAccount(ctx context.Context, account string, from, to int64) ([]store.Seat, error) {
	return s.seatsOf(ctx, "account", account, from, to)
}

// SeatsOfRoomDevice returns a room device's seats, whatever the unit of the hearing.
func (s *Store) SeatsOfRoomDevice(ctx context.Context, device string, from, to int64) ([]store.Seat, error) {
	return s.seatsOf(ctx, "room_device", device, from, to)
}

func (s *Store) seatsOf(ctx context.Context, column, key string, from, to int64) (seats []store.Seat, err error) {
	if err := id(column, key); err != nil {
		return nil, err
	}
	err = s.read(ctx, "seats of "+column, func(ctx context.Context, q querier) error {
		seats, err = rows(ctx, q, scanSeat, `
			SELECT s.hearing, s.person, s.device, s.account, s.room_device FROM seat s JOIN hearing h ON h.id = s.hearing
			WHERE s.`+column+` = $1 AND h.starts_at >= $2 AND h.starts_at < $3
			ORDER BY h.starts_at, s.hearing, s.person, s.device LIMIT 1000`, key, from, to)
		return err
	})
	return seats, err
}
