package office

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// calendar lists what starts in a span: of the unit, and where the caller sits.
func (o *Office) calendar(c *call) (any, error) {
	from, to, err := span(c)
	if err != nil {
		return nil, err
	}
	ctx := c.r.Context()
	own, err := o.p.Store.Hearings(ctx, c.Scope, from.UnixMicro(), to.UnixMicro())
	if err != nil {
		return nil, err
	}
	truncated := len(own) == store.MaxHearings
	seats, err := o.p.Store.SeatsOfAccount(ctx, c.ID, from.UnixMicro(), to.UnixMicro())
	if err != nil {
		return nil, err
	}
	listed := make(map[string]bool, len(own))
	for _, h := range own {
		listed[h.ID] = true
	}
	for _, s := range seats {
		if listed[s.Hearing] || len(own) == store.MaxHearings {
			continue
		}
		// The seat is what lets the caller know of this hearing of another unit.
		h, err := o.p.Store.Hearing(ctx, court.SystemScope(), s.Hearing)
		if err != nil {
			return nil, err
		}
		own, listed[s.Hearing] = append(own, h), true
	}
	slices.SortFunc(own, func(a, b store.Hearing) int {
		if a.StartsAt != b.StartsAt {
			return compare(a.StartsAt, b.StartsAt)
		}
		return compare(a.ID, b.ID)
	})
	items, err := o.items(ctx, c, own, seats)
	return CalendarAnswer{Hearings: items, Truncated: truncated}, err
}

func compare[T int64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func span(c *call) (from, to time.Time, err error) {
	q := c.r.URL.Query()
	if from, err = when(q.Get("from")); err != nil {
		return from, to, badParameter("from", "Thời điểm phải theo RFC 3339, có múi giờ.", "A time of RFC 3339 with an offset is wanted.")
	}
	if to, err = when(q.Get("to")); err != nil {
		return from, to, badParameter("to", "Thời điểm phải theo RFC 3339, có múi giờ.", "A time of RFC 3339 with an offset is wanted.")
	}
	if !to.After(from) || to.Sub(from) > MaxSpan {
		return from, to, badParameter("to", "Khoảng thời gian phải lớn hơn 0 và không quá 31 ngày.", "The span has to be longer than nothing and at most 31 days.")
	}
	return from, to, nil
}

// when reads a time within the years that logs can hold.
func when(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, err
	}
	if t.Year() < 2000 || t.Year() > 2200 {
		return t, errors.New("year out of range")
	}
	return t, nil
}

// items fills in what calendars show beside the row. The caller may know of all
// the given hearings.
func (o *Office) items(ctx context.Context, c *call, list []store.Hearing, seats []store.Seat) ([]HearingItem, error) {
	ids := make([]string, len(list))
	for i, h := range list {
		ids[i] = h.ID
	}
	infos, err := o.p.Store.HearingInfos(ctx, court.SystemScope(), ids)
	if err != nil {
		return nil, err
	}
	by := make(map[string]store.HearingInfo, len(infos))
	for _, i := range infos {
		by[i.Hearing] = i
	}
	out := make([]HearingItem, len(list))
	for n, h := range list {
		i, known := by[h.ID]
		out[n] = item(h, i)
		out[n].OwnHearing = c.Scope.Covers(h.Unit)
		if known && i.Updated > 0 {
			updated := time.UnixMicro(i.Updated).UTC()
			out[n].UpdatedAt = &updated
		}
		for _, s := range seats {
			if s.Hearing == h.ID && s.Account == c.ID {
				out[n].MySeats = append(out[n].MySeats, SeatItem{Person: s.Person, Device: s.Device})
			}
		}
		if n < maxNamed {
			b, err := o.bench(ctx, h.ID)
			if err != nil {
				return nil, err
			}
			out[n].Presiding, out[n].Clerk = b.presiding, b.clerk
		}
	}
	return out, nil
}

func item(h store.Hearing, i store.HearingInfo) HearingItem {
	out := HearingItem{
		ID: h.ID, Unit: string(h.Unit), DocketNo: h.DocketNo, Title: h.Title, StartsAt: time.UnixMicro(h.StartsAt).UTC(), Demo: h.Demo,
		EFileCode: i.EFileCode, Minutes: i.Minutes, Procedure: i.Procedure, Instance: i.Instance, Form: i.Form,
		Status: i.Status, Phase: i.Phase, Closed: i.Closed, Points: []PointItem{}, MySeats: []SeatItem{},
	}
	if out.Status == "" {
		out.Status = string(hearing.Scheduled) // nobody opened it yet
	}
	for _, p := range i.Points {
		out.Points = append(out.Points, PointItem{ID: p.ID, Kind: p.Kind, Name: p.Name, Unit: string(p.Unit)})
	}
	return out
}

// bench is who presides and who keeps the minutes, by name.
type bench struct{ presiding, clerk string }

// bench reads it once: neither booking nor names of a hearing ever change. A
// hearing without a first line yet has none.
func (o *Office) bench(ctx context.Context, id string) (bench, error) {
	o.mu.Lock()
	b, ok := o.benches[id]
	o.mu.Unlock()
	if ok {
		return b, nil
	}
	booked, err := o.booking(ctx, court.SystemScope(), id)
	if errors.Is(err, store.ErrNotFound) {
		return bench{}, nil
	}
	if err != nil {
		return bench{}, err
	}
	names, err := o.names(ctx, court.SystemScope(), id)
	if err != nil {
		return bench{}, err
	}
	for _, p := range booked.People {
		switch {
		case p.Capacity == court.PresidingJudge && b.presiding == "":
			b.presiding = names[string(p.ID)]
		case p.Capacity == court.Clerk && b.clerk == "":
			b.clerk = names[string(p.ID)]
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.benches) >= maxBenches {
		clear(o.benches)
	}
	o.benches[id] = b
	return b, nil
}

// booking reads the first line of a hearing's log; without one ErrNotFound.
func (o *Office) booking(ctx context.Context, sc court.Scope, id string) (hearing.Booking, error) {
	lines, err := o.p.Store.Read(ctx, sc, id, 1, 1)
	if err != nil {
		return hearing.Booking{}, err
	}
	if len(lines) == 0 {
		return hearing.Booking{}, store.ErrNotFound
	}
	e, err := hearing.ParseEvent(lines[0].Line)
	if err != nil {
		return hearing.Booking{}, fmt.Errorf("first line of hearing %s: %w", id, err)
	}
	b, ok := e.Body.(hearing.Booked)
	if !ok {
		return hearing.Booking{}, fmt.Errorf("first line of hearing %s is %q", id, e.Body.Kind())
	}
	return b.Booking, nil
}

func (o *Office) names(ctx context.Context, sc court.Scope, id string) (map[string]string, error) {
	list, err := o.p.Store.Names(ctx, sc, id)
	if err != nil {
		return nil, err
	}
	by := make(map[string]string, len(list))
	for _, n := range list {
		by[n.Person] = n.Name
	}
	return by, nil
}

// one is a hearing of the unit, or one in which the caller has a seat.
func (o *Office) one(c *call) (any, error) {
	ctx := c.r.Context()
	h, seats, err := o.reach(ctx, c, c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	booked, err := o.booking(ctx, court.SystemScope(), h.ID)
	if err != nil {
		return nil, err
	}
	items, err := o.items(ctx, c, []store.Hearing{h}, seats)
	if err != nil {
		return nil, err
	}
	a := HearingAnswer{HearingItem: items[0], Court: booked.Court, People: []SeatedPerson{}, Devices: []DeviceItem{}}
	if len(booked.Points) > 0 {
		a.Points = a.Points[:0]
	}
	for _, p := range booked.Points {
		a.Points = append(a.Points, PointItem{ID: p.ID, Kind: string(p.Kind), Name: p.Name, Unit: string(p.Unit), Detention: p.Detention})
	}
	for _, p := range booked.People {
		a.People = append(a.People, seated(p))
	}
	for _, d := range booked.Devices {
		i := DeviceItem{ID: string(d.ID), Kind: string(d.Kind), Private: d.Private, People: []string{}}
		for _, p := range d.People {
			i.People = append(i.People, string(p))
		}
		a.Devices = append(a.Devices, i)
	}
	return a, nil
}

func seated(p hearing.Person) SeatedPerson {
	return SeatedPerson{
		ID: string(p.ID), Capacity: string(p.Capacity), Alias: p.Alias, Point: p.Point,
		Minor: p.Minor, Required: p.Required, Client: string(p.Client),
	}
}

// reach finds a hearing of the scope, or one in which the caller's account has a
// seat. Everything else is ErrNotFound.
func (o *Office) reach(ctx context.Context, c *call, id string) (store.Hearing, []store.Seat, error) {
	seats, err := o.p.Store.Seats(ctx, court.SystemScope(), id)
	if err != nil {
		return store.Hearing{}, nil, err
	}
	mine := slices.DeleteFunc(slices.Clone(seats), func(s store.Seat) bool { return s.Account != c.ID })
	scope := c.Scope
	if len(mine) > 0 {
		scope = court.SystemScope()
	}
	h, err := o.p.Store.Hearing(ctx, scope, id)
	return h, mine, err
}

// people answers with names, within the unit only; the reading is noted.
func (o *Office) people(c *call) (any, error) {
	ctx, id := c.r.Context(), c.r.PathValue("id")
	names, err := o.names(ctx, c.Scope, id)
	if err != nil {
		return nil, err
	}
	booked, err := o.booking(ctx, c.Scope, id)
	if err != nil {
		return nil, err
	}
	seats, err := o.p.Store.Seats(ctx, c.Scope, id)
	if err != nil {
		return nil, err
	}
	o.note(c, id, readNames)
	a := PeopleAnswer{People: []NamedPerson{}}
	for _, p := range booked.People {
		n := NamedPerson{SeatedPerson: seated(p), Name: names[string(p.ID)], Devices: []string{}}
		for _, d := range booked.Devices {
			if slices.Contains(d.People, p.ID) {
				n.Devices = append(n.Devices, string(d.ID))
			}
		}
		for _, s := range seats {
			if s.Person == string(p.ID) {
				n.Account = n.Account || s.Account != ""
				if s.RoomDevice != "" {
					n.RoomDevice = s.RoomDevice
				}
			}
		}
		a.People = append(a.People, n)
	}
	return a, nil
}

func (o *Office) search(c *call) (any, error) {
	q := c.body.(*SearchBody).Q
	if n := utf8.RuneCountInString(q); n == 0 || n > MaxQuery || hostile(q) {
		return nil, badParameter("q", fmt.Sprintf("Nội dung tìm từ 1 đến %d ký tự thường.", MaxQuery),
			fmt.Sprintf("1 to %d ordinary characters are wanted.", MaxQuery))
	}
	ctx := c.r.Context()
	found, err := o.p.Store.Search(ctx, c.Scope, q)
	if err != nil {
		return nil, err
	}
	var seats []store.Seat
	if len(found) > 0 {
		from, to := found[0].StartsAt, found[0].StartsAt
		for _, h := range found {
			from, to = min(from, h.StartsAt), max(to, h.StartsAt)
		}
		if seats, err = o.p.Store.SeatsOfAccount(ctx, c.ID, from, to+1); err != nil {
			return nil, err
		}
	}
	items, err := o.items(ctx, c, found, seats)
	return CalendarAnswer{Hearings: items}, err
}

func (o *Office) units(c *call) (any, error) {
	a := UnitsAnswer{Units: []UnitItem{}}
	if o.p.Directory != nil {
		list, err := o.p.Directory.Units(c.r.Context(), c.Scope)
		if err != nil {
			return nil, err
		}
		for _, u := range list {
			a.Units = append(a.Units, UnitItem{ID: string(u.ID), Kind: u.Kind, Name: u.Name, Own: u.ID == c.Unit})
		}
	}
	if len(a.Units) == 0 {
		a.Units = append(a.Units, UnitItem{ID: string(c.Unit), Own: true})
	}
	return a, nil
}
