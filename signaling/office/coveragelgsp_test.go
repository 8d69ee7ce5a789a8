package office

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/lgsp"
	"phientoa/internal/lgsp/lgsptest"
	"phientoa/internal/store"
	"phientoa/internal/vietnam"
)

// The export is what the schemas say, signed, the same bytes for the same figures, and
// holds no word that a court wrote.
func TestTheExportHoldsFigures(t *testing.T) {
	w := startWorld(t)
	as := login(store.RoleProcuracyHead, unitHN)
	day := time.Date(2026, 11, 23, 8, 0, 0, 0, vietnam.Time(w.now).Location())
	w.held(unitHN, day, store.ReleasedToNone, "Bị hại Trần Thị Bé dưới 16 tuổi")
	w.held(unitHN, day, store.ReleasedToNone, "Nhân chứng Lò Văn Giấu")
	w.held(unitHN, day, store.ReleasedToNone, "")
	w.followed(w.held(unitHN, day, store.ReleasedToAll, ""), day, 10*time.Minute)
	get := func() lgsp.Envelope {
		a := w.do(as, http.MethodGet, coveragePath+".json?day=2026-11-23", nil)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		e, err := lgsptest.Check(a.body)
		require.NoError(t, err)
		return e
	}
	w.forget()
	e := get()
	require.Equal(t, 1, w.notedBy(as, readCoverage))
	var r lgsp.Report
	require.NoError(t, json.Unmarshal(e.Report, &r))
	counts := lgsp.Counts{
		Calendar: 4, Held: 4, Released: 1, NotReleased: 3, Watched: 1, HeldMinutes: 240, FollowedMinutes: 10,
		Exceptions: []lgsp.Exception{{Code: lgsp.Stated, Hearings: 2}, {Code: "policy", Hearings: 1}},
	}
	require.Equal(t, lgsp.Report{
		Format: lgsp.ReportFormat, Unit: string(unitHN), Day: "2026-11-23", AtLeast: 60,
		Units: []lgsp.Court{{Unit: string(unitHN), Counts: counts}}, Total: counts,
	}, r)
	w.pass(time.Hour)
	require.Equal(t, e.Key, get().Key, "counted again, the same")
	w.held(unitHN, day, store.ReleasedToAll, "")
	require.NotEqual(t, e.Key, get().Key)
	require.Equal(t, http.StatusBadRequest, w.do(as, http.MethodGet, coveragePath+".json?day=23", nil).status)
}

// What the head sends stands in the database, once, before it is answered; a deputy
// reads, and where no platform is connected nothing is taken.
func TestAReportIsSent(t *testing.T) {
	w := startWorld(t)
	head, deputy := w.keepHeads(unitHN)
	_, _ = w.keepHeads(unitDN)
	day := time.Date(2026, 11, 23, 8, 0, 0, 0, vietnam.Time(w.now).Location())
	w.held(unitHN, day, store.ReleasedToAll, "")
	path := coveragePath + "/lgsp"
	send := func(as string) answered { return w.do(as, http.MethodPost, path, LGSPBody{Day: "2026-11-23"}) }
	list := func(as string) LGSPAnswer {
		return read[LGSPAnswer](t, w.do(as, http.MethodGet, path+"?day=2026-11-23", nil))
	}
	require.Equal(t, LGSPAnswer{Connected: true, Reports: []LGSPReport{}}, list(head.Login))
	w.forget()
	for range 2 {
		a := send(head.Login)
		require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
		require.Equal(t, "waiting", read[LGSPReport](t, a).State)
	}
	require.Equal(t, 2, w.woken)
	require.Equal(t, 2, w.notedBy(head.Login, askedLGSP))
	require.Equal(t, http.StatusForbidden, send(deputy.Login).status)
	require.Len(t, list(deputy.Login).Reports, 1, "the same figures, the same report")
	require.Empty(t, list(login(store.RoleProcuracyHead, unitDN)).Reports)
	due, err := w.st.DueReports(t.Context(), court.SystemScope(), w.clock())
	require.NoError(t, err)
	require.Len(t, due, 1)
	e, err := lgsptest.Check(due[0].Body)
	require.NoError(t, err)
	require.Equal(t, due[0].ID, e.Key)
	require.Equal(t, head.ID, due[0].Account)

	due[0].State, due[0].Settled, due[0].Reason = store.OutgoingRefused, w.clock(), "Sai mã đơn vị"
	require.NoError(t, w.st.TriedOutgoing(t.Context(), court.SystemScope(), due[0]))
	require.Equal(t, "Sai mã đơn vị", list(head.Login).Reports[0].Reason)
	require.Equal(t, http.StatusBadRequest, w.do(head.Login, http.MethodGet, path+"?day=x", nil).status)
	require.Equal(t, http.StatusBadRequest, w.do(head.Login, http.MethodPost, path, LGSPBody{Day: "x"}).status)
	w.restart(func(p *Params) { p.LGSP = nil })
	require.Equal(t, "not_configured", code(t, send(head.Login)))
	require.False(t, list(head.Login).Connected)
}

// Whatever a court is called and whatever it writes, none of it is in the export.
func TestTheExportHoldsNoWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[A-ZĐ][a-zăâêôơư]{6,12} [A-ZĐ][a-zăâêôơư]{6,12}`)
		a := CoverageAnswer{Day: "2026-11-23", AtLeast: 60}
		words := []string{}
		for n := range rapid.IntRange(1, 5).Draw(t, "courts") {
			name, why := text.Draw(t, "name"), text.Draw(t, "why")
			words = append(words, name, why)
			i := CoverageItem{Unit: fmt.Sprint("unit-", n), Name: name, Reasons: []CoverageReason{{Text: why, Hearings: 1}, {Code: "closed_doors", Hearings: 2}}}
			a.Units = append(a.Units, i)
			a.Total.Reasons = append(a.Total.Reasons, i.Reasons...)
		}
		raw, err := json.Marshal(exportedReport("vks", a))
		require.NoError(t, err)
		for _, word := range words {
			require.NotContains(t, string(raw), word)
		}
		require.Contains(t, string(raw), lgsp.Stated)
	})
}
