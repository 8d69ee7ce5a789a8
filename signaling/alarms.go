package signaling

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Kinds of alarms (store.Alarm.Kind).
const (
	alarmHelp     = "help"
	alarmTest     = "test_failed"
	alarmLost     = "point_lost"
	alarmRecorder = "recorder"
	// alarmPicture: what the device sends cannot be decoded at the device of the detail, or
	// nowhere (no detail).
	alarmPicture = "picture"
	// alarmBlocked: the device is signed in and negotiates, but no way for its media
	// comes about (UDP, TCP and relay all blocked).
	alarmBlocked = "media_blocked"
	// troubleExhibit is the detail of a recorder's alarm: a document that the court
	// admitted is not in the evidence, which has ended.
	troubleExhibit = "exhibit-missing"
)

// maxAlarmDetail bounds store.Alarm.Detail in bytes.
const maxAlarmDetail = 500

// AlarmStore keeps the operators' tasks; store.Office has it.
type AlarmStore interface {
	PutAlarm(ctx context.Context, a store.Alarm) error
}

// alarmer writes a hearing's alarms behind the actor's back, in order. One that
// the database does not take waits and holds up those behind it; beyond
// Limits.Alarms the newest are dropped and logged.
type alarmer struct {
	st     AlarmStore
	limits Limits
	logger *slog.Logger
	row    store.Hearing
	now    func() time.Time
	mail   chan store.Alarm

	// of the actor only: what was alarmed already
	lost    map[hearing.PersonID]int64 // by LostSince
	trouble string
}

func newAlarmer(st AlarmStore, row store.Hearing, lim Limits, now func() time.Time, logger *slog.Logger) *alarmer {
	if st == nil {
		return nil
	}
	return &alarmer{
		st: st, limits: lim, logger: logger, row: row, now: now,
		mail: make(chan store.Alarm, lim.Alarms), lost: map[hearing.PersonID]int64{},
	}
}

// newAlarm fills what every alarm of a hearing has.
func newAlarm(row store.Hearing, kind, person, device, detail string, now time.Time) (store.Alarm, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return store.Alarm{}, err
	}
	return store.Alarm{
		ID: id.String(), At: now, Unit: row.Unit, Hearing: row.ID,
		Person: person, Device: device, Kind: kind, Detail: cutText(detail, maxAlarmDetail),
	}, nil
}

// cutText keeps at most limit bytes, whole characters.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// raise queues an alarm; it never waits.
func (a *alarmer) raise(kind string, person hearing.PersonID, device hearing.DeviceID, detail string) {
	alarm, err := newAlarm(a.row, kind, string(person), string(device), detail, a.now())
	if err != nil {
		a.logger.Error("alarm without an id", "kind", kind, "err", err)
		return
	}
	select {
	case a.mail <- alarm:
	default:
		a.logger.Error("too many alarms wait, one was dropped", "kind", kind)
	}
}

// run writes until ctx ends, then tries once for what is left.
func (a *alarmer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			a.drain()
			return
		case alarm := <-a.mail:
			for !a.put(ctx, alarm) {
				if !pause(ctx, a.limits.RetryEvery) {
					a.put(context.WithoutCancel(ctx), alarm)
					break
				}
			}
		}
	}
}

func (a *alarmer) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), a.limits.CloseWait)
	defer cancel()
	for {
		select {
		case alarm := <-a.mail:
			a.put(ctx, alarm)
		default:
			return
		}
	}
}

// put tells whether the alarm is written, or never can be.
func (a *alarmer) put(ctx context.Context, alarm store.Alarm) bool {
	ctx, cancel := context.WithTimeout(ctx, a.limits.AppendTimeout)
	defer cancel()
	err := a.st.PutAlarm(ctx, alarm)
	switch {
	case err == nil, errors.Is(err, store.ErrConflict): // the answer to an earlier attempt was lost
		return true
	case errors.Is(err, store.ErrInvalid), errors.Is(err, store.ErrNotFound):
		a.logger.Error("alarm refused by the database", "kind", alarm.Kind, "err", err)
		return true
	}
	a.logger.Warn("alarm not written, tried again", "kind", alarm.Kind, "err", err)
	return false
}

// alarmLost raises who is needed and lost for longer than Limits.AlarmLost, once
// for each loss. It returns when to look again; zero: not before something changes.
func (r *Room) alarmLost(now time.Time) (again time.Time) {
	if r.alarms == nil || r.tipClosed() {
		return again
	}
	// The rules hear of a loss LostAfter later than it happened.
	wait := max(r.limits.AlarmLost-r.limits.LostAfter, 0)
	for i := range r.eff.People {
		p := &r.eff.People[i]
		if p.LostSince == 0 {
			delete(r.alarms.lost, p.ID)
			continue
		}
		if r.alarms.lost[p.ID] == p.LostSince || p.BackSince != 0 || !(hearing.Needed(r.eff, p.ID) || p.ID == r.presiding) {
			continue
		}
		due := time.UnixMicro(p.LostSince).Add(wait)
		if due.After(now) {
			if again.IsZero() || due.Before(again) {
				again = due
			}
			continue
		}
		r.alarms.lost[p.ID] = p.LostSince
		r.alarms.raise(alarmLost, p.ID, r.deviceOf(p.ID), "")
	}
	return again
}

// alarmMedia raises devices that are signed in and have negotiated in vain for
// Limits.MediaBlocked, once until their media have come up again. It returns when to
// look again; zero: not before something changes.
func (r *Room) alarmMedia(now time.Time) (again time.Time) {
	if r.alarms == nil || r.tipClosed() {
		return again
	}
	for d, pl := range r.seats {
		if !pl.presence.detachedAt.IsZero() {
			continue
		}
		due, raise := pl.media.blocked(now, r.limits.MediaBlocked)
		if raise {
			r.alarms.raise(alarmBlocked, "", d, "")
			continue
		}
		if !due.IsZero() && (again.IsZero() || due.Before(again)) {
			again = due
		}
	}
	return again
}

// alarmTrouble raises the recorder's trouble when it begins or changes. That
// nothing is recorded yet is none before the hearing is in session.
func (r *Room) alarmTrouble(v hearing.View) {
	if r.alarms == nil {
		return
	}
	code := v.Trouble
	if code == hearing.TroubleNotRecording && v.Status != hearing.InSession {
		code = ""
	}
	if code == r.alarms.trouble {
		return
	}
	r.alarms.trouble = code
	if code != "" {
		r.alarms.raise(alarmRecorder, "", "", code)
	}
}

// alarmTest raises a reported test with a failed item, once it is accepted.
func (r *Room) alarmTest(o *order) {
	if r.alarms == nil || o == nil {
		return
	}
	rep, ok := o.cmd.(hearing.ReportTest)
	if !ok {
		return
	}
	var failed []string
	for _, i := range rep.Items {
		if i.Failed() {
			failed = append(failed, i.Key)
		}
	}
	if len(failed) > 0 {
		r.alarms.raise(alarmTest, o.actor.Person, o.actor.Device, strings.Join(failed, " "))
	}
}

// deviceOf is the first device that the person is booked at.
func (r *Room) deviceOf(p hearing.PersonID) hearing.DeviceID {
	for _, d := range r.p.booking.Devices {
		for _, q := range d.People {
			if q == p {
				return d.ID
			}
		}
	}
	return ""
}

// Help writes a call for help from a seat. ErrNotFound: no alarms are kept here,
// or there is no such hearing; other errors are of the database.
func (rs *Rooms) Help(ctx context.Context, who store.Session, text string) error {
	if rs.p.Alarms == nil {
		return store.ErrNotFound
	}
	row, err := rs.p.Store.Hearing(ctx, court.SystemScope(), who.Hearing)
	if err != nil {
		return err
	}
	alarm, err := newAlarm(row, alarmHelp, who.Person, who.Device, text, rs.p.Now())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, rs.limits.AppendTimeout)
	defer cancel()
	return rs.p.Alarms.PutAlarm(ctx, alarm)
}
