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
	"phientoa/recording/playback"
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

// watching is a hearing with a sealed part, and whoever the test lets ask for it.
type watching struct {
	t    *testing.T
	st   store.Store
	law  *archives.Archives
	who  *auth.Official
	now  time.Time
	seen notes
}

func startWatching(t *testing.T) *watching {
	t.Helper()
	ctx, sys := t.Context(), court.SystemScope()
	st, err := sqlite.Open(ctx, sqlite.Params{Path: filepath.Join(t.TempDir(), "p.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	w := &watching{t: t, st: st, now: time.Now().UTC().Truncate(time.Microsecond)}
	w.law = archives.New(archives.Params{Store: st, Now: func() time.Time { return w.now }})
	h := store.Hearing{ID: "h", Room: "00000000000000000000000000000001", Unit: "u"}
	require.NoError(t, st.CreateHearing(ctx, sys, h, nil))
	w.log(0, hearing.Booked{Booking: hearing.Booking{Hearing: "h", Unit: "u"}})
	require.NoError(t, st.PutArchivePart(ctx, sys, store.ArchivePart{Hearing: "h", Part: 1, Node: "node", Path: "h/part-0001.asice", Size: 1, Facts: []byte("{}")}))
	for id, role := range map[string]store.Role{"clerk": store.RoleClerk, "chief": store.RoleChiefJudge} {
		require.NoError(t, st.CreateAccount(ctx, sys, store.Account{ID: id, Login: id, Name: "Lê Văn Cường", Unit: "u", Roles: []store.Role{role}, Created: w.now}, w.act()))
	}
	return w
}

func (w *watching) act() store.AdminEntry {
	return store.AdminEntry{At: w.now, Actor: "system", Unit: "u", What: "x"}
}

// log appends an event to the hearing's.
func (w *watching) log(after uint64, b hearing.EventBody) {
	ctx, sys := w.t.Context(), court.SystemScope()
	line, err := hearing.MarshalEvent(hearing.Event{Seq: after + 1, At: 1, Body: b})
	require.NoError(w.t, err)
	lease, err := w.st.Acquire(ctx, sys, "h", "node", time.Minute)
	require.NoError(w.t, err)
	require.NoError(w.t, w.st.Append(ctx, sys, lease, after, [][]byte{line}))
}

func official(id string, unit court.UnitID, roles ...store.Role) *auth.Official {
	return &auth.Official{ID: id, Unit: unit, Name: "Lê Văn Cường", Roles: roles, Scope: court.ScopeOf(unit)}
}

// Who implements archives.Officials.
func (w *watching) Who(r *http.Request) (auth.Official, error) { return signedIn{w.who}.Who(r) }

func (w *watching) open(part int) (playback.Opened, error) {
	s := Source{
		Officials: w, Archives: w.law, Store: w.st, Access: &w.seen,
		Vault: NewVault(VaultParams{Dir: "/evidence", Node: "node", Store: w.st}),
	}
	return s.Part(httptest.NewRequest(http.MethodGet, "/", nil), "h", part)
}

func (w *watching) refused(part int, code string) {
	w.t.Helper()
	_, err := w.open(part)
	var no *playback.Refusal
	require.ErrorAs(w.t, err, &no)
	require.Equal(w.t, code, no.Code)
}

// granted asks in the clerk's name and grants in the chief judge's.
func (w *watching) granted(d archives.Decision) store.ArchiveRequest {
	w.t.Helper()
	sc := court.ScopeOf("u")
	r, err := w.law.Ask(w.t.Context(), *official("clerk", "u", store.RoleClerk), sc, "h", "Bổ sung hồ sơ", false, false)
	require.NoError(w.t, err)
	d.Grant = true
	r, err = w.law.Decide(w.t.Context(), *official("chief", "u", store.RoleChiefJudge), sc, r.ID, d)
	require.NoError(w.t, err)
	return r
}

// A player gets a part for whom it was granted, for as long as that holds; each
// opening leaves an entry, and each refusal too.
func TestAPartIsOpenedUnderAPermissionOnly(t *testing.T) {
	w := startWatching(t)
	ctx := t.Context()
	w.refused(1, "sign_in")
	for _, stranger := range []*auth.Official{
		official("x", "v", store.RoleClerk), official("x", "u", store.RoleAdmin, store.RoleOperator, store.RoleProcurator),
		{ID: "x", Unit: "u", Roles: []store.Role{store.RoleClerk}, Token: "t"},
	} {
		w.who = stranger
		w.refused(1, "not_found")
	}
	w.who = official("clerk", "u", store.RoleClerk)
	w.refused(1, "not_granted")
	require.Contains(t, w.seen, "clerk denied.archive.grant")

	r := w.granted(archives.Decision{For: time.Hour})
	w.refused(2, "not_found")
	o, err := w.open(1)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("0", 64), o.Key)
	require.Contains(t, o.Watermark, "Lê Văn Cường")
	require.False(t, o.Download)
	require.True(t, o.Still(ctx, "index"))
	require.True(t, o.Still(ctx, playback.Rendering))
	for _, what := range []string{"index", "t001-1.webm", "t002-1.webm"} {
		require.NoError(t, o.Log(ctx, what))
	}
	views, err := w.st.ArchiveViews(ctx, court.SystemScope(), "h")
	require.NoError(t, err)
	require.Len(t, views, 1)
	require.Equal(t, "view", views[0].What)
	require.Equal(t, r.ID, views[0].Request)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	w.law = archives.New(archives.Params{Store: w.st, Now: func() time.Time { return w.now }}) // nothing noted lately
	o, err = w.open(1)
	require.NoError(t, err)
	require.Error(t, o.Log(canceled, "index"), "what cannot be noted is not shown")
	require.False(t, o.Still(canceled, "index"), "what cannot be told does not hold")

	w.now = w.now.Add(time.Hour)
	require.False(t, o.Still(ctx, "index"))
	w.refused(1, "not_granted")
}

// Of several grants the right one counts, not the longest: what names closed doors
// where doors were closed, and what names downloading where a film is taken away.
func TestTheGrantIsChosenByWhatItAllows(t *testing.T) {
	w := startWatching(t)
	ctx := t.Context()
	w.who = official("clerk", "u", store.RoleClerk)
	long := w.granted(archives.Decision{For: 48 * time.Hour})
	film := w.granted(archives.Decision{For: time.Hour, Download: true})
	o, err := w.open(1)
	require.NoError(t, err)
	require.True(t, o.Download)
	require.NoError(t, o.Log(ctx, "index"))
	require.NoError(t, o.Log(ctx, playback.Film))
	views, err := w.st.ArchiveViews(ctx, court.SystemScope(), "h")
	require.NoError(t, err)
	require.Len(t, views, 2)
	require.Equal(t, []string{playback.Film, film.ID, "view", long.ID}, []string{views[0].What, views[0].Request, views[1].What, views[1].Request})
	_, err = w.law.End(ctx, *w.who, court.ScopeOf("u"), film.ID, "x")
	require.NoError(t, err)
	require.False(t, o.Still(ctx, playback.Film))
	require.True(t, o.Still(ctx, "index"))

	w.log(1, hearing.VisibilitySet{To: hearing.ClosedDoors})
	w.refused(1, "closed_doors")
	short := w.granted(archives.Decision{For: time.Minute, Closed: true})
	o, err = w.open(1)
	require.NoError(t, err, "a longer one that does not name the closed doors stands in nobody's way")
	require.Equal(t, label(*w.who, short), o.Watermark)
	require.False(t, o.Download)
}

// Whatever ends it: what goes out under a permission breaks off.
func TestWhatIsUnderWayEndsWithAccountSignInGrantAndArchive(t *testing.T) {
	sys := court.SystemScope()
	for name, c := range map[string]struct {
		end  func(w *watching, grant string)
		film bool // the making of one ends too, for which nobody need be signed in
	}{
		"signed out":       {func(w *watching, _ string) { w.who = nil }, false},
		"another signs in": {func(w *watching, _ string) { w.who = official("chief", "u", store.RoleClerk) }, false},
		"grant ended": {func(w *watching, grant string) {
			_, err := w.law.End(w.t.Context(), *official("chief", "u", store.RoleChiefJudge), court.ScopeOf("u"), grant, "x")
			require.NoError(w.t, err)
		}, true},
		"grant run out":    {func(w *watching, _ string) { w.now = w.now.Add(time.Hour) }, true},
		"account disabled": {func(w *watching, _ string) { w.account(func(a *store.Account) { a.Disabled = true }) }, true},
		"role taken away": {func(w *watching, _ string) {
			w.account(func(a *store.Account) { a.Roles = []store.Role{store.RoleOperator} })
		}, true},
		"doors closed": {func(w *watching, _ string) { w.log(1, hearing.VisibilitySet{To: hearing.ClosedDoors}) }, true},
		"disposed of": {func(w *watching, _ string) {
			ctx, by := w.t.Context(), w.act()
			by.Actor = "archivist"
			require.NoError(w.t, w.st.PutArchiveDisposal(ctx, sys, store.ArchiveDisposal{ID: "d", Hearing: "h", Reason: "x", By: "archivist", At: w.now, Expires: w.now.Add(time.Hour)}, by))
			by.Actor = "chief"
			_, err := w.st.SettleArchiveDisposal(ctx, sys, "d", store.Confirmed, `{"parts":[{"part":1,"manifest_sha256":"`+strings.Repeat("0", 64)+`"}]}`, by)
			require.NoError(w.t, err)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWatching(t)
			w.who = official("clerk", "u", store.RoleClerk)
			grant := w.granted(archives.Decision{For: time.Hour, Download: true})
			o, err := w.open(1)
			require.NoError(t, err)
			for _, what := range []string{"t001-1", playback.Film, playback.Rendering} {
				require.True(t, o.Still(t.Context(), what), what)
			}
			c.end(w, grant.ID)
			require.False(t, o.Still(t.Context(), "t001-1"))
			require.False(t, o.Still(t.Context(), playback.Film))
			require.Equal(t, !c.film, o.Still(t.Context(), playback.Rendering))
		})
	}
}

// account changes the clerk's.
func (w *watching) account(change func(*store.Account)) {
	a, err := w.st.Account(w.t.Context(), court.SystemScope(), "clerk")
	require.NoError(w.t, err)
	change(&a)
	require.NoError(w.t, w.st.UpdateAccount(w.t.Context(), court.SystemScope(), a, w.act()))
}
