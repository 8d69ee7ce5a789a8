package office

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/csv"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/cades"
	"phientoa/internal/court"
	"phientoa/internal/pades"
	"phientoa/internal/pdf/pdftest"
	"phientoa/internal/store"
	"phientoa/internal/vietnam"
)

// signerOf signs documents as a node's signer does.
func signerOf(t testing.TB) func(context.Context, [32]byte) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "node"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	require.NoError(t, err)
	c, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return func(_ context.Context, digest [32]byte) ([]byte, error) {
		return cades.Sign(cades.Params{Key: key, Certificate: c, Rand: rand.Reader, Digest: digest})
	}
}

// held puts a hearing of an hour on the calendar that was opened at a time, with what the
// court said of following it.
func (w *world) held(u court.UnitID, start time.Time, to store.ReleaseTo, reason string) string {
	w.mu.Lock()
	w.invites++ // numbers whatever tests make
	n := w.invites
	w.mu.Unlock()
	h := store.Hearing{ID: fmt.Sprintf("held-%d", n), Room: fmt.Sprintf("%032x", n), Unit: u, DocketNo: fmt.Sprintf("%d/2026/TLST-HS", n), Title: "Vụ án", StartsAt: start.UnixMicro()}
	ctx := w.t.Context()
	require.NoError(w.t, w.st.CreateHearing(ctx, court.SystemScope(), h, nil))
	require.NoError(w.t, w.st.PutHearingInfo(ctx, court.SystemScope(), store.HearingInfo{
		Hearing: h.ID, Status: "closed", OpenedAt: h.StartsAt, EndedAt: start.Add(time.Hour).UnixMicro(), Updated: 1,
	}))
	require.NoError(w.t, w.st.PutRelease(ctx, court.SystemScope(), store.Release{Hearing: h.ID, Seq: 1, At: start.Add(-time.Hour), To: to, Reason: reason}))
	return h.ID
}

func (w *world) followed(h string, from time.Time, d time.Duration) {
	run := store.WatchingRun{ID: "run", Node: "node", Seen: from}
	require.NoError(w.t, w.st.PutWatchings(w.t.Context(), court.SystemScope(), run, []store.Watching{
		{ID: fmt.Sprint(h, from.UnixMicro(), d), Hearing: h, Unit: "vks", Official: "account-1", Began: from, Ended: from.Add(d)},
	}))
}

const coveragePath = "/api/v1/oversight/coverage"

// The three forms of the report say the same, of the day by Vietnam's calendar, and of
// the courts that the official oversees.
func TestCoverageInThreeForms(t *testing.T) {
	w := startWorld(t)
	as := login(store.RoleProcuracyHead, unitHN)
	// The first and the last moment of the day, and those beside it.
	midnight := time.Date(2026, 11, 23, 0, 0, 0, 0, vietnam.Time(w.now).Location())
	w.held(unitHN, midnight.Add(-time.Microsecond), store.ReleasedToAll, "")
	first := w.held(unitHN, midnight, store.ReleasedToAll, "")
	w.held(unitHN, midnight.AddDate(0, 0, 1), store.ReleasedToAll, "")
	w.held(unitHN, midnight.AddDate(0, 0, 1).Add(-time.Microsecond), store.ReleasedToNone, "=HYPERLINK(\"http://evil.example\")")
	away := w.held(unitDN, midnight.Add(8*time.Hour), store.ReleasedToAll, "")
	w.followed(first, midnight.Add(10*time.Minute), 10*time.Minute)
	w.followed(first, midnight.Add(15*time.Minute), 10*time.Minute+30*time.Second)
	w.followed(away, midnight.Add(8*time.Hour), 500*time.Millisecond)

	get := func(form string) answered {
		a := w.do(as, http.MethodGet, coveragePath+form+"?day=2026-11-23", nil)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		return a
	}
	a := read[CoverageAnswer](t, get(""))
	require.Len(t, a.Units, 1, "the own unit alone, where nothing says who oversees what")
	w.restart(func(p *Params) {
		p.Oversees = func(_ context.Context, who auth.Official) (court.Scope, error) {
			require.Equal(t, w.accounts[as].ID, who.ID)
			return court.ScopeOf(unitHN, unitDN), nil
		}
	})
	w.forget()
	a = read[CoverageAnswer](t, get(""))
	require.Equal(t, 1, w.notedBy(as, readCoverage))
	why := []CoverageReason{{Text: "=HYPERLINK(\"http://evil.example\")", Hearings: 1}}
	hn := CoverageItem{
		Unit: string(unitHN), Name: "Tòa án nhân dân khu vực 1 – Hà Nội", Calendar: 2, Held: 2, Released: 1, NotReleased: 1, Watched: 1,
		HeldSeconds: 7200, FollowedSeconds: 930, Reasons: why,
	}
	dn := CoverageItem{Unit: string(unitDN), Name: "Tòa án nhân dân khu vực 3 – Đà Nẵng", Calendar: 1, Held: 1, Released: 1, HeldSeconds: 3600, Reasons: []CoverageReason{}}
	total := CoverageItem{Calendar: 3, Held: 3, Released: 2, NotReleased: 1, Watched: 1, HeldSeconds: 10_800, FollowedSeconds: 930, Reasons: why}
	require.Equal(t, CoverageAnswer{Day: "2026-11-23", At: w.clock().Truncate(time.Second), AtLeast: 60, Units: []CoverageItem{dn, hn}, Total: total}, a)

	table := get(".csv")
	require.Equal(t, "text/csv; charset=utf-8", table.header.Get("Content-Type"))
	require.Contains(t, table.header.Get("Content-Disposition"), "theo-doi-2026-11-23.csv")
	text, marked := bytes.CutPrefix(table.body, []byte("\xef\xbb\xbf"))
	require.True(t, marked)
	require.Equal(t, bytes.Count(text, []byte("\n")), bytes.Count(text, []byte("\r\n")))
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 4)
	for n, i := range []CoverageItem{dn, hn, total} {
		row := rows[n+1]
		for column, want := range map[int]int{3: i.Calendar, 4: i.Cancelled, 5: i.Held, 6: i.Released, 7: i.NotReleased, 8: i.Watched, 9: int(i.HeldSeconds), 10: int(i.FollowedSeconds)} {
			require.Equal(t, strconv.Itoa(want), row[column], "%s: %s", row[2], rows[0][column])
		}
	}
	for _, row := range rows {
		for _, cell := range row {
			require.NotContains(t, "=+-@", (cell + " ")[:1], cell)
		}
	}

	signed := get(".pdf")
	require.Equal(t, "application/pdf", signed.header.Get("Content-Type"))
	doc, err := coverageDocument(a, "Tòa án nhân dân khu vực 1 – Hà Nội", w.accounts[as].Name)
	require.NoError(t, err)
	found, err := pades.Check(signed.body, doc)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "node", found[0].Certificate.Subject.CommonName)
	require.Equal(t, a.At, found[0].SigningTime)
	shown := strings.Join(pdftest.Text(t, signed.body), " ")
	for _, want := range []string{"BÁO CÁO KẾT QUẢ THEO DÕI PHIÊN TÒA", "ngày 23 tháng 11 năm 2026", "0:15:30", "Tổng số", "evil.example"} {
		require.Contains(t, shown, want)
	}
	if dir := os.Getenv("KEEP_PDF"); dir != "" {
		require.NoError(t, os.WriteFile(dir+"/coverage.pdf", signed.body, 0o600))
	}
}

func TestCoverageRefuses(t *testing.T) {
	w := startWorld(t)
	as := login(store.RoleProcuracyHead, unitHN)
	for _, day := range []string{"", "2026-11-31", "23/11/2026", "2026-11-23T00:00:00Z", "1999-12-31", "2201-01-01"} {
		for _, form := range []string{"", ".csv", ".pdf"} {
			a := w.do(as, http.MethodGet, coveragePath+form+"?day="+day, nil)
			require.Equal(t, http.StatusBadRequest, a.status, "%q %s", day, form)
		}
	}
	pdfOf := func() answered { return w.do(as, http.MethodGet, coveragePath+".pdf?day=2026-11-23", nil) }
	w.restart(func(p *Params) { p.SignPDF = nil })
	require.Equal(t, "not_configured", code(t, pdfOf()))
	w.restart(func(p *Params) {
		p.SignPDF = func(context.Context, [32]byte) ([]byte, error) { return nil, errors.New("away") }
	})
	require.Equal(t, "signer_away", code(t, pdfOf()))
	w.restart(func(p *Params) {
		p.Oversees = func(context.Context, auth.Official) (court.Scope, error) { return court.Scope{}, store.ErrUnavailable }
	})
	require.Equal(t, "database_away", code(t, w.do(as, http.MethodGet, coveragePath+"?day=2026-11-23", nil)))
}
