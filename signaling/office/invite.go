package office

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// inviteAfter is how long after the start an invitation still opens.
const inviteAfter = 24 * time.Hour

// invite makes a link and a code for a person of a hearing of the unit.
func (o *Office) invite(c *call) (any, error) {
	ctx, id := c.r.Context(), c.r.PathValue("id")
	want := c.body.(*InvitationBody)
	h, err := o.p.Store.Hearing(ctx, c.Scope, id)
	if err != nil {
		return nil, err
	}
	booked, err := o.booking(ctx, c.Scope, id)
	if err != nil {
		return nil, err
	}
	device, ok := deviceOf(booked, want.Person, want.Device)
	if !ok {
		return nil, store.ErrNotFound
	}
	// Who comes by an account proves who they are that way: an invitation would hand
	// their seat, the presiding judge's too, to whoever made it.
	seats, err := o.p.Store.Seats(ctx, c.Scope, id)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(seats, func(s store.Seat) bool {
		return (s.Person == want.Person || s.Device == device) && s.Account != ""
	}) {
		return nil, conflict("has_account", "Người này vào phiên tòa bằng tài khoản, không bằng giấy mời.",
			"This person comes by an account, not by an invitation.")
	}
	infos, err := o.p.Store.HearingInfos(ctx, c.Scope, []string{id})
	if err != nil {
		return nil, err
	}
	if len(infos) == 1 && hearing.Status(infos[0].Status).Over() {
		return nil, conflict("over", "Phiên tòa đã kết thúc, hoãn hoặc hủy; không tạo giấy mời được nữa.",
			"The hearing is over, adjourned or cancelled; nobody is invited any more.")
	}
	if o.p.Inviter == nil {
		return nil, notConfigured()
	}
	ttl := max(time.UnixMicro(h.StartsAt).Add(inviteAfter).Sub(c.now), inviteAfter)
	ttl = min(ttl, auth.MaxInvitation)
	token, code, err := o.p.Inviter.InviteWithCode(ctx, c.Scope, id, want.Person, device, ttl)
	if err != nil {
		return nil, err
	}
	o.note(c, id, madeInvite)
	link := strings.TrimSuffix(o.p.BaseURL, "/") + "/#i=" + token
	rows, err := qrRows(link)
	if err != nil {
		return nil, err
	}
	return InvitationAnswer{Link: link, QR: rows, Code: code, Expires: c.now.Add(ttl).UTC().Truncate(time.Second)}, nil
}

// deviceOf finds the person's device, the first when none is named.
func deviceOf(b hearing.Booking, person, device string) (string, bool) {
	for _, d := range b.Devices {
		if slices.Contains(d.People, hearing.PersonID(person)) && (device == "" || device == string(d.ID)) {
			return string(d.ID), true
		}
	}
	return "", false
}

// enter lets an official take the seat that is theirs, in whatever unit.
func (o *Office) enter(c *call) (any, error) {
	ctx, id := c.r.Context(), c.r.PathValue("id")
	want := c.body.(*EnterBody)
	_, seats, err := o.reach(ctx, c, id)
	if err != nil {
		return nil, err
	}
	seats = slices.DeleteFunc(seats, func(s store.Seat) bool {
		return want.Person != "" && s.Person != want.Person || want.Device != "" && s.Device != want.Device
	})
	switch {
	case len(seats) == 0:
		return nil, store.ErrNotFound
	case len(seats) > 1:
		return nil, conflict("several_seats", "Ông/bà có nhiều chỗ trong phiên tòa này; vui lòng chọn một.",
			"You have several seats in this hearing; please choose one.")
	case o.p.Enter == nil:
		return nil, notConfigured()
	}
	cookie, err := o.p.Enter(ctx, c.r, id, seats[0].Person, seats[0].Device)
	if err != nil {
		return nil, entering(ctx, err)
	}
	http.SetCookie(c.w, cookie)
	return EnterAnswer{Person: seats[0].Person, Device: seats[0].Device}, nil
}

// entering keeps who is refused from learning more than that.
func entering(_ context.Context, err error) error {
	if errors.Is(err, auth.ErrDenied) || errors.Is(err, auth.ErrForbidden) {
		return store.ErrNotFound
	}
	return err
}
