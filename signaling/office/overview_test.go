package office

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// The chief judge reads the live hearings of the own court and of those below, with whose
// they are and who follows them; everybody else those of the own court, without that.
func TestTheChiefJudgeReadsTheCourtsBelow(t *testing.T) {
	w := startWorld(t)
	w.restart(func(p *Params) {
		p.Overview = func(_ context.Context, who auth.Official) (court.Scope, error) {
			if who.Unit == unitHN {
				return court.ScopeOf(unitHN, unitDN), nil
			}
			return court.ScopeOf(who.Unit), nil
		}
	})
	follows := []LiveFollower{{Unit: "VKSND", People: 2}}
	w.live = []LiveHearing{
		{Hearing: "own", Unit: string(unitHN), Court: "TAND HN", DocketNo: "1", Followers: follows},
		{Hearing: "below", Unit: string(unitDN), Court: "TAND DN", DocketNo: "2", Followers: follows},
	}
	live := func(r store.Role, u court.UnitID) []LiveHearing {
		return read[LiveAnswer](t, w.do(login(r, u), http.MethodGet, "/api/v1/operations/live", nil)).Hearings
	}
	got := live(store.RoleChiefJudge, unitHN)
	require.Len(t, got, 2)
	require.Equal(t, []string{"", "TAND DN"}, []string{got[0].Court, got[1].Court})
	require.Equal(t, follows, got[1].Followers)
	for _, r := range []store.Role{store.RoleOperator, store.RoleClerk} {
		got := live(r, unitHN)
		require.Len(t, got, 1)
		require.Empty(t, got[0].Followers)
	}
	got = live(store.RoleChiefJudge, unitDN)
	require.Len(t, got, 1)
	require.Equal(t, "below", got[0].Hearing, "nothing of the court above")
}
