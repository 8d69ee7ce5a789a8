package office

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// importHearing makes the calendar agree with a case system's. It may be sent as
// often as one likes.
func (o *Office) importHearing(c *call) (any, error) {
	unit, docket := c.r.PathValue("unit"), c.r.PathValue("docket")
	b := c.body.(*BookingBody)
	if court.UnitID(unit) != c.Unit || !c.Scope.Covers(court.UnitID(unit)) {
		return nil, store.ErrNotFound
	}
	if b.Case.DocketNo == "" {
		b.Case.DocketNo = docket
	}
	if f := checkText("docket", &docket, true, MaxDocket); len(f) > 0 {
		return nil, badParameter("docket", f[0].Vi, f[0].En)
	}
	if tidy(b.Case.DocketNo) != docket {
		return nil, badBody("case.docket_no", "Số thụ lý khác với số trong địa chỉ.", "The docket number is not that of the address.")
	}
	ctx := c.r.Context()
	done, err := alone(ctx, o.importing)
	if err != nil {
		return nil, err
	}
	defer done()
	standing, err := o.p.Store.HearingByDocket(ctx, c.Scope, c.Unit, docket)
	if errors.Is(err, store.ErrNotFound) {
		return o.create(c, b, "", "created")
	}
	if err != nil {
		return nil, err
	}
	if same, err := o.sameContent(ctx, c, standing, b); err != nil || same {
		return ImportAnswer{ID: standing.ID, DocketNo: docket, Result: "unchanged", Warnings: []Finding{}}, err
	}
	status, err := o.status(ctx, c, standing.ID)
	switch {
	case err != nil:
		return nil, err
	case status.Over():
		return o.create(c, b, standing.ID, "created")
	case status != hearing.Scheduled:
		return nil, conflict("started", "Phiên tòa đã bắt đầu chuẩn bị hoặc đã mở; lịch không thay đổi bằng cách này được nữa.",
			"The hearing is being prepared or was opened; its booking cannot be changed this way any more.")
	case o.p.Cancel == nil:
		return nil, conflict("changed", "Lịch đã lập có nội dung khác; Thư ký cần hủy lịch cũ trước.",
			"The booked hearing has other content; the clerk has to cancel it first.")
	}
	k, err := o.examine(ctx, c, b)
	if err != nil {
		return nil, err
	}
	if len(k.refusals) > 0 {
		return nil, refused(k.refusals) // the old one stays rather than none
	}
	if err := o.p.Cancel(ctx, standing.ID, "Thay bằng lịch mới từ hệ thống quản lý án"); err != nil {
		var ref *hearing.Refusal
		if errors.As(err, &ref) {
			return nil, conflict(ref.Code, ref.Vi, ref.En)
		}
		return nil, err
	}
	return o.create(c, b, standing.ID, "replaced")
}

// create books under a key made of the content and of what stood before, so that
// the same content may come again after another.
func (o *Office) create(c *call, b *BookingBody, before, result string) (any, error) {
	sum := sha256.Sum256(append([]byte("import\n"+before+"\n"+b.Case.DocketNo+"\n"), c.raw...))
	p, err := o.once(c, hex.EncodeToString(sum[:]), sum, b)
	if err != nil {
		return nil, err
	}
	a := ImportAnswer{ID: p.ID, DocketNo: b.Case.DocketNo, Result: result, Warnings: p.Warnings}
	if result == "replaced" {
		a.Replaced = before
	}
	return a, nil
}

// status is where a hearing stands by the calendar's row; without one nobody has
// touched it.
func (o *Office) status(ctx context.Context, c *call, id string) (hearing.Status, error) {
	infos, err := o.p.Store.HearingInfos(ctx, c.Scope, []string{id})
	if err != nil || len(infos) == 0 || infos[0].Status == "" {
		return hearing.Scheduled, err
	}
	return hearing.Status(infos[0].Status), nil
}

// sameContent tells whether the standing hearing is what the body would book, but
// for the ids that are drawn by chance.
func (o *Office) sameContent(ctx context.Context, c *call, h store.Hearing, b *BookingBody) (bool, error) {
	booked, err := o.booking(ctx, c.Scope, h.ID)
	if err != nil {
		return false, err
	}
	names, err := o.names(ctx, c.Scope, h.ID)
	if err != nil {
		return false, err
	}
	seats, err := o.p.Store.Seats(ctx, c.Scope, h.ID)
	if err != nil {
		return false, err
	}
	// The time of that booking: a date that was in the future then is no refusal now.
	then := *c
	then.now = time.UnixMicro(h.StartsAt).Add(-time.Minute)
	k, err := o.examine(ctx, &then, b)
	if err != nil || len(k.refusals) > 0 {
		return false, err
	}
	_, list, wanted, wantedSeats, _ := k.build(plan{At: c.now.UnixMicro(), ID: h.ID}, c.Unit, booked.Court)
	wantedNames := make(map[string]string, len(list))
	for _, n := range list {
		wantedNames[n.Person] = n.Name
	}
	a, err := content(booked, names, seats)
	if err != nil {
		return false, err
	}
	z, err := content(wanted, wantedNames, wantedSeats)
	return a == z, err
}

// content is a booking as text, with people and devices named by their order.
func content(b hearing.Booking, names map[string]string, seats []store.Seat) (string, error) {
	type line struct {
		hearing.Person
		Name, Account, RoomDevice string
	}
	order := make(map[hearing.PersonID]hearing.PersonID, len(b.People))
	for i, p := range b.People {
		order[p.ID] = hearing.PersonID(fmt.Sprint(i))
	}
	by := make(map[string]store.Seat, len(seats))
	for _, s := range seats {
		by[s.Person] = s
	}
	lines := make([]line, len(b.People))
	for i, p := range b.People {
		s := by[string(p.ID)]
		lines[i] = line{Person: p, Name: names[string(p.ID)], Account: s.Account, RoomDevice: s.RoomDevice}
		lines[i].ID, lines[i].Client = order[p.ID], order[p.Client]
	}
	devices := make([]hearing.Device, len(b.Devices))
	for i, d := range b.Devices {
		devices[i] = hearing.Device{Kind: d.Kind, Private: d.Private}
		for _, p := range d.People {
			devices[i].People = append(devices[i].People, order[p])
		}
	}
	text, err := json.Marshal([]any{
		b.DocketNo, b.Title, b.Reference, b.StartsAt, b.Minutes, b.Procedure, b.Instance, b.Form, b.Visibility, b.Points, lines, devices,
	})
	if err != nil {
		return "", fmt.Errorf("content of booking: %w", err)
	}
	return string(text), nil
}

// importStatus tells where a hearing stands.
func (o *Office) importStatus(c *call) (any, error) {
	docket := c.r.URL.Query().Get("docket")
	if f := checkText("docket", &docket, true, MaxDocket); len(f) > 0 {
		return nil, badParameter("docket", f[0].Vi, f[0].En)
	}
	ctx := c.r.Context()
	h, err := o.p.Store.HearingByDocket(ctx, c.Scope, c.Unit, docket)
	if err != nil {
		return nil, err
	}
	infos, err := o.p.Store.HearingInfos(ctx, c.Scope, []string{h.ID})
	if err != nil {
		return nil, err
	}
	a := ImportStatusAnswer{ID: h.ID, DocketNo: h.DocketNo, Status: string(hearing.Scheduled), StartsAt: time.UnixMicro(h.StartsAt).UTC()}
	if len(infos) == 1 && infos[0].Status != "" {
		a.Status, a.Phase = infos[0].Status, infos[0].Phase
	}
	a.Outcome = outcome(hearing.Status(a.Status))
	return a, nil
}

// outcome is the case systems' word for a status (field "Trạng thái").
func outcome(s hearing.Status) string {
	switch s {
	case hearing.InSession, hearing.InRecess, hearing.TechnicalHold:
		return "Đang xét xử"
	case hearing.Suspended:
		return "Tạm ngừng"
	case hearing.Adjourned:
		return "Hoãn"
	case hearing.Cancelled:
		return "Hủy lịch"
	case hearing.Closed:
		return "Đã xét xử"
	}
	return "Chưa xét xử"
}
