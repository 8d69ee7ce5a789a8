package office

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/hearing/hearingtest"
	"phientoa/internal/pdf/pdftest"
	"phientoa/internal/store"
)

const unitOld court.UnitID = "unit-old"

// predecessor is a dissolved court whose archives the court of Hà Nội keeps now.
func (w *world) predecessor() {
	by := store.AdminEntry{At: w.clock(), Actor: "system", What: "unit.added"}
	for _, u := range []store.Unit{
		{ID: unitHN, Kind: "court.regional", Name: "Tòa án nhân dân khu vực 1 – Hà Nội", ValidFrom: 1},
		{ID: unitDN, Kind: "court.regional", Name: "Tòa án nhân dân khu vực 3 – Đà Nẵng", ValidFrom: 1},
		{ID: unitOld, Kind: "court.district", Name: "Tòa án nhân dân quận Ba Đình", ValidFrom: 1, ValidTo: w.clock().Add(-time.Hour).UnixMicro(), Successor: unitHN},
	} {
		require.NoError(w.t, w.st.PutUnit(w.t.Context(), court.SystemScope(), u, by))
	}
}

// archived is a closed hearing of a court with a sealed part.
func (w *world) archived(u court.UnitID, docket string) string {
	id := w.book(u, w.good(docket, month)).ID
	w.lead(u, id, hearingtest.Closed)
	w.sealed(u, id, 1)
	return id
}

func find(w *world, as string, b ArchiveSearchBody) (ids []string) {
	w.t.Helper()
	a := w.do(as, http.MethodPost, "/api/v1/archives/search", b)
	require.Equal(w.t, http.StatusOK, a.status, "%s", a.body)
	for _, i := range read[ArchivesAnswer](w.t, a).Archives {
		ids = append(ids, i.ID)
	}
	return ids
}

// J4.1: a clerk finds the hearing of a dissolved court, however it is typed, and
// nobody of another court does.
func TestArchivesAreFoundThroughSuccessors(t *testing.T) {
	w := startWorld(t)
	w.predecessor()
	own := w.archived(unitHN, "1/2026/TLST-HS")
	old := store.Hearing{ID: "old-hearing", Room: strings.Repeat("0", 32), Unit: unitOld, DocketNo: "99/2024/TLST-DS", Title: "Tranh chấp đất đai", StartsAt: w.clock().Add(-long).UnixMicro()}
	booked, err := w.o.booking(t.Context(), court.SystemScope(), own)
	require.NoError(t, err)
	booked.Hearing, booked.Unit, booked.DocketNo, booked.Title, booked.StartsAt = hearing.ID(old.ID), old.Unit, old.DocketNo, old.Title, old.StartsAt
	require.NoError(t, w.p.Book(t.Context(), old, nil, booked))
	w.sealed(unitOld, old.ID, 1)
	clerk, foreign := login(store.RoleClerk, unitHN), login(store.RoleClerk, unitDN)
	require.Equal(t, []string{own, old.ID}, find(w, clerk, ArchiveSearchBody{}))
	require.Equal(t, []string{old.ID}, find(w, clerk, ArchiveSearchBody{Text: "tranh chap DAT"}))
	require.Equal(t, []string{old.ID}, find(w, clerk, ArchiveSearchBody{Unit: string(unitOld)}))
	require.Empty(t, find(w, clerk, ArchiveSearchBody{Unit: string(unitDN)}))
	require.Empty(t, find(w, foreign, ArchiveSearchBody{Text: "tranh chap"}))
	require.Equal(t, []string{own}, find(w, clerk, ArchiveSearchBody{From: w.clock().Format(time.RFC3339)}))
	require.Equal(t, []string{old.ID}, find(w, clerk, ArchiveSearchBody{To: w.clock().Format(time.RFC3339)}))
	people := exampleBooking().People
	w.forget()
	require.Equal(t, []string{own}, find(w, clerk, ArchiveSearchBody{Judge: people[0].Name}))
	require.True(t, w.noted("unit-hn  account-clerk.unit-hn archive.search"), "a search by name is noted")
	require.Equal(t, []string{own}, find(w, clerk, ArchiveSearchBody{Person: strings.ToLower(people[3].Name)}))
	require.Empty(t, find(w, clerk, ArchiveSearchBody{Judge: people[3].Name}), "a party is no judge")

	a := w.do(clerk, http.MethodGet, "/api/v1/archives/"+old.ID, nil)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	card := read[ArchiveAnswer](t, a)
	require.True(t, card.Inherited)
	require.Equal(t, "Tòa án nhân dân quận Ba Đình", card.Court)
	require.Len(t, card.Parts, 1)
	require.Equal(t, "loss", card.Parts[0].Gaps[0].Cause)
	require.True(t, card.Parts[0].Seal.Internal)
	require.Equal(t, "TÒA ÁN", card.Parts[0].Court.Signer)
	require.Nil(t, card.Parts[0].Court.StampedAt)
	require.Equal(t, http.StatusNotFound, w.do(foreign, http.MethodGet, "/api/v1/archives/"+old.ID, nil).status)
	bare := w.book(unitHN, w.good("2/2026/TLST-HS", month)).ID
	require.Equal(t, http.StatusNotFound, w.do(clerk, http.MethodGet, "/api/v1/archives/"+bare, nil).status, "nothing is sealed")
	for _, b := range []ArchiveSearchBody{{Text: "\u202e"}, {Person: strings.Repeat("a", 201)}, {From: "yesterday"}, {Unit: "a b"}} {
		require.Equal(t, http.StatusBadRequest, w.do(clerk, http.MethodPost, "/api/v1/archives/search", b).status)
	}
}

const long = 24 * time.Hour

func (w *world) ask(as, id string, b ArchiveAskBody) ArchiveRequestItem {
	w.t.Helper()
	a := w.do(as, http.MethodPost, "/api/v1/archives/"+id+"/requests", b)
	require.Equal(w.t, http.StatusCreated, a.status, "%s", a.body)
	return read[ArchiveRequestItem](w.t, a)
}

func (w *world) decide(as, request string, b ArchiveDecisionBody) answered {
	return w.do(as, http.MethodPost, "/api/v1/archive-requests/"+request+"/decision", b)
}

func code(t *testing.T, a answered) string {
	t.Helper()
	return read[Problem](t, a).Code
}

// Minutes and other supplements go out as parts do, and each access is noted.
func TestASupplementGoesOutUnderAPermissionOnly(t *testing.T) {
	w := startWorld(t)
	w.vault.file = []byte("PK minutes")
	id := w.archived(unitHN, "1/2026/TLST-HS")
	ctx, sum := t.Context(), sha256.Sum256(w.vault.file)
	subject := store.SupplementOfDocument(sum)
	require.NoError(t, w.st.WantSupplement(ctx, id, subject, "minutes", "node", w.clock()))
	s, err := w.st.NumberSupplement(ctx, id, subject, "node", 0)
	require.NoError(t, err)
	s.Made, s.Size, s.SHA256, s.Manifest, s.Facts = w.clock(), int64(len(w.vault.file)), sum, sum, []byte(`{"kind":"minutes","cites":[{"part":1}]}`)
	require.NoError(t, w.st.SupplementMade(ctx, s))
	clerk, chief, auditor := login(store.RoleClerk, unitHN), login(store.RoleChiefJudge, unitHN), login(store.RoleAuditor, unitHN)
	get := func(number string) answered {
		return w.do(clerk, http.MethodGet, "/api/v1/archives/"+id+"/supplements/"+number+"/file", nil)
	}
	require.Equal(t, "not_granted", code(t, get("1")))
	r := w.ask(clerk, id, ArchiveAskBody{Purpose: "Bổ sung hồ sơ phúc thẩm", Download: true})
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 2}).status)
	require.Equal(t, "view_only", code(t, get("1")))
	r = w.ask(clerk, id, ArchiveAskBody{Purpose: "Bổ sung hồ sơ phúc thẩm", Download: true})
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 2, Download: true}).status)
	whole := get("1")
	require.Equal(t, http.StatusOK, whole.status, "%s", whole.body)
	require.Equal(t, w.vault.file, whole.body)
	require.Contains(t, whole.header.Get("Content-Disposition"), `"1-2026-TLST-HS-bo-sung-1.asice"`)
	for _, none := range []string{"2", "0", "01", "-1", "x"} {
		require.Equal(t, http.StatusNotFound, get(none).status, none)
	}
	w.vault.file = append(w.vault.file, 'x')
	require.Equal(t, "changed", code(t, get("1")))
	require.Equal(t, w.vault.opened, w.vault.closed)
	seen := read[ArchiveViewsAnswer](t, w.do(auditor, http.MethodGet, "/api/v1/archives/"+id+"/views", nil)).Views
	require.Len(t, seen, 1)
	require.Equal(t, "supplement.download", seen[0].What)
	require.True(t, w.noted("unit-hn "+id+" account-clerk.unit-hn archive.supplement.download"))
}

// J4.3: from the request with its purpose to the file, and to the end of the permission.
func TestAFileGoesOutUnderAPermissionOnly(t *testing.T) {
	w := startWorld(t)
	w.vault.file = []byte(strings.Repeat("0123456789", 1000))
	id := w.archived(unitHN, "1/2026/TLST-HS")
	clerk, chief, auditor := login(store.RoleClerk, unitHN), login(store.RoleChiefJudge, unitHN), login(store.RoleAuditor, unitHN)
	file := "/api/v1/archives/" + id + "/parts/1/file"
	get := func(header ...string) answered { return w.do(clerk, http.MethodGet, file, nil, header...) }
	require.Equal(t, "not_granted", code(t, get()))
	r := w.ask(clerk, id, ArchiveAskBody{Purpose: "Bổ sung hồ sơ phúc thẩm", Download: true})
	require.Equal(t, "not_granted", code(t, get()), "asking opens nothing")
	require.True(t, w.noted("unit-hn "+id+" account-clerk.unit-hn denied.archive.grant"))
	require.Equal(t, "asked_already", code(t, w.do(clerk, http.MethodPost, "/api/v1/archives/"+id+"/requests", ArchiveAskBody{Purpose: "x"})))
	for _, b := range []ArchiveDecisionBody{{}, {Outcome: "granted"}, {Outcome: "granted", Hours: 721}, {Outcome: "refused"}} {
		require.Equal(t, http.StatusBadRequest, w.decide(chief, r.ID, b).status, "%v", b)
	}
	a := w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 24})
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, "view_only", code(t, get()), "the file itself was not granted")
	r = w.ask(clerk, id, ArchiveAskBody{Purpose: "Bổ sung hồ sơ phúc thẩm", Download: true})
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 2, Download: true}).status)
	require.Equal(t, "settled", code(t, w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "refused", Reason: "x"})))

	whole := get()
	require.Equal(t, http.StatusOK, whole.status)
	require.Equal(t, w.vault.file, whole.body)
	require.Equal(t, ContainerType, whole.header.Get("Content-Type"))
	require.Contains(t, whole.header.Get("Content-Disposition"), `"1-2026-TLST-HS-phan-1.asice"`)
	part := get("Range", "bytes=5000-5004", "If-Range", whole.header.Get("ETag"))
	require.Equal(t, http.StatusPartialContent, part.status)
	require.Equal(t, "01234", string(part.body))
	require.Equal(t, http.StatusOK, get("Range", "bytes=5000-", "If-Range", `"another"`).status, "another file begins anew")
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, get("Range", "bytes=20000-").status)
	w.vault.file = append(w.vault.file, 'x')
	require.Equal(t, "changed", code(t, get()), "bytes of two files never go out under one ETag")
	w.vault.file = w.vault.file[:len(w.vault.file)-1]
	require.Equal(t, w.vault.opened, w.vault.closed)
	require.Equal(t, http.StatusNotFound, w.do(clerk, http.MethodGet, "/api/v1/archives/"+id+"/parts/2/file", nil).status)
	require.Equal(t, "not_granted", code(t, w.do(login(store.RoleJudge, unitHN), http.MethodGet, file, nil)), "a permission is personal")

	seen := read[ArchiveViewsAnswer](t, w.do(auditor, http.MethodGet, "/api/v1/archives/"+id+"/views", nil)).Views
	require.Len(t, seen, 1, "what comes at once is one access")
	require.Equal(t, "download", seen[0].What)
	require.Equal(t, r.ID, seen[0].Request)
	require.Equal(t, "Bổ sung hồ sơ phúc thẩm", seen[0].Purpose)
	require.True(t, w.noted("unit-hn "+id+" account-clerk.unit-hn archive.download"))

	w.pass(2*time.Hour + time.Second)
	require.Equal(t, "view_only", code(t, get()), "run out; the first permission, to view, is left")
	w.pass(22 * time.Hour)
	require.Equal(t, "not_granted", code(t, get()))
}

// Nobody decides on their own request; who asked takes it back, others do not.
func TestWhoSettlesARequest(t *testing.T) {
	w := startWorld(t)
	id := w.archived(unitHN, "1/2026/TLST-HS")
	clerk, judge, chief := login(store.RoleClerk, unitHN), login(store.RoleJudge, unitHN), login(store.RoleChiefJudge, unitHN)
	end := func(as, request string) answered {
		return w.do(as, http.MethodPost, "/api/v1/archive-requests/"+request+"/end", ArchiveEndBody{Reason: "Đã xong việc"})
	}
	own := w.ask(chief, id, ArchiveAskBody{Purpose: "x"})
	require.Equal(t, "own_request", code(t, w.decide(chief, own.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 1})))
	require.Equal(t, http.StatusOK, end(chief, own.ID).status)
	r := w.ask(clerk, id, ArchiveAskBody{Purpose: "x"})
	require.Equal(t, http.StatusNotFound, end(judge, r.ID).status)
	require.Equal(t, "waiting", code(t, end(chief, r.ID)), "who decides says yes or no")
	require.Equal(t, http.StatusOK, end(clerk, r.ID).status)
	require.Equal(t, "settled", code(t, end(clerk, r.ID)))
	r = w.ask(clerk, id, ArchiveAskBody{Purpose: "x"})
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 1, Download: true}).status)
	require.Equal(t, http.StatusOK, end(chief, r.ID).status)
	require.Equal(t, "not_granted", code(t, w.do(clerk, http.MethodGet, "/api/v1/archives/"+id+"/parts/1/file", nil)))
	list := func(as string) []ArchiveRequestItem {
		return read[ArchiveRequestsAnswer](t, w.do(as, http.MethodGet, "/api/v1/archive-requests", nil)).Requests
	}
	require.Len(t, list(chief), 3)
	require.Len(t, list(clerk), 2)
	require.Empty(t, list(judge))
	require.Equal(t, "1/2026/TLST-HS", list(chief)[0].DocketNo)
}

// What was behind closed doors is granted by a decision that names it, or not at all;
// doors that close after the grant take it back.
func TestClosedDoorsAreNamed(t *testing.T) {
	w := startWorld(t)
	clerk, chief := login(store.RoleClerk, unitHN), login(store.RoleChiefJudge, unitHN)
	b := w.good("1/2026/TLST-HS", month)
	b.Visibility = "closed"
	id := w.book(unitHN, b).ID
	w.sealed(unitHN, id, 1)
	require.True(t, read[ArchiveAnswer](t, w.do(clerk, http.MethodGet, "/api/v1/archives/"+id, nil)).Closed)
	r := w.ask(clerk, id, ArchiveAskBody{Purpose: "x", Closed: true, Download: true})
	require.True(t, read[ArchiveRequestsAnswer](t, w.do(chief, http.MethodGet, "/api/v1/archive-requests", nil)).Requests[0].ClosedIn)
	grant := ArchiveDecisionBody{Outcome: "granted", Hours: 1, Download: true}
	require.Equal(t, "closed_doors", code(t, w.decide(chief, r.ID, grant)))
	grant.Closed = true
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, grant).status)
	require.Equal(t, http.StatusOK, w.do(clerk, http.MethodGet, "/api/v1/archives/"+id+"/parts/1/file", nil).status)

	open := w.book(unitHN, w.good("2/2026/TLST-HS", month+long)).ID
	w.sealed(unitHN, open, 1)
	r = w.ask(clerk, open, ArchiveAskBody{Purpose: "x", Download: true})
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 1, Download: true}).status)
	file := "/api/v1/archives/" + open + "/parts/1/file"
	require.Equal(t, http.StatusOK, w.do(clerk, http.MethodGet, file, nil).status)
	w.lead(unitHN, open, hearingtest.ClosedDoors)
	require.Equal(t, "closed_doors", code(t, w.do(clerk, http.MethodGet, file, nil)))
}

// discarding counts what is written to somebody and keeps nothing of it.
type discarding struct {
	*httptest.ResponseRecorder
	bytes  int64
	begun  func()
	begins sync.Once
}

func (u *discarding) Write(b []byte) (int, error) {
	u.begins.Do(u.begun)
	u.bytes += int64(len(b))
	return len(b), nil
}

// A download under way breaks off within seconds of the sign-out, as of the end of
// its permission; see package archives for what else ends it.
func TestADownloadEndsWithTheSignIn(t *testing.T) {
	w := startWorld(t)
	w.vault.size = 1 << 50
	id := w.archived(unitHN, "1/2026/TLST-HS")
	clerk, chief := login(store.RoleClerk, unitHN), login(store.RoleChiefJudge, unitHN)
	r := w.ask(clerk, id, ArchiveAskBody{Purpose: "x", Download: true})
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 1, Download: true}).status)
	req := httptest.NewRequest(http.MethodGet, "/api/v1/archives/"+id+"/parts/1/file", nil)
	req.Header.Set("Test-Login", clerk)
	begun := time.Now()
	out := &discarding{ResponseRecorder: httptest.NewRecorder(), begun: func() { delete(w.accounts, clerk) }}
	w.o.Handler().ServeHTTP(out, req)
	require.Equal(t, http.StatusOK, out.Code)
	require.Positive(t, out.bytes)
	require.Less(t, out.bytes, w.vault.size)
	require.Less(t, time.Since(begun), 5*time.Second)
	require.Equal(t, w.vault.opened, w.vault.closed)
}

func TestAnotherNodesFile(t *testing.T) {
	w := startWorld(t)
	id := w.archived(unitHN, "1/2026/TLST-HS")
	p := w.sealed(unitHN, id, 2)
	p.Node, p.Stamped = "other", true
	require.NoError(t, w.st.PutArchivePart(t.Context(), court.ScopeOf(unitHN), p))
	clerk := login(store.RoleClerk, unitHN)
	r := w.ask(clerk, id, ArchiveAskBody{Purpose: "x", Download: true})
	require.Equal(t, http.StatusOK, w.decide(login(store.RoleChiefJudge, unitHN), r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 1, Download: true}).status)
	a := w.do(clerk, http.MethodGet, "/api/v1/archives/"+id+"/parts/2/file", nil)
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.Equal(t, "elsewhere", code(t, a))
	a = w.do(clerk, http.MethodPost, "/api/v1/archives/"+id+"/parts/2/checks", Empty{})
	require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
	require.Equal(t, 1, w.vault.woken)
	require.Equal(t, "checking", code(t, w.do(clerk, http.MethodPost, "/api/v1/archives/"+id+"/parts/2/checks", Empty{})))
	for _, class := range []string{"0", "101", "020", "-1", "x", "vĩnh viễn"} {
		a := w.do(login(store.RoleArchivist, unitHN), http.MethodPut, "/api/v1/archives/"+id+"/keep", ArchiveKeepBody{Class: class})
		require.Contains(t, []int{http.StatusConflict, http.StatusBadRequest}, a.status, class)
	}
}

// J4.11: what is under a hold or not yet due stays; one proposes, another confirms
// with a fresh proof; from then on nobody sees it, and what it was stays known.
func TestDisposalByTwo(t *testing.T) {
	w := startWorld(t)
	id := w.archived(unitHN, "1/2026/TLST-HS") // its part ended in September 2026
	clerk, archivist, chief := login(store.RoleClerk, unitHN), login(store.RoleArchivist, unitHN), login(store.RoleChiefJudge, unitHN)
	propose := func(as string) answered {
		return w.do(as, http.MethodPost, "/api/v1/archives/"+id+"/disposals", ArchiveDisposeBody{Reason: "Hết thời hạn bảo quản"})
	}
	keep := func(class, hold string) {
		a := w.do(archivist, http.MethodPut, "/api/v1/archives/"+id+"/keep", ArchiveKeepBody{Class: class, Hold: hold})
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	}
	settle := func(as, disposal, what string, header ...string) answered {
		return w.do(as, http.MethodPost, "/api/v1/archive-disposals/"+disposal+"/"+what, Empty{}, header...)
	}
	r := w.ask(clerk, id, ArchiveAskBody{Purpose: "x", Download: true})
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 720, Download: true}).status)
	require.Equal(t, "class_unset", code(t, propose(archivist)))
	keep("permanent", "")
	require.Equal(t, "permanent", code(t, propose(archivist)))
	keep("1", "")
	require.Equal(t, "not_due", code(t, propose(archivist)))
	w.pass(366 * long)
	keep("1", "Có kháng nghị")
	require.Equal(t, "hold", code(t, propose(archivist)))
	keep("1", "")
	a := propose(archivist)
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	d := read[ArchiveDisposalItem](t, a)
	require.Equal(t, "disposal_stands", code(t, propose(chief)))
	require.Equal(t, "step_up", code(t, settle(chief, d.ID, "confirm", "Test-Stale", "yes")))
	require.Equal(t, http.StatusForbidden, settle(archivist, d.ID, "confirm").status)
	keep("1", "Có kháng nghị")
	require.Equal(t, "hold", code(t, settle(chief, d.ID, "confirm")), "a hold that came since")
	keep("1", "")
	require.Equal(t, http.StatusOK, settle(archivist, d.ID, "withdraw").status)
	require.Equal(t, "settled", code(t, settle(chief, d.ID, "confirm")))
	own := read[ArchiveDisposalItem](t, propose(chief))
	require.Equal(t, "own_disposal", code(t, settle(chief, own.ID, "confirm")))
	require.Equal(t, http.StatusOK, settle(chief, own.ID, "withdraw").status)
	d = read[ArchiveDisposalItem](t, propose(archivist))
	require.Equal(t, http.StatusOK, settle(chief, d.ID, "confirm").status)

	r = w.ask(clerk, id, ArchiveAskBody{Purpose: "x", Download: true})
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 1, Download: true}).status)
	require.Equal(t, "disposed", code(t, w.do(clerk, http.MethodGet, "/api/v1/archives/"+id+"/parts/1/file", nil)))
	require.Equal(t, "disposed", code(t, w.do(clerk, http.MethodPost, "/api/v1/archives/"+id+"/parts/1/checks", Empty{})))
	card := read[ArchiveAnswer](t, w.do(clerk, http.MethodGet, "/api/v1/archives/"+id, nil))
	require.Equal(t, "confirmed", card.Disposal.Outcome)
	require.Nil(t, card.Grant)
	require.NotEmpty(t, card.Parts[0].SHA256)
	waiting, err := w.st.DisposedParts(t.Context(), "node")
	require.NoError(t, err)
	require.Len(t, waiting, 1, "the node that has the file removes it")
	log, err := w.st.AdminLog(t.Context(), court.ScopeOf(unitHN), 1, 1000)
	require.NoError(t, err)
	var acts []string
	for _, e := range log {
		acts = append(acts, e.What)
	}
	require.Contains(t, acts, "archive.disposal.confirmed")
	require.Contains(t, acts, "archive.granted")
}

// J4.8: however often a case system sends it, an archive is lodged once, under one
// receipt, and only the file that was sealed.
func TestLodgingIsIdempotent(t *testing.T) {
	w := startWorld(t)
	id := w.archived(unitHN, "1/2026/TLST-HS")
	p := w.sealed(unitHN, id, 1)
	system := login(store.RoleService, unitHN)
	b := ArchiveLodgeBody{Reference: "QLA-1", Folios: "120-134", Parts: []ArchivePartHash{{Part: 1, SHA256: strings.ToUpper(hex.EncodeToString(p.SHA256[:]))}}}
	put := func(b ArchiveLodgeBody) answered {
		return w.do(system, http.MethodPut, "/api/v1/archives/"+id+"/lodging", b)
	}
	first := put(b)
	require.Equal(t, http.StatusOK, first.status, "%s", first.body)
	w.pass(time.Hour)
	require.Equal(t, first, put(b))
	other := b
	other.Folios = "1"
	require.Equal(t, "lodged_otherwise", code(t, put(other)))
	for _, parts := range [][]ArchivePartHash{
		{{Part: 1, SHA256: strings.Repeat("0", 64)}}, {{Part: 2, SHA256: b.Parts[0].SHA256}}, {b.Parts[0], b.Parts[0]},
	} {
		other = b
		other.Reference, other.Parts = "QLA-2", parts
		require.Equal(t, "another_file", code(t, put(other)))
	}
	other.Parts = nil
	require.Equal(t, http.StatusBadRequest, put(other).status)
	card := read[ArchiveAnswer](t, w.do(login(store.RoleClerk, unitHN), http.MethodGet, "/api/v1/archives/"+id, nil))
	require.Len(t, card.Lodgings, 1)
	require.Equal(t, "QLA-1", card.Lodgings[0].Reference)
}

// The page for the case file says what the verification found, and is a confirmation
// only when that is nothing; the same facts make the same bytes.
func TestTheCertificateSaysWhatWasFound(t *testing.T) {
	w := startWorld(t)
	id := w.archived(unitHN, "1/2026/TLST-HS")
	p := w.sealed(unitHN, id, 1)
	auditor := login(store.RoleAuditor, unitHN)
	get := func() answered {
		return w.do(auditor, http.MethodGet, "/api/v1/archives/"+id+"/parts/1/certificate", nil)
	}
	require.Equal(t, "not_checked", code(t, get()))
	texts := map[string]bool{}
	for i, c := range []struct {
		exit int
		same bool
		want string
		not  string
	}{
		{0, true, "GIẤY XÁC NHẬN TOÀN VẸN", "KẾT QUẢ KIỂM TRA"},
		{3, true, "chưa xác định được bên ký", "GIẤY XÁC NHẬN"},
		{1, false, "PHÁT HIỆN SAI LỆCH", "GIẤY XÁC NHẬN"},
		{2, false, "Không đọc được tệp", "GIẤY XÁC NHẬN"},
	} {
		k := store.ArchiveCheck{ID: fmt.Sprint("check-", i), Hearing: id, Part: 1, By: w.accounts[auditor].ID, At: w.clock()}
		require.NoError(t, w.st.PutArchiveCheck(t.Context(), court.ScopeOf(unitHN), k))
		k.Done, k.Exit, k.Same, k.Report = w.clock(), c.exit, c.same, []byte("{}")
		require.NoError(t, w.st.FinishArchiveCheck(t.Context(), k))
		a := get()
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Equal(t, "application/pdf", a.header.Get("Content-Type"))
		require.Equal(t, a.body, get().body)
		text := strings.Join(pdftest.Text(t, a.body), " ")
		texts[text] = true
		require.Contains(t, text, c.want)
		require.NotContains(t, text, c.not)
		require.Contains(t, text, "1/1", "one page")
		require.Contains(t, strings.ReplaceAll(text, " ", ""), hex.EncodeToString(p.SHA256[:]))
		require.Contains(t, text, "dấu thời gian nội bộ, không độc lập")
		w.pass(time.Minute)
	}
	require.Len(t, texts, 4)
	if dir := os.Getenv("KEEP_PDF"); dir != "" {
		require.NoError(t, os.WriteFile(dir+"/certificate.pdf", get().body, 0o600))
	}
}

// A disposal is of what two people looked at: not of a hearing that goes on, and not
// of a part that was sealed since.
func TestNoDisposalOfWhatIsNotKnownYet(t *testing.T) {
	w := startWorld(t)
	archivist, chief := login(store.RoleArchivist, unitHN), login(store.RoleChiefJudge, unitHN)
	propose := func(id string) answered {
		a := w.do(archivist, http.MethodPut, "/api/v1/archives/"+id+"/keep", ArchiveKeepBody{Class: "1"})
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		return w.do(archivist, http.MethodPost, "/api/v1/archives/"+id+"/disposals", ArchiveDisposeBody{Reason: "Hết thời hạn bảo quản"})
	}
	going := w.book(unitHN, w.good("2/2026/TLST-HS", month)).ID
	w.sealed(unitHN, going, 1)
	done := w.archived(unitHN, "1/2026/TLST-HS")
	w.pass(366 * long)
	require.Equal(t, "not_over", code(t, propose(going)))
	d := read[ArchiveDisposalItem](t, propose(done))
	p := w.sealed(unitHN, done, 2)
	p.Part, p.Path, p.Sealed = 3, done+"/part-0003.asice", w.clock().Add(time.Second)
	require.NoError(t, w.st.PutArchivePart(t.Context(), court.ScopeOf(unitHN), p))
	a := w.do(chief, http.MethodPost, "/api/v1/archive-disposals/"+d.ID+"/confirm", Empty{})
	require.Equal(t, "part_since", code(t, a))
	waiting, err := w.st.DisposedParts(t.Context(), p.Node)
	require.NoError(t, err)
	require.Empty(t, waiting)
}
