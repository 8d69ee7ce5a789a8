package office

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/vietnam"
)

// MaxReason bounds the reason of a cancellation, in characters.
const MaxReason = hearing.MaxTextRunes

// cancel takes a booked hearing of the unit out of the calendar.
func (o *Office) cancel(c *call) (any, error) {
	id, want := c.r.PathValue("id"), c.body.(*CancelBody)
	if _, err := o.p.Store.Hearing(c.r.Context(), c.Scope, id); err != nil {
		return nil, err
	}
	if f := checkText("reason", &want.Reason, true, MaxReason); len(f) > 0 {
		return nil, badFields(f)
	}
	_, err := o.end(c, id, "", want.Reason)
	return nil, err
}

// end cancels a hearing in the caller's name, for the hearing `to` in its place if
// any, and returns for which one it is cancelled. One that was cancelled before
// stays so: whoever asks again after an interruption finds it done.
func (o *Office) end(c *call, id, to, reason string) (went string, err error) {
	if o.p.Cancel == nil {
		return "", notConfigured()
	}
	went, did, err := o.p.Cancel(c.r.Context(), id, c.ID, reason, to)
	if did {
		o.note(c, id, endedHearing)
	}
	var ref *hearing.Refusal
	if errors.As(err, &ref) {
		return "", unended(ref)
	}
	return went, err
}

// replace cancels a hearing for the one that is booked next in its place: the
// first who does so, of all who may be at it.
func (o *Office) replace(c *call, id, to, reason string) error {
	went, err := o.end(c, id, to, reason)
	if err != nil || went == to {
		return err
	}
	return o.gone(c, went)
}

// gone refuses to move what was cancelled, and says where it was moved to.
func (o *Office) gone(c *call, to string) error {
	if to == "" {
		return over()
	}
	h, err := o.p.Store.Hearing(c.r.Context(), c.Scope, to)
	if errors.Is(err, store.ErrNotFound) {
		return beingMoved()
	}
	if err != nil {
		return err
	}
	return movedAway(h)
}

// unended is a refusal of the rules, or of the node, in this interface's words.
func unended(ref *hearing.Refusal) error {
	switch ref.Code {
	case "already_opened":
		return started()
	case "closed", "adjourned", "cancelled":
		return over()
	case "busy", "hosted_elsewhere", "server_stopping", "held_unreadable":
		return busy()
	case "database_away", "database_uncertain", "in_effect_unlogged":
		return databaseAway()
	case "not_found":
		return store.ErrNotFound
	}
	return conflict(ref.Code, ref.Vi, ref.En)
}

func started() *Problem {
	return conflict("started", "Phiên tòa đã mở; không hủy, không đổi lịch được nữa.",
		"The hearing was opened; it can no longer be cancelled or moved.")
}

func over() *Problem {
	return conflict("over", "Phiên tòa đã kết thúc, hoãn hoặc hủy.", "The hearing is over, adjourned or cancelled.")
}

// movedAway names the hearing in whose favour another was cancelled.
func movedAway(h store.Hearing) *Problem {
	at := vietnam.Time(time.UnixMicro(h.StartsAt))
	return conflict("moved", fmt.Sprintf("Phiên tòa này đã được dời sang %s giờ %s ngày %s (vụ án số %s); không dời thêm lần nữa từ lịch cũ.",
		at.Format("15"), at.Format("04"), at.Format("02/01/2006"), h.DocketNo),
		fmt.Sprintf("This hearing was moved to %s (Vietnam time), case %s; it is not moved once more from its old time.",
			at.Format("2006-01-02 15:04"), h.DocketNo))
}

// beingMoved: it is cancelled for one that nobody has booked yet, or that was left
// halfway.
func beingMoved() *Problem {
	return conflict("moved", "Phiên tòa này đang được dời sang thời gian khác. Nếu sau ít phút lịch vẫn chưa có phiên tòa mới, vui lòng lập lịch lại.",
		"This hearing is being moved to another time. If the calendar does not show the new one in a few minutes, please book it anew.")
}

// move books a hearing anew for another time, with the same people and points, and
// cancels the one that stood: what was booked stands in the log and never changes.
func (o *Office) move(c *call) (any, error) {
	ctx, id, want := c.r.Context(), c.r.PathValue("id"), c.body.(*MoveBody)
	key, err := idempotencyKey(c)
	if err != nil {
		return nil, err
	}
	if f := checkText("reason", &want.Reason, true, MaxReason); len(f) > 0 {
		return nil, badFields(f)
	}
	booked, err := o.booking(ctx, c.Scope, id)
	if err != nil {
		return nil, err
	}
	b, err := o.bodyOf(ctx, c, booked)
	if err != nil {
		return nil, err
	}
	infos, err := o.p.Store.HearingInfos(ctx, c.Scope, []string{id})
	if err != nil {
		return nil, err
	}
	// Doors that were closed in the preparation stay closed where it is moved to.
	if len(infos) == 1 && infos[0].Closed {
		b.Visibility = string(hearing.ClosedDoors)
	}
	b.StartsAt = want.StartsAt
	if want.Minutes != 0 {
		b.Minutes = want.Minutes
	}
	if _, err := o.p.Store.Remembered(ctx, c.ID, key); errors.Is(err, store.ErrNotFound) {
		status, err := o.status(ctx, c, id)
		switch {
		case err != nil:
			return nil, err
		case status == hearing.Cancelled: // it stays so; for which one, the log says
			went, err := o.end(c, id, "", want.Reason)
			if err != nil {
				return nil, err
			}
			return nil, o.gone(c, went)
		case status.Over():
			return nil, over()
		case !status.BeforeOpening():
			return nil, started()
		}
	}
	c.replaces = id
	sum := sha256.Sum256(append([]byte("move\n"+id+"\n"), c.raw...))
	p, err := o.once(c, key, sum, b, func(p plan) error { return o.replace(c, id, p.ID, want.Reason) })
	if err != nil {
		return nil, err
	}
	return MovedAnswer{ID: p.ID, DocketNo: b.Case.DocketNo, Replaced: id, Warnings: p.Warnings}, nil
}

// bodyOf is the body that would book the same once more.
func (o *Office) bodyOf(ctx context.Context, c *call, h hearing.Booking) (*BookingBody, error) {
	names, err := o.names(ctx, c.Scope, string(h.Hearing))
	if err != nil {
		return nil, err
	}
	seats, err := o.p.Store.Seats(ctx, c.Scope, string(h.Hearing))
	if err != nil {
		return nil, err
	}
	b := &BookingBody{
		Case:      CaseBody{DocketNo: h.DocketNo, EFileCode: h.Reference, Title: h.Title},
		Procedure: string(h.Procedure), Instance: h.Instance, Form: string(h.Form), Visibility: string(h.Visibility),
		Exclusions: exclusionsOf(h), StartsAt: time.UnixMicro(h.StartsAt).UTC().Format(time.RFC3339), Minutes: h.Minutes,
	}
	for _, p := range h.Points {
		b.Points = append(b.Points, PointBody{Kind: string(p.Kind), Name: p.Name, Unit: string(p.Unit), Detention: p.Detention})
	}
	for _, p := range h.People {
		person := PersonBody{
			Name: names[string(p.ID)], Capacity: string(p.Capacity), Alias: p.Alias, Minor: p.Minor, Required: p.Required,
			Point:  slices.IndexFunc(h.Points, func(x hearing.Point) bool { return x.ID == p.Point }),
			Client: placeOf(h.People, p.Client),
		}
		b.People = append(b.People, person)
	}
	for _, d := range h.Devices {
		for n, id := range d.People {
			i := slices.IndexFunc(h.People, func(p hearing.Person) bool { return p.ID == id })
			if i < 0 {
				continue
			}
			if n > 0 {
				b.People[i].Shares = placeOf(h.People, d.People[0])
				continue
			}
			if b.People[i].DeviceKind != "" { // beside the console, see checkEncoder
				b.People[i].Encoder = encoderOf(seats, string(d.ID))
				continue
			}
			b.People[i].DeviceKind, b.People[i].Private = string(d.Kind), d.Private
			if err := o.seatOf(ctx, seats, string(id), string(d.ID), &b.People[i]); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// exclusionsOf answers the three questions as they were answered: what excluded the
// form was refused, so that anything found is of a hearing in person.
func exclusionsOf(h hearing.Booking) ExclusionsBody {
	found := func(x court.Exclusion) *bool {
		is := slices.Contains(h.Exclusions, x)
		return &is
	}
	return ExclusionsBody{StateSecret: found(court.StateSecret), ChapterXIII: found(court.ChapterXIII), ChapterXXVI: found(court.ChapterXXVI)}
}

func placeOf(people []hearing.Person, id hearing.PersonID) *int {
	i := slices.IndexFunc(people, func(p hearing.Person) bool { return id != "" && p.ID == id })
	if i < 0 {
		return nil
	}
	return &i
}

// encoderOf names the encoder that takes the seat of a device.
func encoderOf(seats []store.Seat, device string) string {
	for _, s := range seats {
		if s.Device == device {
			return s.RoomDevice
		}
	}
	return ""
}

// seatOf names the account and the room device that take the person's seat.
func (o *Office) seatOf(ctx context.Context, seats []store.Seat, person, device string, p *PersonBody) error {
	for _, s := range seats {
		if s.Person != person || s.Device != device {
			continue
		}
		p.RoomDevice = s.RoomDevice
		if s.Account == "" || o.p.Directory == nil {
			continue
		}
		a, err := o.p.Directory.Account(ctx, court.SystemScope(), s.Account)
		switch {
		case errors.Is(err, store.ErrNotFound):
			p.Account = s.Account // no login: the check says that there is none
		case err != nil:
			return err
		default:
			p.Account = a.Login
		}
	}
	return nil
}
