package office

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

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
