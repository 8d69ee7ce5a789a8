package office

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const delegationsPath = "/api/v1/oversight/delegations"

// A head lends, sees it and takes it back; the deputy sees the own ones alone; both logs
// have each act.
func TestDelegationIsGivenAndRevoked(t *testing.T) {
	w := startWorld(t)
	w.restart(func(p *Params) {
		p.Below = func(u court.UnitID) []PartItem {
			require.Equal(t, unitHN, u)
			return []PartItem{{Unit: "vks-below", Name: "Viện dưới"}}
		}
	})
	head, lent := w.keepHeads(unitHN)
	as, other := login(store.RoleProcuracyHead, unitHN), login(store.RoleProcuracyDeputy, unitHN)
	w.forget()
	until := w.clock().Add(7 * 24 * time.Hour)
	a := w.do(as, http.MethodPost, delegationsPath, DelegateBody{To: lent.ID, Until: until.Format(time.RFC3339Nano), Under: "vks-below"})
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	given := read[DelegationItem](t, a)
	want := DelegationItem{
		ID: given.ID, By: head.ID, ByName: head.Name, To: lent.ID, ToName: lent.Name, Under: "vks-below", UnderName: "Viện dưới",
		Starts: w.clock(), Ends: until, State: delegationRuns,
	}
	require.Equal(t, want, given)
	list := func(as string) DelegationsAnswer {
		t.Helper()
		a := w.do(as, http.MethodGet, delegationsPath, nil)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		return read[DelegationsAnswer](t, a)
	}
	require.Equal(t, DelegationsAnswer{
		Delegations: []DelegationItem{want}, Deputies: []DeputyItem{{Account: lent.ID, Name: lent.Name}}, Parts: []PartItem{{Unit: "vks-below", Name: "Viện dưới"}},
	}, list(as))
	require.Equal(t, DelegationsAnswer{Delegations: []DelegationItem{want}, Deputies: []DeputyItem{}, Parts: []PartItem{}}, list(other))
	w.accounts["second"] = store.Account{ID: "account-second", Unit: unitHN, Roles: []store.Role{store.RoleProcuracyDeputy}}
	require.Empty(t, list("second").Delegations, "another's")

	was := w.accounts[as]
	demoted := was
	demoted.Roles = []store.Role{store.RoleProcurator}
	w.accounts[as] = demoted
	require.Equal(t, delegationVoid, list(other).Delegations[0].State, "who gave it is no head any more")
	w.accounts[as] = was

	w.pass(time.Hour)
	a = w.do(as, http.MethodPost, delegationsPath+"/"+given.ID+"/revoke", Empty{})
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	at := w.clock()
	want.State, want.RevokedAt = delegationTaken, &at
	require.Equal(t, want, read[DelegationItem](t, a))
	require.Equal(t, "delegation_over", code(t, w.do(as, http.MethodPost, delegationsPath+"/"+given.ID+"/revoke", Empty{})))
	require.Equal(t, []DelegationItem{want}, list(other).Delegations)
	require.Equal(t, 1, w.notedBy(as, delegationGiven))
	require.Equal(t, 1, w.notedBy(as, delegationRevoked))
	log, err := w.st.AdminLog(t.Context(), court.ScopeOf(unitHN), 1, 100)
	require.NoError(t, err)
	var acts []string
	for _, e := range log[len(log)-2:] {
		require.Equal(t, head.ID, e.Actor)
		require.Equal(t, given.ID, e.Object)
		require.Contains(t, e.Detail, "to "+lent.ID+" until ")
		acts = append(acts, e.What)
	}
	require.Equal(t, []string{delegationGiven, delegationRevoked}, acts)

	w.pass(7*24*time.Hour + delegationsKept - time.Hour - time.Minute)
	require.Len(t, list(as).Delegations, 1)
	w.pass(time.Minute)
	require.Empty(t, list(as).Delegations, "over for longer than the list reaches back")
}

func TestDelegationRefuses(t *testing.T) {
	w := startWorld(t)
	head, lent := w.keepHeads(unitHN)
	_, far := w.keepHeads(unitDN)
	as := login(store.RoleProcuracyHead, unitHN)
	give := func(to string, until time.Time, under string) answered {
		return w.do(as, http.MethodPost, delegationsPath, DelegateBody{To: to, Until: until.Format(time.RFC3339Nano), Under: under})
	}
	now := w.clock()
	for name, until := range map[string]time.Time{"now": now, "past": now.Add(-time.Hour), "too long": now.Add(30*24*time.Hour + time.Second)} {
		a := give(lent.ID, until, "")
		require.Equal(t, http.StatusBadRequest, a.status, name)
	}
	for _, until := range []string{"", "2026-12-21", "2026-12-21T17:00", "tomorrow"} {
		require.Equal(t, http.StatusBadRequest, w.do(as, http.MethodPost, delegationsPath, DelegateBody{To: lent.ID, Until: until}).status, until)
	}
	until := now.Add(30 * 24 * time.Hour)
	require.Equal(t, http.StatusBadRequest, give(lent.ID, until, "vks-elsewhere").status)
	require.Equal(t, give("no-such", until, ""), give(far.ID, until, ""), "of another unit is of none")
	require.Equal(t, http.StatusNotFound, give(far.ID, until, "").status)
	require.Equal(t, http.StatusNotFound, give("", until, "").status)
	for _, to := range []string{head.ID, "account-" + login(store.RoleProcurator, unitHN)} {
		require.Equal(t, "not_deputy", code(t, give(to, until, "")))
	}
	gone := lent
	gone.Disabled = true
	w.accounts[lent.Login] = gone
	require.Equal(t, "not_deputy", code(t, give(lent.ID, until, "")))
	w.accounts[lent.Login] = lent
	for range store.MaxLiveDelegations {
		require.Equal(t, http.StatusCreated, give(lent.ID, until, "").status)
	}
	require.Equal(t, "too_many_delegations", code(t, give(lent.ID, until, "")))
	w.restart(func(p *Params) { p.Directory = nil })
	require.Equal(t, "not_configured", code(t, give(lent.ID, until, "")))
}
