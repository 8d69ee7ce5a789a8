package signaling

import (
	"context"
	"errors"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// Hearings that a starting process looks at by their booked start: the calendar may
// not say yet that they are in progress, for it is written behind the log.
const (
	resumeBack  = 7 * 24 * time.Hour
	resumeAhead = 24 * time.Hour
)

// Resume opens the hearings that were in progress when the last process ended,
// so that they count as live, go on recording, and end their evidence if they
// closed. One that another node hosts stays there. It returns when all were
// tried or ctx ends.
func (rs *Rooms) Resume(ctx context.Context) {
	for _, id := range rs.unfinished(ctx) {
		if ctx.Err() != nil {
			return
		}
		unfinished, err := rs.inProgress(ctx, id)
		if err != nil {
			rs.p.Logger.Warn("hearing not looked at", "hearing", id, "err", err)
			continue
		}
		if !unfinished {
			continue
		}
		if _, ref := rs.Open(ctx, id); ref != nil {
			rs.p.Logger.Warn("unfinished hearing not opened", "hearing", id, "refusal", ref.Code)
		}
	}
}

// unfinished lists each hearing that is in progress by the calendar, those whose
// evidence on this node lacks its end, whenever they were booked, and those of these
// days; whether it is so, its log says.
func (rs *Rooms) unfinished(ctx context.Context) []string {
	sys, now := court.SystemScope(), rs.p.Now()
	open, err := rs.p.Store.HearingsIn(ctx, sys, []string{string(hearing.InSession), string(hearing.InRecess), string(hearing.TechnicalHold)})
	late, errLate := rs.p.Store.Hearings(ctx, sys, now.Add(-resumeBack).UnixMicro(), now.Add(resumeAhead).UnixMicro())
	if err := errors.Join(err, errLate); err != nil {
		rs.p.Logger.Warn("unfinished hearings not all looked up; the rest open when somebody comes", "err", err)
	}
	var list []string
	seen := map[string]bool{}
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			list = append(list, id)
		}
	}
	for _, h := range open {
		add(h.ID)
	}
	if f, ok := rs.p.Recorder.(finisher); ok {
		ids, err := f.AllUnfinished(ctx)
		if err != nil {
			rs.p.Logger.Warn("evidence not looked through; what lacks its end gets it when somebody comes", "err", err)
		}
		for _, id := range ids {
			add(string(id))
		}
	}
	for _, h := range late {
		add(h.ID)
	}
	return list
}

// inProgress tells whether a hearing was opened and its logs are not complete.
func (rs *Rooms) inProgress(ctx context.Context, id string) (bool, error) {
	o := &opening{rs: rs, id: id, logger: rs.p.Logger}
	if err := o.replay(ctx); err != nil {
		return false, err
	}
	s := o.state.Status
	if s.Over() {
		return o.unfinished(ctx), nil
	}
	return !s.BeforeOpening() && s != hearing.Suspended, nil
}
