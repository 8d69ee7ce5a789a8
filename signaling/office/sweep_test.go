package office

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/hearing/hearingtest"
	"phientoa/internal/store"
)

// object is what a route may be about, in one court.
type object struct {
	unit                    court.UnitID
	hearing, docket, person string
	alarm                   string
	// gone and moved are cancelled and moved by the first who may.
	gone, moved string
	// request waits, of somebody who is in no table, and disposal.
	request, disposal string
	// delegation is one of the unit's head to its deputy.
	delegation string
}

// furnish makes a hearing with seats for nobody, in a state, and an alarm.
func (w *world) furnish(u court.UnitID, docket string, stage hearingtest.Stage) object {
	h := w.book(u, w.good(docket, month))
	w.lead(u, h.ID, stage)
	a := w.do(login(store.RoleClerk, u), http.MethodGet, "/api/v1/hearings/"+h.ID+"/people", nil)
	people := read[PeopleAnswer](w.t, a)
	alarm := store.Alarm{ID: "alarm-" + string(u), At: w.clock(), Unit: u, Hearing: h.ID, Kind: "help", Detail: "secret of " + string(u)}
	require.NoError(w.t, w.st.PutAlarm(w.t.Context(), alarm))
	var others [2]string
	for i := range others {
		others[i] = w.book(u, w.good(fmt.Sprintf("9%d%s", i, docket), month+time.Duration(i+1)*24*time.Hour)).ID
	}
	w.sealed(u, h.ID, 1)
	asked := store.ArchiveRequest{ID: "request-" + string(u), Hearing: h.ID, Account: "account-other", Purpose: "secret of " + string(u), At: w.clock()}
	require.NoError(w.t, w.st.PutArchiveRequest(w.t.Context(), court.ScopeOf(u), asked, store.AdminEntry{At: w.clock(), Actor: "account-other", Unit: u, What: "archive.asked"}))
	gone := store.ArchiveDisposal{ID: "disposal-" + string(u), Hearing: h.ID, Reason: "secret of " + string(u), By: "account-other", At: w.clock(), Expires: w.clock().Add(time.Hour)}
	require.NoError(w.t, w.st.PutArchiveDisposal(w.t.Context(), court.ScopeOf(u), gone, store.AdminEntry{At: w.clock(), Actor: "account-other", Unit: u, What: "archive.disposal.proposed"}))
	require.NoError(w.t, w.st.PutNoteKey(w.t.Context(), noteKey(u)))
	n := store.Note{
		ID: "note-" + string(u), Hearing: h.ID, Unit: u, Official: "account-other", At: w.clock(), Written: w.clock(), Key: noteKey(u).ID,
		Sealed: []byte(sealedToKey + "secret of " + string(u)),
	}
	_, err := w.st.PutNote(w.t.Context(), court.ScopeOf(u), n)
	require.NoError(w.t, err)
	lent := w.lend(u)
	return object{u, h.ID, docket, people.People[3].ID, alarm.ID, others[0], others[1], asked.ID, gone.ID, lent.ID}
}

// keepHeads writes the accounts of a unit's head and deputy, whom the world alone knows
// otherwise.
func (w *world) keepHeads(u court.UnitID) (head, deputy store.Account) {
	w.t.Helper()
	head, deputy = w.accounts[login(store.RoleProcuracyHead, u)], w.accounts[login(store.RoleProcuracyDeputy, u)]
	for _, a := range []store.Account{head, deputy} {
		require.NoError(w.t, w.st.CreateAccount(w.t.Context(), court.ScopeOf(u), a, store.AdminEntry{At: w.clock(), Actor: "system", Unit: u, What: "account.created"}))
	}
	return head, deputy
}

// lend gives the deputy of a unit the head's scope for a day.
func (w *world) lend(u court.UnitID) store.Delegation {
	w.t.Helper()
	head, deputy := w.keepHeads(u)
	d := store.Delegation{ID: "delegation-" + string(u), By: head.ID, To: deputy.ID, Unit: u, Starts: w.clock(), Ends: w.clock().Add(24 * time.Hour), Made: w.clock()}
	require.NoError(w.t, w.st.PutDelegation(w.t.Context(), court.ScopeOf(u), d, store.AdminEntry{At: w.clock(), Actor: head.ID, Unit: u, What: delegationGiven}))
	return d
}

// lead brings a booked hearing to the stage, in its log and in the calendar's row.
func (w *world) lead(u court.UnitID, id string, stage hearingtest.Stage) {
	w.t.Helper()
	ctx, sc := w.t.Context(), court.ScopeOf(u)
	lines, err := w.st.Read(ctx, sc, id, 1, 10)
	require.NoError(w.t, err)
	require.Len(w.t, lines, 1)
	first, err := hearing.ParseEvent(lines[0].Line)
	require.NoError(w.t, err)
	state, err := hearing.Replay([]hearing.Event{first})
	require.NoError(w.t, err)
	events, state, err := hearingtest.Lead(state, hearingtest.Params{To: stage, Now: w.clock()})
	require.NoError(w.t, err)
	var texts [][]byte
	for _, e := range events {
		text, err := hearing.MarshalEvent(e)
		require.NoError(w.t, err)
		texts = append(texts, text)
	}
	lease, err := w.st.Acquire(ctx, sc, id, "node", time.Minute)
	require.NoError(w.t, err)
	require.NoError(w.t, w.st.Append(ctx, sc, lease, 1, texts))
	require.NoError(w.t, w.st.Release(ctx, sc, lease))
	infos, err := w.st.HearingInfos(ctx, sc, []string{id})
	require.NoError(w.t, err)
	require.Len(w.t, infos, 1)
	infos[0].Status, infos[0].Phase = string(state.Status), string(state.Phase)
	infos[0].Closed, infos[0].Updated = state.Visibility == hearing.ClosedDoors, w.clock().UnixMicro()
	require.NoError(w.t, w.st.PutHearingInfo(ctx, sc, infos[0]))
}

// request fills a route in for an object.
func request(r Route, x object, fresh BookingBody) (target string, body any) {
	target = strings.NewReplacer("{unit}", string(x.unit), "{docket}", url.PathEscape(x.docket)).Replace(r.Path)
	if strings.Contains(r.Path, "/alarms/") {
		target = strings.ReplaceAll(target, "{id}", x.alarm)
	}
	if strings.Contains(r.Path, "/archive-requests/") {
		target = strings.ReplaceAll(target, "{id}", x.request)
	}
	if strings.Contains(r.Path, "/archive-disposals/") {
		target = strings.ReplaceAll(target, "{id}", x.disposal)
	}
	if strings.Contains(r.Path, "/delegations/") {
		target = strings.ReplaceAll(target, "{id}", x.delegation)
	}
	target = strings.NewReplacer("{session}", "S", "{wall}", "W", "{part}", "1", "{supplement}", "1", "{excerpt}", strings.Repeat("0", 32)).Replace(target)
	switch r.Name {
	case "cancel":
		target = strings.ReplaceAll(target, "{id}", x.gone)
	case "move":
		target = strings.ReplaceAll(target, "{id}", x.moved)
	}
	target = strings.ReplaceAll(target, "{id}", x.hearing)
	switch r.Name {
	case "calendar":
		now, _ := time.Parse(time.RFC3339, fresh.StartsAt)
		target += "?from=" + url.QueryEscape(now.Add(-24*time.Hour).Format(time.RFC3339)) + "&to=" + url.QueryEscape(now.Add(24*time.Hour).Format(time.RFC3339))
	case "coverage", "coverage_csv", "coverage_pdf", "coverage_json", "lgsp_reports":
		target += "?day=" + fresh.StartsAt[:len(dayLayout)]
	case "send_lgsp":
		return target, LGSPBody{Day: fresh.StartsAt[:len(dayLayout)]}
	case "search":
		return target, SearchBody{Q: x.docket}
	case "watch":
		return target, WatchBody{SDP: "v=0"}
	case "watch_size":
		return target, SizeBody{}
	case "watch_camera":
		return target, CameraBody{}
	case "wall":
		return target, WallBody{SDP: "v=0"}
	case "wall_tiles":
		return target, TilesBody{}
	case "import_status":
		target += "?docket=" + url.QueryEscape(x.docket)
	case "book", "check": // about no object
		fresh.Case.DocketNo = "777/2026/TLST-HS"
		return target, fresh
	case "import":
		fresh.Case.DocketNo = x.docket
		return target, fresh
	case "import_list":
		fresh.Case.DocketNo = x.docket
		return target, ImportListBody{Hearings: []BookingBody{fresh}}
	case "cancel":
		return target, CancelBody{Reason: "lý do"}
	case "move":
		return target, MoveBody{StartsAt: fresh.StartsAt, Reason: "lý do"}
	case "invite":
		return target, InvitationBody{Person: x.person}
	case "enter", "take_alarm", "done_alarm", "check_archive", "repair_archive", "confirm_disposal", "withdraw_disposal", "make_copy", "revoke_delegation":
		return target, Empty{}
	case "delegate":
		until, _ := time.Parse(time.RFC3339, fresh.StartsAt)
		return target, DelegateBody{To: "account-" + login(store.RoleProcuracyDeputy, x.unit), Until: until.Add(-10 * 24 * time.Hour).Format(time.RFC3339)}
	case "lodge_archive":
		sum := sha256.Sum256([]byte("PK"))
		return target, ArchiveLodgeBody{Reference: "x", Parts: []ArchivePartHash{{Part: 1, SHA256: hex.EncodeToString(sum[:])}}}
	case "dispose_archive":
		return target, ArchiveDisposeBody{Reason: "lý do"}
	case "find_archives":
		return target, ArchiveSearchBody{Text: x.docket}
	case "ask_archive":
		return target, ArchiveAskBody{Purpose: "Bổ sung hồ sơ"}
	case "decide_archive":
		return target, ArchiveDecisionBody{Outcome: store.Granted, Hours: 1, Closed: true}
	case "end_archive":
		return target, ArchiveEndBody{Reason: "lý do"}
	case "keep_archive":
		return target, ArchiveKeepBody{Class: "20"}
	case "ask_copy":
		b := copyBody(x.person)
		b.Purpose = "lý do"
		return target, b
	case "make_note_key": // the first stands: all are refused, and it stays the newest
		return target, NoteKeyBody{Number: 1, Recipient: exampleRecipient, Identity: base64.StdEncoding.EncodeToString(noteKey(x.unit).Identity)}
	case "write_note":
		return target, NoteBody{Key: noteKey(x.unit).ID, Sealed: base64.StdEncoding.EncodeToString([]byte(sealedToKey + newKey()))}
	case "ask_excerpt":
		return target, ArchiveExcerptBody{From: fresh.StartsAt, To: fresh.StartsAt, Tracks: []string{"t001"}, Reason: "lý do"}
	}
	return target, nil
}

// Two courts, every role, every route, objects of the own court, of the other and
// of nowhere, hearings in every state: who may not, may not; what is foreign is
// answered byte for byte like what does not exist; and every denial is noted.
func TestSweepOfPermissions(t *testing.T) {
	for _, stage := range hearingtest.Stages() {
		t.Run(string(stage), func(t *testing.T) { sweepPermissions(t, stage) })
	}
}

func sweepPermissions(t *testing.T, stage hearingtest.Stage) {
	w := startWorld(t)
	courts := map[court.UnitID]object{
		unitHN: w.furnish(unitHN, "1/2026/TLST-HS", stage), unitDN: w.furnish(unitDN, "2/2026/TLST-HS", stage),
	}
	missing := object{"unit-xx", "01935b1e-0000-7000-8000-00000000dead", "3/2026/TLST-HS", "01935b1e-0000-7000-8000-0000000000aa", "alarm-unit-xx", "01935b1e-0000-7000-8000-00000000dea1", "01935b1e-0000-7000-8000-00000000dea2", "request-unit-xx", "disposal-unit-xx", "delegation-unit-xx"}
	for i, u := range []court.UnitID{unitHN, unitDN} {
		w.live = append(w.live, LiveHearing{Hearing: courts[u].hearing, Unit: string(u), DocketNo: courts[u].docket, Connected: i})
	}
	allowed, denied := 0, 0
	for u, own := range courts {
		foreign := courts[unitDN]
		if u == unitDN {
			foreign = courts[unitHN]
		}
		for _, role := range append(anybody(), "nobody", "unheard_of") {
			as := login(role, u)
			if role == "unheard_of" {
				a := w.accounts[login(store.RoleClerk, u)]
				a.ID, a.Roles = "account-odd", []store.Role{role}
				w.accounts[as] = a
			}
			for _, r := range Routes() {
				name := fmt.Sprintf("%s in %s: %s %s", role, u, r.Method, r.Path)
				w.forget()
				send := func(x object) answered {
					target, body := request(r, x, w.good("", month))
					return w.do(as, r.Method, target, body, "Idempotency-Key", newKey())
				}
				atForeign, atMissing := send(foreign), send(missing)
				switch {
				case r.Public:
					require.Equal(t, http.StatusOK, send(own).status, name)
				case role == "nobody":
					denied++
					for _, a := range []answered{send(own), atForeign, atMissing} {
						require.Equal(t, http.StatusUnauthorized, a.status, name)
						require.Equal(t, atMissing, a, name)
					}
				case !slices.Contains(r.Roles, role):
					denied++
					for _, a := range []answered{send(own), atForeign, atMissing} {
						require.Equal(t, http.StatusForbidden, a.status, "%s %s", name, a.body)
						require.Equal(t, atMissing, a, name)
					}
					require.Equal(t, 3, w.notedBy(as, deniedRole), "each denial is noted: %s", name)
				default:
					allowed++
					w.mayDo(t, name, r, stage, own, foreign, send, atForeign, atMissing)
					if atForeign.status == http.StatusNotFound && r.Name != "import_status" {
						require.Contains(t, []int{2, 3}, w.notedBy(as, deniedObject), "each denial is noted: %s", name)
					}
				}
			}
		}
	}
	t.Logf("%d pairs allowed, %d denied", allowed, denied)
	require.Greater(t, allowed, 60)
	require.Greater(t, denied, 150)
	alarms, err := w.st.Alarms(t.Context(), court.ScopeOf(unitHN), w.clock())
	require.NoError(t, err)
	require.NotContains(t, alarms[0].TakenBy, string(unitDN), "nobody of the other court took it")
}

// mayDo holds for a role that the route names.
func (w *world) mayDo(t *testing.T, name string, r Route, stage hearingtest.Stage, own, foreign object, send func(object) answered, atForeign, atMissing answered) {
	t.Helper()
	about := strings.Contains(r.Path, "{") || r.Name == "import_status"
	if about {
		require.Equal(t, http.StatusNotFound, atForeign.status, "%s %s", name, atForeign.body)
		require.Equal(t, atMissing, atForeign, name)
	}
	if r.Name == "delegate" {
		require.Equal(t, http.StatusNotFound, atForeign.status, "%s %s", name, atForeign.body)
		require.Equal(t, atMissing, atForeign, name)
	}
	for _, id := range []string{foreign.hearing, foreign.gone, foreign.moved, foreign.delegation} {
		require.NotContains(t, string(atForeign.body), id, name)
	}
	require.NotContains(t, string(atForeign.body), "secret of "+string(foreign.unit), name)
	a := send(own)
	require.NotContains(t, string(a.body), foreign.hearing, name)
	switch r.Name {
	case "book":
		require.Equal(t, http.StatusCreated, a.status, "%s %s", name, a.body)
	case "move": // the first in the table did it
		require.Contains(t, []int{http.StatusCreated, http.StatusConflict}, a.status, "%s %s", name, a.body)
	case "enter", "make_copy", "copy_file", "watch_size", "watch_camera", "watch_end", "wall_tiles", "wall_end", "look": // nobody has a seat here, asked for a copy, follows, and no court released anything
		require.Equal(t, http.StatusNotFound, a.status, name)
		require.Equal(t, atMissing, a, name)
	case "invite": // nobody is invited to what is over
		want := r.Status
		if stage.Over() {
			want = http.StatusConflict
		}
		require.Equal(t, want, a.status, "%s %s", name, a.body)
	case "make_note_key":
		require.Equal(t, http.StatusConflict, a.status, "%s %s", name, a.body)
		require.Contains(t, string(a.body), "other_key", name)
	case "repair_archive": // nothing is damaged, or it is being verified
		require.Equal(t, http.StatusConflict, a.status, "%s %s", name, a.body)
	case "check_archive": // one waits for all
		require.Contains(t, []int{http.StatusAccepted, http.StatusConflict}, a.status, "%s %s", name, a.body)
	case "dispose_archive", "confirm_disposal": // its retention is not over
		require.Equal(t, http.StatusConflict, a.status, "%s %s", name, a.body)
	case "withdraw_disposal": // the first in the table did it
		require.Contains(t, []int{http.StatusOK, http.StatusConflict}, a.status, "%s %s", name, a.body)
	case "archive_certificate": // nothing was verified
		require.Equal(t, http.StatusConflict, a.status, "%s %s", name, a.body)
		require.Contains(t, string(a.body), "not_checked", name)
	case "archive_file", "ask_excerpt", "excerpts", "excerpt_file", "supplement_file": // nobody was permitted to
		require.Equal(t, http.StatusConflict, a.status, "%s %s", name, a.body)
		require.Contains(t, string(a.body), "not_granted", name)
	case "end_archive": // somebody else's request is nobody's business but the chief judge's, who decided before
		if !strings.HasPrefix(name, string(store.RoleChiefJudge)) {
			require.Equal(t, atMissing, a, name)
			break
		}
		require.Equal(t, http.StatusOK, a.status, "%s %s", name, a.body)
	case "take_alarm", "done_alarm": // the first in the table did it
		require.Contains(t, []int{http.StatusNoContent, http.StatusConflict}, a.status, "%s %s", name, a.body)
	default:
		require.Equal(t, r.Status, a.status, "%s %s", name, a.body)
	}
	switch r.Name {
	case "calendar", "search", "live", "alarms", "find_archives", "oversight", "hearing_notes", "latest_notes":
		require.Contains(t, string(a.body), own.hearing, name)
	case "delegations":
		require.Contains(t, string(a.body), own.delegation, name)
		require.NotContains(t, string(a.body), string(foreign.unit), name)
	case "coverage", "coverage_csv", "coverage_json":
		require.Contains(t, string(a.body), string(own.unit), name)
		require.NotContains(t, string(a.body), string(foreign.unit), name)
	case "note_keys":
		require.Contains(t, string(a.body), noteKey(own.unit).ID, name)
		require.NotContains(t, string(a.body), noteKey(foreign.unit).ID, name)
	}
}

// Whatever stands in a path, an answer is 404 and the same.
func TestOddIDsAreNotFound(t *testing.T) {
	w := startWorld(t)
	as := login(store.RoleClerk, unitHN)
	want := w.do(as, http.MethodGet, "/api/v1/hearings/none/people", nil)
	require.Equal(t, http.StatusNotFound, want.status)
	for _, id := range []string{"%00", "%FF%FE", "..%2F..", "a%20b", strings.Repeat("a", 65), "%E2%80%AE", "'%3B--", "%3Cscript%3E"} {
		for _, tail := range []string{"", "/people", "/tests"} {
			require.Equal(t, want, w.do(as, http.MethodGet, "/api/v1/hearings/"+id+tail, nil), id)
		}
	}
	require.Equal(t, want, w.do(as, http.MethodGet, "/api/v1/nothing", nil))
	a := w.do(as, http.MethodDelete, "/api/v1/hearings", nil)
	require.Equal(t, http.StatusMethodNotAllowed, a.status)
	require.Contains(t, a.header.Get("Allow"), "POST")
}

// A page of another origin writes nothing, whoever is signed in.
func TestOtherOriginsWriteNothing(t *testing.T) {
	w := startWorld(t)
	x := w.furnish(unitHN, "1/2026/TLST-HS", hearingtest.Scheduled)
	as := login(store.RoleClerk, unitHN)
	for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		a := w.do(as, http.MethodPost, "/api/v1/alarms/"+x.alarm+"/take", Empty{}, h...)
		require.Equal(t, http.StatusForbidden, a.status, "%v %s", h, a.body)
	}
	a := w.do(as, http.MethodPost, "/api/v1/alarms/"+x.alarm+"/take", Empty{}, "Content-Type", "text/plain")
	require.Equal(t, http.StatusUnsupportedMediaType, a.status)
	a = w.do(as, http.MethodPost, "/api/v1/alarms/"+x.alarm+"/take", Empty{}, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusNoContent, a.status, "%s", a.body)
}

// A token does what it names and nothing beside; the same account as a person, with
// whatever session, may nothing at all. Every request of a service is logged.
func TestSweepOfServices(t *testing.T) {
	w := startWorld(t)
	own := w.furnish(unitHN, "1/2026/TLST-HS", hearingtest.Scheduled)
	as := login(store.RoleService, unitHN)
	// Whatever else its account may be, by a token it is a service alone.
	odd := w.accounts[as]
	odd.Roles = anybody()
	w.accounts[as] = odd
	used := map[auth.Right]int{}
	for _, r := range Routes() {
		if r.Public {
			continue
		}
		target, body := request(r, own, w.good("", month))
		send := func(header ...string) answered {
			return w.do(as, r.Method, target, body, append(header, "Idempotency-Key", newKey())...)
		}
		for _, right := range append(auth.Rights(), "everything") {
			a := send("Test-Right", string(right))
			if slices.Contains(r.Roles, store.RoleService) && right == r.Right {
				used[right]++
				require.Equal(t, r.Status, a.status, "%s with %s: %s", r.Name, right, a.body)
				continue
			}
			require.Equal(t, http.StatusForbidden, a.status, "%s with %s: %s", r.Name, right, a.body)
		}
		odd.Roles = []store.Role{store.RoleService}
		w.accounts[as] = odd
		require.Equal(t, http.StatusForbidden, send("Test-Person", "yes").status, r.Name)
		odd.Roles = anybody()
		w.accounts[as] = odd
		require.True(t, w.noted(fmt.Sprint(unitHN, "  account-", as, " service.", r.Name)), r.Name)
	}
	require.Equal(t, map[auth.Right]int{auth.RightImport: 2, auth.RightStatus: 1, auth.RightUnits: 1, auth.RightLodge: 1}, used)
}
