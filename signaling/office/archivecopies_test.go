package office

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/archives"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// fakeExcerpts makes each file at once.
type fakeExcerpts struct {
	asked map[string][]Excerpt // by whose
}

func (f *fakeExcerpts) Ask(_ store.ArchivePart, owner string, a ExcerptAsked) (Excerpt, error) {
	if f.asked == nil {
		f.asked = map[string][]Excerpt{}
	}
	e := Excerpt{ExcerptAsked: a, ID: strings.Repeat("5f", 16), State: "ready", SHA256: strings.Repeat("ab", 32)}
	f.asked[owner] = append(f.asked[owner], e)
	return e, nil
}

func (f *fakeExcerpts) List(_ store.ArchivePart, owner string) []Excerpt { return f.asked[owner] }

func (f *fakeExcerpts) Open(_ store.ArchivePart, owner, id string) (Excerpt, io.ReadSeekCloser, error) {
	for _, e := range f.asked[owner] {
		if e.ID == id {
			return e, struct {
				io.ReadSeeker
				io.Closer
			}{bytes.NewReader([]byte("PK copy")), io.NopCloser(nil)}, nil
		}
	}
	return Excerpt{}, nil, fs.ErrNotExist
}

// copyBody asks for half a minute of the sealed part of the harness.
func copyBody(person string) ArchiveCopyBody {
	from := time.UnixMicro(1_790_000_010_000_000).UTC()
	return ArchiveCopyBody{
		Person: person, From: from.Format(time.RFC3339), To: from.Add(30 * time.Second).Format(time.RFC3339), Tracks: []string{"t001"}, Purpose: "Chuẩn bị kháng cáo",
	}
}

// of is a person of the hearing with the capacity.
func (w *world) of(id string, c court.Capacity) (person, name string) {
	w.t.Helper()
	booked, err := w.o.booking(w.t.Context(), court.SystemScope(), id)
	require.NoError(w.t, err)
	names, err := w.o.names(w.t.Context(), court.SystemScope(), id)
	require.NoError(w.t, err)
	for _, p := range booked.People {
		if p.Capacity == c {
			return string(p.ID), names[string(p.ID)]
		}
	}
	require.Fail(w.t, "nobody is", "%s", c)
	return "", ""
}

// J4.10: a copy is for a party and no one else, the chief judge decides on it, it shows
// its clerk nothing else, says for whom it is, and every step is noted.
func TestAPartysCopy(t *testing.T) {
	w := startWorld(t)
	made := &fakeExcerpts{}
	w.restart(func(p *Params) { p.Excerpts = made })
	id := w.archived(unitHN, "1/2026/TLST-HS")
	clerk, chief := login(store.RoleClerk, unitHN), login(store.RoleChiefJudge, unitHN)
	ask := func(as string, b ArchiveCopyBody) answered {
		return w.do(as, http.MethodPost, "/api/v1/archives/"+id+"/parts/1/copies", b)
	}
	party, name := w.of(id, court.Defendant)
	judge, _ := w.of(id, court.PresidingJudge)
	require.Equal(t, "not_recipient", code(t, ask(clerk, copyBody(judge))))
	require.Equal(t, http.StatusBadRequest, ask(clerk, copyBody("nobody")).status)
	whole := copyBody(party)
	whole.Tracks = nil
	require.Equal(t, http.StatusBadRequest, ask(clerk, whole).status, "tracks are named")
	for _, r := range anybody() {
		if r != store.RoleClerk {
			require.Equal(t, http.StatusForbidden, ask(login(r, unitHN), copyBody(party)).status, r)
		}
	}
	require.Equal(t, http.StatusNotFound, ask(login(store.RoleClerk, unitDN), copyBody(party)).status)

	a := ask(clerk, copyBody(party))
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	r := read[ArchiveRequestItem](t, a)
	require.Equal(t, name, r.Copy.Name)
	require.Equal(t, "copy_asked", code(t, ask(clerk, copyBody(party))))
	other, _ := w.of(id, court.Procurator)
	require.Equal(t, http.StatusCreated, ask(clerk, copyBody(other)).status, "another person's is another")
	w.ask(clerk, id, ArchiveAskBody{Purpose: "x"}) // and a copy that waits is in nobody's way

	file := func() answered {
		return w.do(clerk, http.MethodGet, "/api/v1/archive-requests/"+r.ID+"/copy/file", nil)
	}
	build := func(as string) answered {
		return w.do(as, http.MethodPost, "/api/v1/archive-requests/"+r.ID+"/copy", Empty{})
	}
	require.Equal(t, "copy_not_granted", code(t, build(clerk)))
	require.Equal(t, "copy_not_granted", code(t, file()))
	list := read[ArchiveRequestsAnswer](t, w.do(chief, http.MethodGet, "/api/v1/archive-requests", nil))
	require.Len(t, list.Requests, 3)
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, ArchiveDecisionBody{Outcome: "granted", Hours: 24}).status)
	require.Equal(t, "not_granted", code(t, w.do(clerk, http.MethodGet, "/api/v1/archives/"+id+"/parts/1/file", nil)), "the archive stays shut")
	require.Equal(t, "not_granted", code(t, w.do(clerk, http.MethodGet, "/api/v1/archives/"+id+"/parts/1/excerpts", nil)))
	card := read[ArchiveAnswer](t, w.do(clerk, http.MethodGet, "/api/v1/archives/"+id, nil))
	require.Nil(t, card.Grant)
	require.Len(t, card.Requests, 1, "to see the archive")

	require.Equal(t, http.StatusNotFound, file().status, "not made yet")
	require.Equal(t, http.StatusForbidden, build(chief).status)
	require.Equal(t, http.StatusAccepted, build(clerk).status)
	require.Equal(t, http.StatusAccepted, build(clerk).status, "pressed twice")
	require.Len(t, made.asked["copy "+r.ID], 1)
	e := made.asked["copy "+r.ID][0]
	require.Equal(t, name+" (Bị cáo)", e.By, "the file says for whom it is")
	require.Equal(t, "Chuẩn bị kháng cáo", e.Reason)
	got := file()
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "PK copy", string(got.body))
	mine := read[ArchiveCopiesAnswer](t, w.do(clerk, http.MethodGet, "/api/v1/archives/"+id+"/copies", nil))
	require.Len(t, mine.Requests, 2)
	require.Equal(t, "ready", mine.Requests[1].Copy.File.State)
	for _, p := range mine.People {
		require.True(t, archives.Recipient(court.Capacity(p.Capacity)))
	}

	views := read[ArchiveViewsAnswer](t, w.do(login(store.RoleAuditor, unitHN), http.MethodGet, "/api/v1/archives/"+id+"/views", nil)).Views
	require.Len(t, views, 2)
	require.Equal(t, []string{"copy.download", "copy"}, []string{views[0].What, views[1].What})
	require.Equal(t, name, views[0].For)
	for as, what := range map[string]string{clerk: askedCopy, chief: decidedCopy} {
		require.NotZero(t, w.notedBy(as, what), what)
	}
	for _, what := range []string{madeCopy, downloadedCopy, deniedCopy} {
		require.NotZero(t, w.notedBy(clerk, what), what)
	}
	log, err := w.st.AdminLog(t.Context(), court.ScopeOf(unitHN), 1, 1000)
	require.NoError(t, err)
	for _, l := range log {
		require.NotContains(t, l.Detail, name, "no names in logs")
	}
	a = w.do(chief, http.MethodPost, "/api/v1/archive-requests/"+r.ID+"/end", ArchiveEndBody{Reason: "Rút lại"})
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "copy_not_granted", code(t, file()), "ended")
}

// A hearing that was closed, be it for a part, is copied for a party by a decision that
// names that alone.
func TestACopyOfWhatWasClosed(t *testing.T) {
	w := startWorld(t)
	b := w.good("1/2026/TLST-HS", month)
	b.Visibility = "closed"
	id := w.book(unitHN, b).ID
	w.sealed(unitHN, id, 1)
	clerk, chief := login(store.RoleClerk, unitHN), login(store.RoleChiefJudge, unitHN)
	party, _ := w.of(id, court.Defendant)
	a := w.do(clerk, http.MethodPost, "/api/v1/archives/"+id+"/parts/1/copies", copyBody(party))
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	r := read[ArchiveRequestItem](t, a)
	require.True(t, r.Closed)
	grant := ArchiveDecisionBody{Outcome: "granted", Hours: 24}
	require.Equal(t, "closed_doors", code(t, w.decide(chief, r.ID, grant)))
	grant.Closed = true
	require.Equal(t, http.StatusOK, w.decide(chief, r.ID, grant).status)
}
