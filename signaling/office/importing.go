package office

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Results of an import.
const (
	imported  = "created"
	unchanged = "unchanged"
	replaced  = "replaced"
	notTaken  = "refused"
)

// replacedReason stands in the log of a hearing that an import replaced.
const replacedReason = "Thay bằng lịch mới từ hệ thống quản lý án"

// importHearing makes the calendar agree with a case system's. It may be sent as
// often as one likes.
func (o *Office) importHearing(c *call) (any, error) {
	docket, b := c.r.PathValue("docket"), c.body.(*BookingBody)
	if err := importsHere(c); err != nil {
		return nil, err
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
	a, err := o.importOne(c, b)
	return a, err
}

// importsHere: a calendar is imported into the caller's own unit.
func importsHere(c *call) error {
	unit := court.UnitID(c.r.PathValue("unit"))
	if unit != c.Unit || !c.Scope.Covers(unit) {
		return store.ErrNotFound
	}
	return nil
}

// importList does one after the other what importHearing does, and tells of each
// what became of it. What one hearing is refused for keeps none of the others.
func (o *Office) importList(c *call) (any, error) {
	list := c.body.(*ImportListBody).Hearings
	if err := importsHere(c); err != nil {
		return nil, err
	}
	if len(list) == 0 || len(list) > MaxImports {
		return nil, badBody("hearings", fmt.Sprintf("Mỗi lần gửi từ 1 đến %d phiên tòa.", MaxImports),
			fmt.Sprintf("1 to %d hearings at a time.", MaxImports))
	}
	a := ImportListAnswer{Rows: make([]ImportRow, 0, len(list))}
	seen := map[string]bool{}
	for i := range list {
		row, err := o.importRow(c, &list[i], seen)
		if err != nil {
			return nil, err // what was done before stays done, and is unchanged next time
		}
		a.Rows = append(a.Rows, row)
	}
	return a, nil
}

// importRow gives an error only for what concerns the whole list.
func (o *Office) importRow(c *call, b *BookingBody, seen map[string]bool) (ImportRow, error) {
	docket := b.Case.DocketNo
	a, err := o.importListed(c, b, seen)
	var p *Problem
	if errors.As(err, &p) && p.Status < http.StatusInternalServerError {
		return ImportRow{DocketNo: docket, Result: notTaken, Warnings: []Finding{}, Problem: p}, nil
	}
	return ImportRow{DocketNo: a.DocketNo, Result: a.Result, ID: a.ID, Replaced: a.Replaced, Warnings: a.Warnings}, err
}

// importListed is importOne of a hearing that a list names once.
func (o *Office) importListed(c *call, b *BookingBody, seen map[string]bool) (ImportAnswer, error) {
	docket := b.Case.DocketNo
	if f := checkText("case.docket_no", &docket, true, MaxDocket); len(f) > 0 {
		return ImportAnswer{}, refused(f)
	}
	if seen[docket] {
		return ImportAnswer{}, refused([]Finding{{
			Code: "docket_twice", Field: "case.docket_no",
			Vi: "Số thụ lý này có hai lần trong một lần gửi.", En: "This docket number stands twice in one list.",
		}})
	}
	seen[docket] = true
	return o.importOne(c, b)
}

// importOne creates the hearing of a docket number, leaves it alone, or replaces it
// while nobody has begun to prepare it.
func (o *Office) importOne(c *call, b *BookingBody) (ImportAnswer, error) {
	ctx := c.r.Context()
	docket := tidy(b.Case.DocketNo)
	done, err := alone(ctx, o.importing)
	if err != nil {
		return ImportAnswer{}, err
	}
	defer done()
	text, err := json.Marshal(b)
	if err != nil {
		return ImportAnswer{}, fmt.Errorf("import: %w", err)
	}
	sent := store.Imported{Unit: c.Unit, DocketNo: docket, Digest: sha256.Sum256(text), At: c.now}
	standing, err := o.p.Store.HearingByDocket(ctx, c.Scope, c.Unit, docket)
	stands := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return ImportAnswer{}, err
	}
	last, err := o.p.Store.LastImported(ctx, c.Scope, c.Unit, docket)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return ImportAnswer{}, err
	// The case system says nothing new: what a clerk changed since stays.
	case err == nil && stands && last.Digest == sent.Digest:
		return ImportAnswer{ID: standing.ID, DocketNo: docket, Result: unchanged, Warnings: []Finding{}}, nil
	}
	var a ImportAnswer
	if stands {
		a, err = o.importOver(c, b, text, standing)
	} else {
		a, err = o.create(c, b, text, "", imported, nil)
	}
	if err != nil {
		return ImportAnswer{}, err
	}
	return a, o.p.Store.PutImported(ctx, c.Scope, sent)
}

// importOver is importOne where a hearing of the docket number stands, and the body
// is not what was imported last.
func (o *Office) importOver(c *call, b *BookingBody, text []byte, standing store.Hearing) (ImportAnswer, error) {
	ctx, docket := c.r.Context(), tidy(b.Case.DocketNo)
	if same, err := o.sameContent(ctx, c, standing, b); err != nil || same {
		return ImportAnswer{ID: standing.ID, DocketNo: docket, Result: unchanged, Warnings: []Finding{}}, err
	}
	status, err := o.status(ctx, c, standing.ID)
	switch {
	case err != nil:
		return ImportAnswer{}, err
	case status.Over():
		return o.create(c, b, text, standing.ID, imported, nil)
	case status != hearing.Scheduled:
		return ImportAnswer{}, conflict("started", "Phiên tòa đã bắt đầu chuẩn bị hoặc đã mở; lịch không thay đổi bằng cách này được nữa.",
			"The hearing is being prepared or was opened; its booking cannot be changed this way any more.")
	}
	instead := *c
	instead.replaces = standing.ID
	return o.create(&instead, b, text, standing.ID, replaced, func(p plan) error { return o.replace(c, standing.ID, p.ID, replacedReason) })
}

// create books under a key made of the content (text) and of what stood before, so
// that the same content may come again after another. first is as of once.
func (o *Office) create(c *call, b *BookingBody, text []byte, before, result string, first func(plan) error) (ImportAnswer, error) {
	sum := sha256.Sum256(append([]byte("import\n"+before+"\n"), text...))
	p, err := o.once(c, hex.EncodeToString(sum[:]), sum, b, first)
	if err != nil {
		return ImportAnswer{}, err
	}
	a := ImportAnswer{ID: p.ID, DocketNo: b.Case.DocketNo, Result: result, Warnings: p.Warnings}
	if result == replaced {
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
		s.Account = cmp.Or(s.Account, by[s.Person].Account) // of the console beside an encoder
		s.RoomDevice = cmp.Or(s.RoomDevice, by[s.Person].RoomDevice)
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
