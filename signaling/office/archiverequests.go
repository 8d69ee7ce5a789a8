package office

import (
	"context"
	"time"

	"phientoa/internal/archives"
	"phientoa/internal/store"
)

// maxNamedRequests is for how many waiting requests closed doors are looked up.
const maxNamedRequests = 50

// askArchive asks to see an archive for a purpose.
func (o *Office) askArchive(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	b := c.body.(*ArchiveAskBody)
	if f := checkText("purpose", &b.Purpose, true, MaxReason); len(f) > 0 {
		return nil, badFields(f)
	}
	ctx := c.r.Context()
	r, err := o.p.Archives.Ask(ctx, c.Official, reach.Scope, c.r.PathValue("id"), b.Purpose, b.Download, b.Closed)
	if err != nil {
		return nil, archiveError(err)
	}
	return o.requestItem(ctx, c, r, map[string]string{}), nil
}

// archiveRequests lists, for who decides, all within reach; for others their own.
func (o *Office) archiveRequests(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	account := c.ID
	if c.Has(store.RoleChiefJudge) {
		account = ""
	}
	ctx := c.r.Context()
	list, err := o.p.Store.ArchiveRequests(ctx, reach.Scope, "", account)
	if err != nil {
		return nil, err
	}
	a := ArchiveRequestsAnswer{Requests: []ArchiveRequestItem{}}
	names, waiting := map[string]string{}, 0
	hearings := map[string]store.Hearing{}
	for _, r := range list {
		i := o.requestItem(ctx, c, r, names)
		h, known := hearings[r.Hearing]
		if !known {
			if h, err = o.p.Store.Hearing(ctx, reach.Scope, r.Hearing); err != nil {
				return nil, err
			}
			hearings[r.Hearing] = h
		}
		i.DocketNo, i.Title = h.DocketNo, h.Title
		if r.Outcome == "" && waiting < maxNamedRequests {
			waiting++
			if i.ClosedIn, err = o.p.Archives.Closed(ctx, reach.Scope, r.Hearing); err != nil {
				return nil, err
			}
		}
		a.Requests = append(a.Requests, i)
	}
	return a, nil
}

// decideArchive grants or refuses a request that waits.
func (o *Office) decideArchive(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	b := c.body.(*ArchiveDecisionBody)
	granted := b.Outcome == store.Granted
	f := checkText("reason", &b.Reason, !granted, MaxReason)
	if !granted && b.Outcome != store.Refused {
		f = append(f, Finding{Code: "missing", Field: "outcome", Vi: "Chưa chọn cho phép hay từ chối.", En: "Grant or refuse is wanted."})
	}
	if most := int(archives.MaxGrant / time.Hour); granted && (b.Hours < 1 || b.Hours > most) {
		f = append(f, Finding{Code: "hours", Field: "hours", Vi: "Thời hạn từ 1 giờ đến 30 ngày.", En: "A permission lasts from 1 hour to 30 days."})
	}
	if len(f) > 0 {
		return nil, badFields(f)
	}
	ctx := c.r.Context()
	r, err := o.p.Archives.Decide(ctx, c.Official, reach.Scope, c.r.PathValue("id"), archives.Decision{
		Grant: granted, Reason: b.Reason, For: time.Duration(b.Hours) * time.Hour, Download: b.Download, Closed: b.Closed,
	})
	if err != nil {
		return nil, archiveError(err)
	}
	if r.Copy != nil {
		o.note(c, r.Hearing, decidedCopy)
	}
	return o.requestItem(ctx, c, r, map[string]string{}), nil
}

// endArchive takes a request back, or ends a grant.
func (o *Office) endArchive(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	b := c.body.(*ArchiveEndBody)
	if f := checkText("reason", &b.Reason, true, MaxReason); len(f) > 0 {
		return nil, badFields(f)
	}
	ctx := c.r.Context()
	r, err := o.p.Archives.End(ctx, c.Official, reach.Scope, c.r.PathValue("id"), b.Reason)
	if err != nil {
		return nil, archiveError(err)
	}
	return o.requestItem(ctx, c, r, map[string]string{}), nil
}

func (o *Office) requestItem(ctx context.Context, c *call, r store.ArchiveRequest, names map[string]string) ArchiveRequestItem {
	i := ArchiveRequestItem{
		ID: r.ID, Hearing: r.Hearing, ByID: r.Account, By: o.official(ctx, c, r.Account, names), Purpose: r.Purpose, Download: r.Download,
		Closed: r.Closed, At: r.At, Outcome: r.Outcome, Open: r.Open(c.now), DoneBy: o.official(ctx, c, r.DoneBy, names), Reason: r.Reason,
		Copy: o.copyItem(ctx, r, names),
	}
	if !r.DoneAt.IsZero() {
		i.DoneAt = &r.DoneAt
	}
	if !r.Until.IsZero() {
		i.Until = &r.Until
	}
	return i
}

// archiveViews lists who saw an archive, with what grounds.
func (o *Office) archiveViews(c *call) (any, error) {
	reach, err := o.reached(c)
	if err != nil {
		return nil, err
	}
	ctx, id := c.r.Context(), c.r.PathValue("id")
	views, err := o.p.Store.ArchiveViews(ctx, reach.Scope, id)
	if err != nil {
		return nil, err
	}
	requests, err := o.p.Store.ArchiveRequests(ctx, reach.Scope, id, "")
	if err != nil {
		return nil, err
	}
	a := ArchiveViewsAnswer{Views: []ArchiveViewItem{}}
	names := map[string]string{}
	purposes, recipients := map[string]string{}, map[string]string{}
	for _, r := range requests {
		purposes[r.ID] = r.Purpose
		if r.Copy != nil {
			recipients[r.ID] = o.personName(ctx, id, r.Copy.Person, names)
		}
	}
	for _, v := range views {
		a.Views = append(a.Views, ArchiveViewItem{
			At: v.At, ByID: v.Account, By: o.official(ctx, c, v.Account, names), Part: v.Part, What: v.What, Request: v.Request, Purpose: purposes[v.Request],
			For: recipients[v.Request],
		})
	}
	return a, nil
}
