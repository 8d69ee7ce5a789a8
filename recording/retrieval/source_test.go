package retrieval

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
)

// signedIn is whoever the test says.
type signedIn struct{ who *auth.Official }

func (s signedIn) Who(*http.Request) (auth.Official, error) {
	if s.who == nil {
		return auth.Official{}, auth.ErrNoSession
	}
	return *s.who, nil
}

type notes []string

func (n *notes) Note(_ court.UnitID, _, account, what string) { *n = append(*n, account+" "+what) }

// A player gets a part for whom it was granted, for as long as that holds; each
// opening leaves an entry, and each refusal too.
func TestAPartIsOpenedUnderAPermissionOnly(t *testing.T) {
	ctx := t.Context()
	st, err := sqlite.Open(ctx, sqlite.Params{Path: filepath.Join(t.TempDir(), "p.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	sys, now := court.SystemScope(), time.Now().UTC().Truncate(time.Microsecond)
	h := store.Hearing{ID: "h", Room: "00000000000000000000000000000001", Unit: "u"}
	require.NoError(t, st.CreateHearing(ctx, sys, h, nil))
	line, err := hearing.MarshalEvent(hearing.Event{Seq: 1, At: 1, Body: hearing.Booked{Booking: hearing.Booking{Hearing: "h", Unit: "u"}}})
	require.NoError(t, err)
	lease, err := st.Acquire(ctx, sys, "h", "node", time.Minute)
	require.NoError(t, err)
	require.NoError(t, st.Append(ctx, sys, lease, 0, [][]byte{line}))
	require.NoError(t, st.PutArchivePart(ctx, sys, store.ArchivePart{Hearing: "h", Part: 1, Node: "node", Path: "h/part-0001.asice", Size: 1, Facts: []byte("{}")}))

	var seen notes
	var who *auth.Official
	law := archives.New(archives.Params{Store: st, Now: func() time.Time { return now }})
	open := func(part int) (Opened, error) {
		s := Source{
			Officials: signedIn{who}, Archives: law, Store: st, Access: &seen,
			Vault: NewVault(VaultParams{Dir: "/evidence", Node: "node", Store: st}),
		}
		return s.Part(httptest.NewRequest(http.MethodGet, "/", nil), "h", part)
	}
	official := func(id string, unit court.UnitID, roles ...store.Role) *auth.Official {
		return &auth.Official{ID: id, Unit: unit, Name: "Lê Văn Cường", Roles: roles, Scope: court.ScopeOf(unit)}
	}
	_, err = open(1)
	require.ErrorIs(t, err, auth.ErrNoSession)
	for _, stranger := range []*auth.Official{
		official("x", "v", store.RoleClerk), official("x", "u", store.RoleAdmin, store.RoleOperator, store.RoleProcurator),
		{ID: "x", Unit: "u", Roles: []store.Role{store.RoleClerk}, Token: "t"},
	} {
		who = stranger
		_, err = open(1)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	who = official("clerk", "u", store.RoleClerk)
	var refusal *archives.Refusal
	_, err = open(1)
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "not_granted", refusal.Code)
	require.Contains(t, seen, "clerk denied.archive.grant")

	r, err := law.Ask(ctx, *who, court.ScopeOf("u"), "h", "Bổ sung hồ sơ", false, false)
	require.NoError(t, err)
	_, err = law.Decide(ctx, *official("chief", "u", store.RoleChiefJudge), court.ScopeOf("u"), r.ID, archives.Decision{Grant: true, For: time.Hour})
	require.NoError(t, err)
	_, err = open(2)
	require.ErrorIs(t, err, store.ErrNotFound)
	o, err := open(1)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("0", 64), o.Key)
	require.Contains(t, o.Watermark, "Lê Văn Cường")
	require.True(t, o.Still(ctx))
	for _, what := range []string{"index", "t001-1.webm", "t002-1.webm"} {
		require.NoError(t, o.Log(ctx, what))
	}
	require.NoError(t, o.Log(ctx, Render))
	views, err := st.ArchiveViews(ctx, sys, "h")
	require.NoError(t, err)
	require.Len(t, views, 2)
	require.Equal(t, "render", views[0].What)
	require.Equal(t, "view", views[1].What)
	require.Equal(t, r.ID, views[1].Request)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	law = archives.New(archives.Params{Store: st, Now: func() time.Time { return now }}) // nothing noted lately
	o, err = open(1)
	require.NoError(t, err)
	require.Error(t, o.Log(canceled, "index"), "what cannot be noted is not shown")
	require.False(t, o.Still(canceled), "what cannot be told does not hold")

	now = now.Add(time.Hour)
	require.False(t, o.Still(ctx))
	_, err = open(1)
	require.ErrorAs(t, err, &refusal)
}
