package office

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/units"
	"phientoa/signaling/oversight"
)

// What the logs keep of lent scopes: the administrative log with whom and until when.
const (
	delegationGiven   = "delegation.given"
	delegationRevoked = "delegation.revoked"
)

// delegationsKept is how long one that is over stands in the list; the database keeps it.
const delegationsKept = 90 * 24 * time.Hour

// States of a delegation as it is listed.
const (
	delegationRuns  = "running"
	delegationOver  = "over"
	delegationTaken = "revoked"
	delegationVoid  = "void"
)

// DelegateBody lends the caller's scope.
type DelegateBody struct {
	To    string `json:"to" doc:"Account of a deputy of the unit"`
	Until string `json:"until" format:"date-time" doc:"At most 30 days from now"`
	Under string `json:"under,omitempty" doc:"A unit below: its courts and those below it alone"`
}

// DelegationItem is a scope that was lent.
type DelegationItem struct {
	ID        string     `json:"id" doc:"UUIDv7"`
	By        string     `json:"by" doc:"Account of the head"`
	ByName    string     `json:"by_name"`
	To        string     `json:"to" doc:"Account of the deputy"`
	ToName    string     `json:"to_name"`
	Under     string     `json:"under,omitempty" doc:"Missing: the whole scope"`
	UnderName string     `json:"under_name,omitempty"`
	Starts    time.Time  `json:"starts"`
	Ends      time.Time  `json:"ends"`
	State     string     `json:"state" enum:"running,over,revoked,void" doc:"void: who gave it is no head of the unit any more, or the other not in it"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// DeputyItem is who may get the scope.
type DeputyItem struct {
	Account string `json:"account"`
	Name    string `json:"name"`
}

// PartItem is a unit below, whose part of the scope may be lent alone.
type PartItem struct {
	Unit string `json:"unit"`
	Name string `json:"name"`
}

// DelegationsAnswer lists them, the latest first.
type DelegationsAnswer struct {
	Delegations []DelegationItem `json:"delegations"`
	Deputies    []DeputyItem     `json:"deputies" doc:"For a head: those of the unit"`
	Parts       []PartItem       `json:"parts" doc:"For a head: the units below"`
}

// followRoles follow hearings from outside: heads, and deputies within what is lent to
// them, by itself nothing.
func followRoles() []store.Role {
	return []store.Role{store.RoleProcuracyHead, store.RoleProcuracyDeputy}
}

func headRoles() []store.Role { return []store.Role{store.RoleProcuracyHead} }

func delegationRoutes() []Route {
	return []Route{
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/delegations", Roles: followRoles(), Name: "delegations",
			Vi: "Các ủy quyền theo dõi", En: "Lent scopes of oversight",
			About: "A head sees those of the unit, a deputy the own ones; running, and over for at most 90 days.",
			Out:   DelegationsAnswer{}, OutExample: DelegationsAnswer{
				Delegations: []DelegationItem{exampleDelegation()}, Deputies: []DeputyItem{{Account: exampleDelegation().To, Name: exampleDelegation().ToName}},
				Parts: []PartItem{{Unit: "vks-hn-1", Name: "Viện kiểm sát nhân dân khu vực 1 – Hà Nội"}},
			},
			Status: http.StatusOK, handle: (*Office).delegations,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/oversight/delegations", Roles: headRoles(), Name: "delegate",
			Vi: "Ủy quyền theo dõi có thời hạn cho phó viện trưởng", En: "Lend the own scope to a deputy for a time",
			About: "From now on. It ends at its time, when it is revoked, when the caller is no head of the unit any more or the deputy not in it, and cannot be passed on. Noted in the administrative log.",
			In:    DelegateBody{}, InExample: DelegateBody{To: exampleDelegation().To, Until: "2026-12-21T17:00:00+07:00"},
			Out: DelegationItem{}, OutExample: exampleDelegation(), Status: http.StatusCreated,
			Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).delegate,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/oversight/delegations/{id}/revoke", Roles: headRoles(), Name: "revoke_delegation",
			Vi: "Thu hồi ủy quyền theo dõi", En: "Take a lent scope back",
			About: "By any head of the unit, for good; what the deputy follows by it ends within a second. Noted in the administrative log.",
			In:    Empty{}, InExample: Empty{}, Out: DelegationItem{}, OutExample: exampleDelegation(), Status: http.StatusOK,
			Problems: []int{400, 404, 409, 413, 415}, handle: (*Office).revokeDelegation,
		},
	}
}

func exampleDelegation() DelegationItem {
	return DelegationItem{
		ID: exampleID, By: "01935b1e-6f00-7c11-9d3a-000000000001", ByName: "Trần Văn Kiên", To: "01935b1e-6f00-7c11-9d3a-000000000002", ToName: "Phạm Thị Lan",
		Starts: exampleStart(), Ends: exampleStart().Add(7 * 24 * time.Hour), State: delegationRuns,
	}
}

// unitPeople are the accounts of the caller's unit: their names and posts.
type unitPeople struct {
	accounts []store.Account
	names    map[string]string
	posts    units.Posts
	parts    []PartItem
}

func (o *Office) unitPeople(c *call) (p unitPeople, err error) {
	if o.p.Directory == nil {
		return p, notConfigured()
	}
	if p.accounts, err = o.p.Directory.AccountsOf(c.r.Context(), court.ScopeOf(c.Unit)); err != nil {
		return p, err
	}
	p.names, p.posts = map[string]string{}, units.Posts{}
	for i := range p.accounts {
		p.names[p.accounts[i].ID] = p.accounts[i].Name
		oversight.AddPost(p.posts, p.accounts[i])
	}
	if o.p.Below != nil {
		p.parts = o.p.Below(c.Unit)
	}
	return p, nil
}

// deputy tells whether the account may get somebody's scope: a head has the own one.
func deputy(a store.Account) bool {
	return !a.Disabled && slices.Contains(a.Roles, store.RoleProcuracyDeputy) && !slices.Contains(a.Roles, store.RoleProcuracyHead)
}

func (p unitPeople) item(d store.Delegation, now time.Time) DelegationItem {
	i := DelegationItem{
		ID: d.ID, By: d.By, ByName: p.names[d.By], To: d.To, ToName: p.names[d.To],
		Under: string(d.Under), Starts: d.Starts, Ends: d.Ends, State: delegationVoid,
	}
	if at := slices.IndexFunc(p.parts, func(x PartItem) bool { return x.Unit == i.Under }); at >= 0 {
		i.UnderName = p.parts[at].Name
	}
	switch {
	case !d.Revoked.IsZero():
		i.State, i.RevokedAt = delegationTaken, &d.Revoked
	case !now.Before(d.Ends):
		i.State = delegationOver
	case oversight.LawOf(d).Lends(p.posts, now):
		i.State = delegationRuns
	}
	return i
}

func (o *Office) delegations(c *call) (any, error) {
	p, err := o.unitPeople(c)
	if err != nil {
		return nil, err
	}
	list, err := o.p.Store.Delegations(c.r.Context(), court.ScopeOf(c.Unit), c.now.Add(-delegationsKept))
	if err != nil {
		return nil, err
	}
	head := c.Has(store.RoleProcuracyHead)
	a := DelegationsAnswer{Delegations: []DelegationItem{}, Deputies: []DeputyItem{}, Parts: []PartItem{}}
	for _, d := range list {
		if head || d.To == c.ID {
			a.Delegations = append(a.Delegations, p.item(d, c.now))
		}
	}
	if !head {
		return a, nil
	}
	for i := range p.accounts {
		if deputy(p.accounts[i]) {
			a.Deputies = append(a.Deputies, DeputyItem{Account: p.accounts[i].ID, Name: p.accounts[i].Name})
		}
	}
	a.Parts = append(a.Parts, p.parts...)
	return a, nil
}

func (o *Office) delegate(c *call) (any, error) {
	b := c.body.(*DelegateBody)
	now := c.now.UTC().Truncate(time.Microsecond) // as the database keeps it
	until, err := time.Parse(time.RFC3339, b.Until)
	until = until.UTC().Truncate(time.Microsecond)
	switch {
	case err != nil:
		return nil, badBody("until", "Phải là thời điểm có múi giờ, ví dụ 2026-12-21T17:00:00+07:00.", "A time with its zone as 2026-12-21T17:00:00+07:00 is wanted.")
	case !until.After(now):
		return nil, badBody("until", "Thời điểm kết thúc phải ở tương lai.", "The end has to lie in the future.")
	case until.Sub(now) > units.MaxDelegation:
		return nil, badBody("until", "Chỉ được ủy quyền nhiều nhất 30 ngày.", "At most 30 days can be lent.")
	}
	p, err := o.unitPeople(c)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(p.accounts, func(a store.Account) bool { return a.ID == b.To })
	switch {
	case at < 0: // of another unit, or of none
		return nil, store.ErrNotFound
	case !deputy(p.accounts[at]):
		return nil, conflict("not_deputy", "Chỉ ủy quyền được cho phó viện trưởng của đơn vị có tài khoản đang hoạt động.", "Only a deputy of the unit whose account is active can get it.")
	case b.Under != "" && !slices.ContainsFunc(p.parts, func(x PartItem) bool { return x.Unit == b.Under }):
		return nil, badBody("under", "Không phải đơn vị cấp dưới.", "Not a unit below.")
	}
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return nil, err
	}
	d := store.Delegation{
		ID: id.String(), By: c.ID, To: b.To, Unit: c.Unit, Under: court.UnitID(b.Under), Starts: now, Ends: until, Made: now,
	}
	err = o.p.Store.PutDelegation(c.r.Context(), court.ScopeOf(c.Unit), d, delegationEntry(c, d, delegationGiven))
	if errors.Is(err, store.ErrInvalid) {
		return nil, conflict("too_many_delegations", "Đơn vị đang có quá nhiều ủy quyền còn hiệu lực. Hãy thu hồi bớt.", "The unit has too many delegations in force. Please revoke some.")
	}
	if err != nil {
		return nil, err
	}
	o.note(c, "", delegationGiven)
	return p.item(d, now), nil
}

func delegationEntry(c *call, d store.Delegation, what string) store.AdminEntry {
	return store.AdminEntry{
		At: c.now, Actor: c.ID, Unit: c.Unit, What: what, Object: d.ID,
		Detail: fmt.Sprintf("to %s until %s under %q", d.To, d.Ends.UTC().Format(time.RFC3339), string(d.Under)),
	}
}

func (o *Office) revokeDelegation(c *call) (any, error) {
	ctx, sc := c.r.Context(), court.ScopeOf(c.Unit)
	d, err := o.p.Store.Delegation(ctx, sc, c.object())
	if err != nil {
		return nil, err
	}
	p, err := o.unitPeople(c)
	if err != nil {
		return nil, err
	}
	d, err = o.p.Store.RevokeDelegation(ctx, sc, d.ID, delegationEntry(c, d, delegationRevoked))
	if errors.Is(err, store.ErrConflict) {
		return nil, conflict("delegation_over", "Ủy quyền này đã hết hạn hoặc đã được thu hồi.", "This delegation is over or was revoked before.")
	}
	if err != nil {
		return nil, err
	}
	o.note(c, "", delegationRevoked)
	return p.item(d, c.now), nil
}
