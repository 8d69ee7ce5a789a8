package signaling

import (
	"context"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Hearings that a starting process looks at, by their booked start.
const (
	resumeBack  = 7 * 24 * time.Hour
	resumeAhead = 24 * time.Hour
)

// Resume opens the hearings that were in progress when the last process ended,
// so that they count as live, go on recording, and end their evidence if they
// closed. One that another node hosts stays there. It returns when all were
// tried or ctx ends.
func (rs *Rooms) Resume(ctx context.Context) {
	now := rs.p.Now()
	list, err := rs.p.Store.Hearings(ctx, court.SystemScope(), now.Add(-resumeBack).UnixMicro(), now.Add(resumeAhead).UnixMicro())
	if err != nil {
		rs.p.Logger.Warn("unfinished hearings not looked up; each opens when somebody comes", "err", err)
		return
	}
	for _, h := range list {
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
