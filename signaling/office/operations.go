package office

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// shownDone is how long a settled alarm stays in the list.
const shownDone = 24 * time.Hour

// live lists the open hearings of the caller's scope.
func (o *Office) live(c *call) (any, error) {
	a := LiveAnswer{Hearings: []LiveHearing{}}
	if o.p.Live == nil {
		return a, nil
	}
	scope, chief := c.Scope, c.Official.Has(store.RoleChiefJudge)
	if chief && o.p.Overview != nil {
		var err error
		if scope, err = o.p.Overview(c.r.Context(), c.Official); err != nil {
			return nil, err
		}
	}
	alarms, err := o.p.Store.Alarms(c.r.Context(), scope, c.now)
	if err != nil {
		return nil, err
	}
	open := map[string]int{}
	for _, x := range alarms {
		if x.DoneBy == "" {
			open[x.Hearing]++
		}
	}
	for _, h := range o.p.Live() {
		if !scope.Covers(court.UnitID(h.Unit)) {
			continue
		}
		h.Alarms = open[h.Hearing]
		if !chief {
			h.Followers = nil
		}
		if h.Unit == string(c.Official.Unit) {
			h.Court = ""
		}
		if h.Points == nil {
			h.Points = []LivePoint{}
		}
		a.Hearings = append(a.Hearings, h)
	}
	slices.SortFunc(a.Hearings, func(x, y LiveHearing) int {
		if x.DocketNo != y.DocketNo {
			return compare(x.DocketNo, y.DocketNo)
		}
		return compare(x.Hearing, y.Hearing)
	})
	return a, nil
}

func (o *Office) alarms(c *call) (any, error) {
	ctx := c.r.Context()
	list, err := o.p.Store.Alarms(ctx, c.Scope, c.now.Add(-shownDone))
	if err != nil {
		return nil, err
	}
	a := AlarmsAnswer{Alarms: []AlarmItem{}}
	names := map[string]string{}
	for _, x := range list {
		i := AlarmItem{
			ID: x.ID, At: x.At, Hearing: x.Hearing, Person: x.Person, Device: x.Device, Kind: x.Kind, Detail: x.Detail,
			TakenBy: o.official(ctx, c, x.TakenBy, names), DoneBy: o.official(ctx, c, x.DoneBy, names),
			Node: x.Unit == store.WholeNode,
		}
		if i.Node { // an account of another court is nobody here
			i.TakenBy, i.DoneBy = own(i.TakenBy, x.TakenBy), own(i.DoneBy, x.DoneBy)
		}
		if x.TakenBy != "" {
			i.TakenAt = &x.TakenAt
		}
		if x.DoneBy != "" {
			i.DoneAt = &x.DoneAt
		}
		a.Alarms = append(a.Alarms, i)
	}
	return a, nil
}

// own is the name of an account, and nothing where only its id is known.
func own(name, id string) string {
	if name == id {
		return ""
	}
	return name
}

// official is the name of an account of the caller's scope, else its id.
func (o *Office) official(ctx context.Context, c *call, id string, known map[string]string) string {
	if id == "" || o.p.Directory == nil {
		return id
	}
	if name, ok := known[id]; ok {
		return name
	}
	known[id] = id
	if a, err := o.p.Directory.Account(ctx, c.Scope, id); err == nil && a.Name != "" {
		known[id] = a.Name
	}
	return known[id]
}

func (o *Office) takeAlarm(c *call) (any, error) {
	err := o.p.Store.TakeAlarm(c.r.Context(), c.Scope, c.r.PathValue("id"), c.ID, c.now)
	if errors.Is(err, store.ErrConflict) {
		err = conflict("taken", "Cảnh báo này đã có người nhận hoặc đã xử lý xong.", "Somebody else has taken this alarm, or it is settled.")
	}
	return nil, err
}

func (o *Office) doneAlarm(c *call) (any, error) {
	err := o.p.Store.DoneAlarm(c.r.Context(), c.Scope, c.r.PathValue("id"), c.ID, c.now)
	if errors.Is(err, store.ErrConflict) {
		err = conflict("done", "Người khác đã xử lý xong cảnh báo này.", "Somebody else has settled this alarm.")
	}
	return nil, err
}

// tests replays the hearing's log and notes where a point's or a person's last
// test changed, so that it needs no knowledge of the events themselves.
func (o *Office) tests(c *call) (any, error) {
	ctx, id := c.r.Context(), c.r.PathValue("id")
	var s *hearing.State
	var found []TestReport
	for from := uint64(1); from <= maxReplayed; {
		lines, err := o.p.Store.Read(ctx, c.Scope, id, from, store.MaxReadLines)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			e, err := hearing.ParseEvent(l.Line)
			if err != nil {
				return nil, fmt.Errorf("line %d of hearing %s: %w", l.Seq, id, err)
			}
			next, err := hearing.Apply(s, e)
			if err != nil {
				return nil, fmt.Errorf("line %d of hearing %s: %w", l.Seq, id, err)
			}
			found = append(found, tested(s, next)...)
			s = next
		}
		if len(lines) < store.MaxReadLines {
			break
		}
		from += uint64(len(lines))
	}
	slices.Reverse(found)
	a := TestsAnswer{Tests: found[:min(len(found), maxTests)]}
	if a.Tests == nil {
		a.Tests = []TestReport{}
	}
	return a, nil
}

// tested is what one event reported. A reopened hearing forgets its tests (0).
func tested(before, after *hearing.State) (out []TestReport) {
	if before == nil {
		return nil
	}
	for i, p := range after.Points {
		if i < len(before.Points) && p.TestedAt != 0 && p.TestedAt != before.Points[i].TestedAt {
			out = append(out, report(TestReport{Point: p.ID}, p.TestedAt, p.Test))
		}
	}
	for i, p := range after.People {
		if i < len(before.People) && p.TestedAt != 0 && p.TestedAt != before.People[i].TestedAt {
			out = append(out, report(TestReport{Person: string(p.ID)}, p.TestedAt, p.Test))
		}
	}
	return out
}

func report(r TestReport, at int64, items []hearing.TestItem) TestReport {
	r.At, r.OK, r.Items = time.UnixMicro(at).UTC(), true, []TestRow{}
	for _, i := range items {
		r.OK = r.OK && !i.Failed()
		r.Items = append(r.Items, TestRow{Key: i.Key, OK: !i.Failed(), Value: i.Value})
	}
	return r
}
