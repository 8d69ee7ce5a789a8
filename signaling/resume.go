package signaling

import (
	"context"
	"errors"
	"slices"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Hearings that a starting process looks at by their booked start: those whose
// logs may not be complete although they are over. One in progress is found by its
// state, for a part may be reopened months after that start.
const (
	resumeBack  = 7 * 24 * time.Hour
	resumeAhead = 24 * time.Hour
)

// Resume opens the hearings that were in progress when the last process ended,
// so that they count as live, go on recording, and end their evidence if they
// closed. One that another node hosts stays there. It returns when all were
// tried or ctx ends.
func (rs *Rooms) Resume(ctx context.Context) {
	for _, h := range rs.unfinished(ctx) {
		if ctx.Err() != nil {
			return
		}
		unfinished, err := rs.inProgress(ctx, h)
		if err != nil {
			rs.p.Logger.Warn("hearing not looked at", "hearing", h.ID, "err", err)
			continue
		}
		if !unfinished {
			continue
		}
		if _, ref := rs.Open(ctx, h.ID); ref != nil {
			rs.p.Logger.Warn("unfinished hearing not opened", "hearing", h.ID, "refusal", ref.Code)
		}
	}
}

// unfinished lists each hearing that is in progress by the calendar, then those of
// these days; whether it is so, its log says.
func (rs *Rooms) unfinished(ctx context.Context) []store.Hearing {
	sys, now := court.SystemScope(), rs.p.Now()
	open, err := rs.p.Store.HearingsIn(ctx, sys, []string{string(hearing.InSession), string(hearing.InRecess), string(hearing.TechnicalHold)})
	late, errLate := rs.p.Store.Hearings(ctx, sys, now.Add(-resumeBack).UnixMicro(), now.Add(resumeAhead).UnixMicro())
	if err := errors.Join(err, errLate); err != nil {
		rs.p.Logger.Warn("unfinished hearings not all looked up; the rest open when somebody comes", "err", err)
	}
	list := open
	for _, h := range late {
		if !slices.ContainsFunc(open, func(o store.Hearing) bool { return o.ID == h.ID }) {
			list = append(list, h)
		}
	}
	return list
}

// inProgress tells whether a hearing was opened and its logs are not complete.
func (rs *Rooms) inProgress(ctx context.Context, h store.Hearing) (bool, error) {
	o := &opening{rs: rs, id: h.ID, logger: rs.p.Logger}
	if err := o.replay(ctx); err != nil {
		return false, err
	}
	s := o.state.Status
	if s.Over() {
		return o.unfinished(ctx), nil
	}
	return !s.BeforeOpening() && s != hearing.Suspended, nil
}
