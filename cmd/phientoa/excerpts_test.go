package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/recording"
	"phientoa/sfu"
	"phientoa/signaling"
)

type excerptItem struct {
	ID, State, SHA256 string
	Redacted          bool
	Share             float64
	Expires           *time.Time `json:"expires_at"`
}

// sealTracks records two seconds of two microphones and waits for the sealed file.
func (s *served) sealTracks() (from time.Time) {
	t := s.t
	ev, err := recording.Open(context.Background(), recording.Params{
		Dir: s.evidenceDir(), Hearing: "0192-h", Node: s.p.Node, Genesis: []byte(`{"software":"test"}`), Epoch: 1,
		Signer: s.signer, Notify: deafRoom{}, Rand: rand.Reader, Logger: s.logger,
	})
	require.NoError(t, err)
	tap, now := ev.Tap(), time.Now()
	for d := range 2 {
		src := sfu.SourceID{Peer: fmt.Sprintf("device-%d", d+1), Kind: sfu.Mic}
		tap.Opened(sfu.SourceInfo{Source: src, Codec: sfu.Opus, ClockRate: 48000, Channels: 2}, now)
		for i := range 100 {
			tap.Packet(&sfu.Packet{
				Source: src, Codec: sfu.Opus, SSRC: uint32(d + 1), Seq: uint64(i + 1), Timestamp: uint32(i * 960),
				Arrival: now.Add(time.Duration(i) * 20 * time.Millisecond), Payload: fmt.Appendf(nil, "spoken %d %d", d, i),
			})
		}
	}
	require.NoError(t, ev.Event(context.Background(), 1, []byte(`{"seq":1,"secret":"said"}`), true, true))
	require.NoError(t, ev.Close(context.Background()))
	s.sealer.Add(ev.Dir())
	file := filepath.Join(s.evidenceDir(), "0192-h", "part-0001.asice")
	require.Eventually(t, func() bool {
		_, err := os.Stat(file)
		return err == nil && s.sealer.Waiting() == 0
	}, 20*time.Second, 5*time.Millisecond, s.log.String())
	return now
}

// Through the server's own door: a clerk with a permission has an excerpt made, a judge a
// redacted copy; each is downloaded in ranges and verifies offline; nobody else sees it;
// what is disposed of leaves none behind.
func TestAnExcerptIsAskedForMadeAndVerifies(t *testing.T) {
	s := startServe(t, nil)
	ctx := t.Context()
	by := store.AdminEntry{At: time.Now(), Actor: "system", What: "unit.added"}
	require.NoError(t, s.store.PutUnit(ctx, court.SystemScope(), store.Unit{ID: "unit-1", Kind: "court.regional", Name: "Tòa án nhân dân khu vực 1", ValidFrom: 1}, by))
	h := store.Hearing{ID: "0192-h", Room: strings.Repeat("4", 32), Unit: "unit-1", DocketNo: "118/2026/TLST-DS", Title: "Tranh chấp", StartsAt: time.Now().UnixMicro()}
	b := hearing.Booking{
		Hearing: "0192-h", Unit: h.Unit, Court: "Tòa án nhân dân khu vực 1", DocketNo: h.DocketNo, Title: h.Title, StartsAt: h.StartsAt,
		People:  []hearing.Person{{ID: "j", Capacity: court.PresidingJudge, Alias: "Chủ tọa"}},
		Devices: []hearing.Device{{ID: "d", Kind: hearing.DeskClient, People: []hearing.PersonID{"j"}}},
	}
	require.NoError(t, signaling.BookHearing(ctx, s.store, s.p.Node, h, []store.PersonName{{Hearing: h.ID, Person: "j", Name: "Trần Thị Bình"}}, b, time.Now()))
	from := s.sealTracks()
	clerk, judge := s.official("unit-1", "thu.ky", store.RoleClerk), s.official("unit-1", "tham.phan", store.RoleJudge)
	chief, auditor := s.official("unit-1", "chanh.an", store.RoleChiefJudge), s.official("unit-1", "kiem.tra", store.RoleAuditor)

	const path = "/api/v1/archives/0192-h/parts/1/excerpts"
	at := func(d time.Duration) string { return from.Add(d).UTC().Format(time.RFC3339Nano) }
	body := map[string]any{"from": at(-time.Minute), "to": at(time.Minute), "tracks": []string{"t001"}, "reason": "Bổ sung hồ sơ phúc thẩm"}
	clerk.get(http.StatusConflict, nil, "POST", path, body)
	clerk.get(http.StatusConflict, nil, "GET", path, nil)
	auditor.get(http.StatusForbidden, nil, "GET", path, nil)
	for _, who := range []*browser{clerk, judge} {
		var request struct{ ID string }
		who.get(http.StatusCreated, &request, "POST", "/api/v1/archives/0192-h/requests", map[string]any{"purpose": "Bổ sung", "download": true})
		chief.get(http.StatusOK, nil, "POST", "/api/v1/archive-requests/"+request.ID+"/decision", map[string]any{"outcome": "granted", "hours": 1, "download": true, "closed": true})
	}
	cuts := map[string]any{"cuts": []map[string]any{{"from": at(-time.Minute), "to": at(time.Second), "reason": "Xét xử kín"}}, "reason": "Bản sao cho đương sự"}
	clerk.get(http.StatusForbidden, nil, "POST", path, cuts)
	for what, bad := range map[string]map[string]any{
		"no track":      {"from": at(0), "to": at(time.Second), "reason": "x"},
		"no reason":     {"from": at(0), "to": at(time.Second), "tracks": []string{"t001"}},
		"an end before": {"from": at(time.Second), "to": at(0), "tracks": []string{"t001"}, "reason": "x"},
		"another time":  {"from": at(time.Hour), "to": at(2 * time.Hour), "tracks": []string{"t001"}, "reason": "x"},
		"a path":        {"from": at(0), "to": at(time.Second), "tracks": []string{"../x"}, "reason": "x"},
		"both":          {"from": at(0), "to": at(time.Second), "tracks": []string{"t001"}, "reason": "x", "cuts": cuts["cuts"]},
	} {
		code, answer := judge.ask("POST", path, bad)
		require.Equal(t, http.StatusBadRequest, code, "%s: %s", what, answer)
	}

	ca := filepath.Join(s.p.DataDir, "pki", "ca.pem")
	fetch := func(who *browser, body map[string]any) (item excerptItem, report string) {
		who.get(http.StatusAccepted, &item, "POST", path, body)
		id := item.ID
		require.Eventually(t, func() bool {
			var list struct{ Excerpts []excerptItem }
			who.get(http.StatusOK, &list, "GET", path, nil)
			item = list.Excerpts[0]
			return item.State != "waiting" && item.State != "running"
		}, 20*time.Second, 20*time.Millisecond, s.log.String())
		require.Equal(t, "ready", item.State, s.log.String())
		require.Equal(t, id, item.ID)
		require.NotNil(t, item.Expires)
		code, first := who.ask("GET", path+"/"+id+"/file", nil, "Range", "bytes=0-99")
		require.Equal(t, http.StatusPartialContent, code)
		code, rest := who.ask("GET", path+"/"+id+"/file", nil, "Range", "bytes=100-", "If-Range", `"`+item.SHA256+`"`)
		require.Equal(t, http.StatusPartialContent, code)
		sum := sha256.Sum256([]byte(first + rest))
		require.Equal(t, item.SHA256, hex.EncodeToString(sum[:]))
		copied := filepath.Join(t.TempDir(), "x.asice")
		require.NoError(t, os.WriteFile(copied, []byte(first+rest), 0o600))
		var out bytes.Buffer
		require.Equal(t, 0, run(ctx, []string{"verify", copied, "--root", ca}, streams{&out, s.log, nil}), out.String())
		return item, out.String()
	}
	item, report := fetch(clerk, body)
	require.False(t, item.Redacted)
	require.Contains(t, report, "BẢN TRÍCH")
	require.Contains(t, report, "Lê Văn thu.ky")
	require.NotContains(t, report, "t002")
	judge.get(http.StatusNotFound, nil, "GET", path+"/"+item.ID+"/file", nil)
	item, report = fetch(judge, cuts)
	require.True(t, item.Redacted)
	require.Contains(t, report, "BẢN SAO ĐÃ CHE")
	require.Contains(t, report, "Xét xử kín")

	var seen struct{ Views []struct{ What string } }
	auditor.get(http.StatusOK, &seen, "GET", "/api/v1/archives/0192-h/views", nil)
	var what []string
	for _, v := range seen.Views {
		what = append(what, v.What)
	}
	require.Subset(t, what, []string{"excerpt", "redacted", "excerpt.download"})
	require.NoError(t, s.excerpts.Forget("0192-h", 1))
	left, err := os.ReadDir(filepath.Join(s.p.DataDir, "excerpts"))
	require.NoError(t, err)
	require.Empty(t, left)
	clerk.get(http.StatusNotFound, nil, "GET", path+"/"+item.ID+"/file", nil)
	for _, secret := range []string{"Bổ sung", "Xét xử kín", "Bình"} {
		require.NotContains(t, s.log.String(), secret, "no names and no purposes in the log")
	}
}
