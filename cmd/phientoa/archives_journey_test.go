package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/signaling"
)

// J4 through the server's own door: a clerk of the successor finds a dissolved court's
// hearing by a party's name without diacritics, has it verified, asks, is granted,
// downloads it in two ranges, and another program verifies what came; it is lodged, watched,
// and the auditor sees who saw it.
func TestJ4AClerkRetrievesVerifiesAndLodges(t *testing.T) {
	s := startServe(t, nil)
	ctx, sys := t.Context(), court.SystemScope()
	by := store.AdminEntry{At: time.Now(), Actor: "system", What: "unit.added"}
	for _, u := range []store.Unit{
		{ID: "unit-new", Kind: "court.regional", Name: "Tòa án nhân dân khu vực 1 – Hà Nội", ValidFrom: 1},
		{ID: "unit-old", Kind: "court.district", Name: "Tòa án nhân dân quận Ba Đình", ValidFrom: 1, ValidTo: time.Now().Add(-time.Hour).UnixMicro(), Successor: "unit-new"},
	} {
		require.NoError(t, s.store.PutUnit(ctx, sys, u, by))
	}
	h := store.Hearing{ID: "0192-h", Room: strings.Repeat("4", 32), Unit: "unit-old", DocketNo: "118/2024/TLST-DS", Title: "Tranh chấp đất đai", StartsAt: time.Now().UnixMicro()}
	b := hearing.Booking{
		Hearing: "0192-h", Unit: h.Unit, Court: "Tòa án nhân dân quận Ba Đình", DocketNo: h.DocketNo, Title: h.Title, StartsAt: h.StartsAt,
		People:  []hearing.Person{{ID: "j", Capacity: court.PresidingJudge, Alias: "Chủ tọa"}, {ID: "q", Capacity: court.Plaintiff, Alias: "Nguyên đơn"}},
		Devices: []hearing.Device{{ID: "d", Kind: hearing.DeskClient, People: []hearing.PersonID{"j"}}, {ID: "e", Kind: hearing.DeskClient, People: []hearing.PersonID{"q"}}},
	}
	names := []store.PersonName{{Hearing: h.ID, Person: "j", Name: "Trần Thị Bình"}, {Hearing: h.ID, Person: "q", Name: "Đặng Thị Hòa"}}
	require.NoError(t, signaling.BookHearing(ctx, s.store, s.p.Node, h, names, b, time.Now()))
	file := s.seal()

	clerk, chief := s.official("unit-new", "thu.ky", store.RoleClerk), s.official("unit-new", "chanh.an", store.RoleChiefJudge)
	auditor, stranger := s.official("unit-new", "kiem.tra", store.RoleAuditor), s.official("unit-far", "xa", store.RoleClerk)
	type found struct {
		Archives []struct {
			ID        string
			Inherited bool
		}
	}
	var f found
	clerk.get(http.StatusOK, &f, "POST", "/api/v1/archives/search", map[string]string{"person": "dang hoa", "judge": "tran binh"})
	require.Len(t, f.Archives, 1)
	require.True(t, f.Archives[0].Inherited)
	f = found{}
	stranger.get(http.StatusOK, &f, "POST", "/api/v1/archives/search", map[string]string{"person": "dang hoa"})
	require.Empty(t, f.Archives)
	stranger.get(http.StatusNotFound, nil, "GET", "/api/v1/archives/0192-h", nil)

	type card struct {
		Parts []struct {
			SHA256 string
			Check  *struct {
				Exit   int
				Same   bool
				DoneAt *time.Time `json:"done_at"`
			}
		}
	}
	var c card
	clerk.get(http.StatusAccepted, nil, "POST", "/api/v1/archives/0192-h/parts/1/checks", struct{}{})
	require.Eventually(t, func() bool {
		clerk.get(http.StatusOK, &c, "GET", "/api/v1/archives/0192-h", nil)
		return c.Parts[0].Check != nil && c.Parts[0].Check.DoneAt != nil
	}, 20*time.Second, 20*time.Millisecond, s.log.String())
	require.Equal(t, 0, c.Parts[0].Check.Exit)
	require.True(t, c.Parts[0].Check.Same)
	_, page := clerk.ask("GET", "/api/v1/archives/0192-h/parts/1/certificate", nil)
	require.True(t, strings.HasPrefix(page, "%PDF-"))

	const path = "/api/v1/archives/0192-h/parts/1/file"
	clerk.get(http.StatusConflict, nil, "GET", path, nil)
	const index = "/api/v1/archives/0192-h/parts/1/index"
	clerk.get(http.StatusConflict, nil, "GET", index, nil)
	stranger.get(http.StatusNotFound, nil, "GET", index, nil)
	s.browser().get(http.StatusUnauthorized, nil, "GET", index, nil)
	var request struct{ ID string }
	clerk.get(http.StatusCreated, &request, "POST", "/api/v1/archives/0192-h/requests", map[string]any{"purpose": "Bổ sung hồ sơ phúc thẩm", "download": true})
	chief.get(http.StatusOK, nil, "POST", "/api/v1/archive-requests/"+request.ID+"/decision", map[string]any{"outcome": "granted", "hours": 1, "download": true})
	code, first := clerk.ask("GET", path, nil, "Range", "bytes=0-999")
	require.Equal(t, http.StatusPartialContent, code)
	code, rest := clerk.ask("GET", path, nil, "Range", "bytes=1000-", "If-Range", `"`+c.Parts[0].SHA256+`"`)
	require.Equal(t, http.StatusPartialContent, code)
	got := []byte(first + rest)
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want, got)
	sum := sha256.Sum256(got)
	require.Equal(t, c.Parts[0].SHA256, hex.EncodeToString(sum[:]))
	copied := filepath.Join(t.TempDir(), "copy.asice")
	require.NoError(t, os.WriteFile(copied, got, 0o600))
	require.Equal(t, 0, run(ctx, []string{"verify", copied, "--root", filepath.Join(s.p.DataDir, "pki", "ca.pem")}, streams{s.log, s.log, nil}))

	account, err := s.officials.CreateService(ctx, auth.System("unit-new"), "qla", "Hệ thống quản lý án")
	require.NoError(t, err)
	token, _, err := s.officials.IssueToken(ctx, auth.System("unit-new"), account.ID, auth.NewToken{Rights: []auth.Right{auth.RightLodge}, Life: time.Hour})
	require.NoError(t, err)
	system := s.browser()
	lodge := map[string]any{"reference": "QLA-1", "folios": "1-3", "parts": []map[string]any{{"part": 1, "sha256": c.Parts[0].SHA256}}}
	var receipt, again struct{ Receipt string }
	system.get(http.StatusOK, &receipt, "PUT", "/api/v1/archives/0192-h/lodging", lodge, "Authorization", "Bearer "+token)
	system.get(http.StatusOK, &again, "PUT", "/api/v1/archives/0192-h/lodging", lodge, "Authorization", "Bearer "+token)
	require.Equal(t, receipt, again)

	var seen struct {
		Views []struct{ What, By, Purpose string }
	}
	auditor.get(http.StatusOK, &seen, "GET", "/api/v1/archives/0192-h/views", nil)
	require.Len(t, seen.Views, 1)
	require.Equal(t, "download", seen.Views[0].What)
	require.Equal(t, "Lê Văn thu.ky", seen.Views[0].By)
	require.Equal(t, "Bổ sung hồ sơ phúc thẩm", seen.Views[0].Purpose)
	var watched struct{ Watermark string }
	clerk.get(http.StatusOK, &watched, "GET", index, nil)
	require.Contains(t, watched.Watermark, "Lê Văn thu.ky")
	auditor.get(http.StatusOK, &seen, "GET", "/api/v1/archives/0192-h/views", nil)
	require.Len(t, seen.Views, 2)
	require.Contains(t, []string{seen.Views[0].What, seen.Views[1].What}, "view")
	for _, secret := range []string{"Hòa", "dang hoa", "phúc thẩm"} {
		require.NotContains(t, s.log.String(), secret, "no names and no purposes in the log")
	}
}
