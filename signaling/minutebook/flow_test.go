package minutebook_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/pades/padestest"
	"phientoa/internal/store"
	"phientoa/signaling/minutebook"
)

func (w *world) signed(doc []byte, p *padestest.Person) []byte {
	return padestest.Append(w.t, doc, padestest.Revision{Mine: func(b []byte) []byte { return p.CMS(w.t, b, true) }})
}

// J1.21: the clerk writes while the hearing is held, clerk and presiding judge sign,
// parties read, counsel asks for an amendment that is appended and signed, and the lines
// that stood never change.
func TestTheMinutesBecomeFinal(t *testing.T) {
	w := newWorld(t)
	clerk, judge, counsel := by(court.Clerk), by(court.PresidingJudge), at(court.DefenceCounsel)
	w.hold()
	before := w.read(clerk)
	w.ok(clerk, "/entries", minutebook.EntryBody{Text: "Bị cáo khai: tối hôm đó bị cáo ở nhà."})
	w.give(court.PresidingJudge, hearing.GiveFloor{Person: "defendant"})
	during := w.read(judge)
	require.Equal(t, before.Lines, during.Lines[:len(before.Lines)])
	require.Contains(t, texts(during), "tối hôm đó bị cáo ở nhà.\nChủ tọa phiên tòa mời bị cáo Đỗ Văn Tám phát biểu.")
	require.Equal(t, "draft", during.Status)
	w.refused(clerk, "/proposal", minutebook.Empty{}, "not_over")
	require.Zero(t, w.read(counsel).Total, "a draft is the court's")
	w.refused(counsel, "/requests", minutebook.RequestBody{Text: "Sửa."}, "not_proposed_yet")

	w.end()
	w.ok(clerk, "/proposal", minutebook.Empty{})
	a := w.read(counsel)
	require.Equal(t, "proposed", a.Status)
	require.Equal(t, []string{"presiding_judge", "clerk"}, a.Waiting.Missing)
	require.Equal(t, w.read(clerk).Lines, a.Lines)
	doc := w.file(counsel, a.Waiting.SHA256)
	w.ok(counsel, "/acknowledgement", minutebook.AcknowledgementBody{SHA256: a.Waiting.SHA256})
	w.ok(counsel, "/acknowledgement", minutebook.AcknowledgementBody{SHA256: a.Waiting.SHA256})
	require.Len(t, w.read(clerk).Readers, 1)

	p := map[court.Capacity]*padestest.Person{
		court.PresidingJudge: w.root.Person(t, "judge", "Nguyễn Văn Ước", "ec"), court.Clerk: w.root.Person(t, "clerk", "TRẦN THỊ BƯỞI", "rsa"),
	}
	one := w.signed(doc, p[court.PresidingJudge])
	w.ok(clerk, "/signed", one)
	require.Equal(t, []string{"clerk"}, w.read(clerk).Waiting.Missing)
	w.refused(clerk, "/signed", one, "other_document") // nothing more than what is there
	two := w.signed(one, p[court.Clerk])
	w.ok(judge, "/signed", two)
	final := w.read(counsel)
	require.Equal(t, "final", final.Status)
	require.Nil(t, final.Waiting)
	require.Len(t, final.Finals, 1)
	require.Len(t, final.Finals[0].Signers, 2)
	require.Equal(t, two, w.file(counsel, final.Finals[0].SHA256))
	w.refused(clerk, "/entries", minutebook.EntryBody{Text: "Thêm."}, "minutes_final")

	w.ok(counsel, "/requests", minutebook.RequestBody{Line: 3, Text: "Ghi rõ giờ khai mạc."})
	asked := w.read(judge).Requests
	require.Len(t, asked, 1)
	require.Equal(t, "Vũ Minh Khôi", asked[0].By)
	require.Empty(t, w.read(at(court.Defendant)).Requests, "another's request")
	w.ok(judge, "/requests/"+number(asked[0].ID)+"/answer", minutebook.AnswerBody{Accepted: true, Text: "Khai mạc lúc 08 giờ 30."})
	w.refused(judge, "/requests/"+number(asked[0].ID)+"/answer", minutebook.AnswerBody{Text: "Không."}, "unknown_request")
	w.ok(clerk, "/proposal", minutebook.Empty{})
	amended := w.read(counsel)
	require.Equal(t, final.Lines, amended.Lines[:len(final.Lines)])
	require.Equal(t, len(final.Lines)+1, amended.Waiting.From)
	require.Contains(t, texts(amended), "Theo yêu cầu của người bào chữa Vũ Minh Khôi về dòng 3")
	w.ok(clerk, "/signed", w.signed(w.signed(w.file(clerk, amended.Waiting.SHA256), p[court.Clerk]), p[court.PresidingJudge]))
	require.Len(t, w.read(counsel).Finals, 2)
}

func number(n uint64) string {
	const digits = "0123456789"
	if n < 10 {
		return digits[n : n+1]
	}
	return number(n/10) + digits[n%10:n%10+1]
}

// A signature makes nothing final unless it is of the right person, from an accepted
// authority, over the very file.
func TestSignaturesThatAreNone(t *testing.T) {
	w := newWorld(t)
	w.hold()
	w.end()
	clerk := by(court.Clerk)
	w.refused(clerk, "/signed", []byte("%PDF-1.4"), "not_proposed")
	w.ok(clerk, "/proposal", minutebook.Empty{})
	doc := w.file(clerk, w.read(clerk).Waiting.SHA256)
	judge := w.root.Person(t, "judge", "Nguyễn Văn Ước", "ec")
	stranger := padestest.NewRoot(t).Person(t, "judge", "Nguyễn Văn Ước", "ec")
	for code, file := range map[string][]byte{
		"other_document":        []byte("%PDF-1.4 something else"),
		"untrusted_certificate": w.signed(doc, stranger),
		"signer_unknown":        w.signed(doc, w.root.Person(t, "seal", "TAND khu vực 1", "ec")),
		"bad_signature":         padestest.Append(t, doc, padestest.Revision{Mine: func([]byte) []byte { return judge.CMS(t, []byte("x"), true) }}),
		"document_changed": padestest.Append(t, doc, padestest.Revision{
			Catalog: "/OpenAction << /S /JavaScript >>", Mine: func(b []byte) []byte { return judge.CMS(t, b, true) },
		}),
	} {
		w.refused(clerk, "/signed", file, code)
	}
	w.refused(clerk, "/signed", w.signed(w.signed(doc, judge), judge), "signer_unknown") // twice the same person
	w.refused(clerk, "/signed", w.signed(doc, w.root.Person(t, "hai", "Nguyen Van Uoc", "ec")), "signer_unknown")
	require.Equal(t, "proposed", w.read(clerk).Status)
	w.ok(clerk, "/signed", w.signed(doc, judge))
	// What is written now withdraws the file with the one signature.
	w.ok(clerk, "/entries", minutebook.EntryBody{Text: "Bổ sung."})
	require.Equal(t, "draft", w.read(clerk).Status)
}

// Who reaches what, for every route in every state: deny by default. What somebody may
// not know of looks as if it did not exist.
func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	w.hold()
	supervisor := who{account: "x", unit: unit, roles: []store.Role{store.RoleChiefJudge}}
	callers := map[string]who{
		"presiding judge": by(court.PresidingJudge), "lay assessor": by(court.LayAssessor), "clerk": by(court.Clerk), "procurator": by(court.Procurator),
		"clerk's seat": at(court.Clerk), "counsel": at(court.DefenceCounsel), "defendant": at(court.Defendant), "witness": at(court.Witness),
		"public": at(court.Attendee), "chief judge": supervisor,
		"judge of the court": {account: "x", unit: unit, roles: []store.Role{store.RoleJudge, store.RoleAdmin, store.RoleAuditor}},
		"clerk elsewhere":    {account: "x", unit: other, roles: []store.Role{store.RoleClerk, store.RoleChiefJudge}},
		"seat elsewhere":     {seat: string(court.Clerk), of: "h2"},
		"service":            {account: "acc-clerk", unit: unit, roles: []store.Role{store.RoleService, store.RoleClerk}, token: "t"},
		"nobody":             {},
	}
	reads := map[string]string{ // r: what was proposed, d: drafts as well, w: writes, a: asks
		"presiding judge": "rdw", "clerk": "rdw", "clerk's seat": "rdw", "lay assessor": "rd", "procurator": "ra", "counsel": "ra", "defendant": "ra", "chief judge": "r",
	}
	has := func(name, what string) bool {
		for _, c := range reads[name] {
			if string(c) == what {
				return true
			}
		}
		return false
	}
	sweep := func(stage string) {
		sha := "00"
		if wait := w.read(by(court.Clerk)).Waiting; wait != nil {
			sha = wait.SHA256
		}
		for name, x := range callers {
			get := func(path string, may bool) {
				code := w.do(x, http.MethodGet, path, nil).Code
				require.Equal(t, may, code == http.StatusOK, "%s: %s GET %q: %d", stage, name, path, code)
				require.Contains(t, []int{http.StatusOK, http.StatusNotFound, http.StatusUnauthorized}, code)
			}
			get("", has(name, "r"))
			get("/preview", has(name, "d"))
			get("/documents/"+sha, has(name, "r") && stage == "proposed")
			post := func(path string, body any, may bool) {
				a := w.do(x, http.MethodPost, path, body)
				denied := a.Code == http.StatusForbidden || a.Code == http.StatusNotFound || a.Code == http.StatusUnauthorized
				require.Equal(t, !may, denied, "%s: %s POST %q: %d %s", stage, name, path, a.Code, a.Body)
			}
			// Bodies that are refused for what they say, so that nothing changes.
			post("/entries", minutebook.EntryBody{}, has(name, "w"))
			post("/requests/999/answer", minutebook.AnswerBody{Text: "x"}, has(name, "w"))
			post("/requests", minutebook.RequestBody{}, has(name, "a"))
			post("/acknowledgement", minutebook.AcknowledgementBody{SHA256: "none"}, has(name, "r") && name != "chief judge")
			if stage == "draft" {
				post("/proposal", minutebook.Empty{}, has(name, "w"))
			}
			post("/signed", []byte("%PDF"), has(name, "w"))
		}
	}
	sweep("draft")
	w.end()
	w.ok(by(court.Clerk), "/proposal", minutebook.Empty{})
	sweep("proposed")
}

// Clerk and judge write at once while the hearing goes on: nothing is lost, and whoever
// read a line reads it again.
func TestManyWriteAtOnce(t *testing.T) {
	w := newWorld(t)
	w.hold()
	const each = 15
	var wg sync.WaitGroup
	for _, c := range []court.Capacity{court.Clerk, court.PresidingJudge, court.Clerk} {
		wg.Go(func() {
			for range each {
				for w.do(by(c), http.MethodPost, "/entries", minutebook.EntryBody{Text: "Ghi."}).Code != http.StatusNoContent {
				}
			}
		})
	}
	last := []minutebook.LineItem{}
	for range 20 {
		a := w.read(by(court.Clerk))
		require.Equal(t, last, a.Lines[:len(last)])
		last = a.Lines
	}
	wg.Wait()
	entries := 0
	for _, l := range w.read(by(court.Clerk)).Lines {
		if l.Source == "clerk" {
			entries++
		}
	}
	require.Equal(t, 3*each, entries)
}

func TestASeatNeedNotKnowItsHearing(t *testing.T) {
	w := newWorld(t)
	w.hold()
	get := func(x who) *httptest.ResponseRecorder {
		a := httptest.NewRecorder()
		w.book.ServeHTTP(a, httptest.NewRequestWithContext(context.WithValue(t.Context(), whoKey{}, x), http.MethodGet, "/api/v1/hearings/mine/minutes", nil))
		return a
	}
	require.Contains(t, get(at(court.DefenceCounsel)).Body.String(), `"id":"h1"`)
	require.Equal(t, http.StatusUnauthorized, get(by(court.Clerk)).Code, "an account may have many seats")
	require.Equal(t, http.StatusNotFound, get(who{seat: "clerk", of: "h2"}).Code)
}

func TestBodiesAreStrict(t *testing.T) {
	w := newWorld(t)
	w.hold()
	for _, body := range []map[string]any{{"text": "x", "more": 1}, {"text": 1}, {"text": "x", "about": "yesterday"}} {
		require.Equal(t, http.StatusBadRequest, w.do(by(court.Clerk), http.MethodPost, "/entries", body).Code)
	}
	require.Equal(t, http.StatusUnsupportedMediaType, w.do(by(court.Clerk), http.MethodPost, "/entries", []byte("{}")).Code)
	w.refused(by(court.Clerk), "/entries", minutebook.EntryBody{Text: "\u202eabc"}, "bad_text")
	w.refused(by(court.Clerk), "/entries", minutebook.EntryBody{Text: "x", About: "2999-01-01T00:00:00Z"}, "bad_time")
}
