package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/config"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/pades/padestest"
	"phientoa/internal/store"
	"phientoa/recording/register"
	"phientoa/signaling"
)

// trial is a closed hearing on a served node, with officials who have seats in it and
// certificates of an authority for people.
type trial struct {
	*served
	root                     *padestest.Root
	judge, clerk, procurator *browser
	dir, trusted, part       string
}

const minutesPath = "/api/v1/hearings/0192-h/minutes"

func newTrial(t *testing.T) *trial {
	x := &trial{root: padestest.NewRoot(t)}
	x.served = startServe(t, func(c *config.Config) { c.PersonalCA = filepath.Join(x.root.Dir, "ca.pem") })
	ctx, sys := t.Context(), court.SystemScope()
	policy := court.DefaultPolicy(court.Criminal)
	policy.NoticeDays, policy.RequireReady = 0, false
	now := time.Now()
	h := store.Hearing{ID: "0192-h", Room: strings.Repeat("4", 32), Unit: "u", DocketNo: "45/2026/TLST-HS", Title: "Trộm cắp tài sản", StartsAt: now.UnixMicro()}
	b := hearing.Booking{
		Hearing: "0192-h", Unit: h.Unit, Court: "TAND khu vực 1", DocketNo: h.DocketNo, Title: h.Title, StartsAt: h.StartsAt, Procedure: court.Criminal, Policy: &policy,
		Points: []hearing.Point{{ID: "p0", Kind: hearing.CentralPoint, Name: "Phòng 1"}},
	}
	var names []store.PersonName
	var seats []store.Seat
	for id, c := range map[string]court.Capacity{"tham.phan": court.PresidingJudge, "thu.ky": court.Clerk, "kiem.sat": court.Procurator} {
		w := x.official("u", id, store.RoleJudge, store.RoleClerk)
		switch c {
		case court.PresidingJudge:
			x.judge = w
		case court.Clerk:
			x.clerk = w
		default:
			x.procurator = w
		}
		acc, err := x.store.AccountByLogin(ctx, id)
		require.NoError(t, err)
		b.People = append(b.People, hearing.Person{ID: hearing.PersonID(id), Capacity: c, Alias: c.Words(), Point: "p0"})
		b.Devices = append(b.Devices, hearing.Device{ID: hearing.DeviceID("d-" + id), Kind: hearing.DeskClient, People: []hearing.PersonID{hearing.PersonID(id)}})
		names = append(names, store.PersonName{Hearing: h.ID, Person: id, Name: acc.Name})
		seats = append(seats, store.Seat{Hearing: h.ID, Person: id, Device: "d-" + id, Account: acc.ID})
	}
	require.NoError(t, signaling.BookHearing(ctx, x.store, x.p.Node, h, names, b, now))
	require.NoError(t, x.store.PutSeats(ctx, sys, seats))
	x.hold()
	x.part = x.seal()
	x.dir = filepath.Dir(x.part)
	own, err := os.ReadFile(filepath.Join(x.p.DataDir, "pki", "ca.pem"))
	require.NoError(t, err)
	people, err := os.ReadFile(filepath.Join(x.root.Dir, "ca.pem"))
	require.NoError(t, err)
	x.trusted = filepath.Join(t.TempDir(), "roots.pem")
	require.NoError(t, os.WriteFile(x.trusted, append(own, people...), 0o600))
	return x
}

// hold opens and closes the hearing by its log.
func (x *trial) hold() {
	t, ctx, sys := x.t, x.t.Context(), court.SystemScope()
	lease, err := x.store.Acquire(ctx, sys, "0192-h", x.p.Node, time.Hour)
	require.NoError(t, err)
	lines, err := x.store.Read(ctx, sys, "0192-h", 1, 10)
	require.NoError(t, err)
	var s *hearing.State
	for _, l := range lines {
		e, err := hearing.ParseEvent(l.Line)
		require.NoError(t, err)
		s, err = hearing.Apply(s, e)
		require.NoError(t, err)
	}
	give := func(who string, c hearing.Command) {
		a := hearing.Actor{Person: hearing.PersonID(who), Device: hearing.DeviceID("d-" + who)}
		now := time.Now()
		bodies, ref := hearing.Decide(s, c, a, now)
		require.Nil(t, ref, "%T %+v", c, ref)
		for _, body := range bodies {
			e := hearing.Event{Seq: s.Seq + 1, At: now.UnixMicro(), Actor: a, Body: body}
			line, err := hearing.MarshalEvent(e)
			require.NoError(t, err)
			require.NoError(t, x.store.Append(ctx, sys, lease, s.Seq, [][]byte{line}))
			s, err = hearing.Apply(s, e)
			require.NoError(t, err)
		}
	}
	give("tham.phan", hearing.CheckIn{RulesAccepted: true})
	give("thu.ky", hearing.CheckIn{RulesAccepted: true})
	give("tham.phan", hearing.Open{OverrideReason: "thử"})
	give("tham.phan", hearing.Close{})
}

// p12 is a person's key and certificate as an authority hands them out.
func (x *trial) p12(file, name string) string {
	x.root.Person(x.t, file, name, "ec")
	cmd := exec.CommandContext(x.t.Context(), "openssl", "pkcs12", "-export", "-inkey", file+".key", "-in", file+".pem", "-out", file+".p12", "-passout", "pass:bí mật")
	cmd.Dir = x.root.Dir
	out, err := cmd.CombinedOutput()
	require.NoError(x.t, err, string(out))
	path := filepath.Join(x.root.Dir, file+".p12")
	require.NoError(x.t, os.Chmod(path, 0o600))
	return path
}

type minutesPage struct {
	Status  string
	Waiting *struct{ SHA256 string }
	Finals  []struct {
		SHA256     string
		Supplement int
		Signers    []struct {
			Name  string
			Bound bool
		}
	}
	Requests []struct{ ID uint64 }
}

func (x *trial) page(b *browser) (p minutesPage) {
	b.get(http.StatusOK, &p, "GET", minutesPath, nil)
	return p
}

// sign downloads what waits, signs it with the program of the person's machine, and
// hands it in.
func (x *trial) sign(b *browser, p12 string) {
	t := x.t
	t.Helper()
	_, pdf := b.ask("GET", minutesPath+"/documents/"+x.page(b).Waiting.SHA256, nil)
	file := filepath.Join(t.TempDir(), "bien-ban.pdf")
	require.NoError(t, os.WriteFile(file, []byte(pdf), 0o600))
	var out bytes.Buffer
	code := run(t.Context(), []string{"sign-minutes", file, "--p12", p12}, streams{&out, &out, strings.NewReader("bí mật\n")})
	require.Equal(t, 0, code, out.String())
	require.NotContains(t, out.String(), "bí mật")
	signed, err := os.ReadFile(strings.TrimSuffix(file, ".pdf") + "-da-ky.pdf")
	require.NoError(t, err)
	status, answer := b.send("POST", minutesPath+"/signed", "application/pdf", signed)
	require.Equal(t, http.StatusNoContent, status, answer)
}

// send is ask with a body that is no JSON.
func (b *browser) send(method, path, kind string, body []byte) (int, string) {
	t := b.s.t
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+b.s.listener.Addr().String()+path, bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", kind)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	resp, err := b.s.client().Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(answer)
}

// made waits for the supplement of a number.
func (x *trial) made(n int) (path string) {
	path = filepath.Join(x.dir, fmt.Sprintf("supplement-%04d.asice", n))
	require.Eventually(x.t, func() bool {
		list, err := x.store.ArchiveSupplements(x.t.Context(), court.SystemScope(), "0192-h")
		return err == nil && len(list) == n
	}, 20*time.Second, 10*time.Millisecond, x.log.String())
	require.FileExists(x.t, path)
	return path
}

func (x *trial) verify(args ...string) (int, string) {
	var out bytes.Buffer
	code := run(x.t.Context(), append([]string{"verify"}, args...), streams{&out, &out, nil})
	return code, out.String()
}

// J1.21-22: judge and clerk sign with their own keys on their own machines; the minutes
// become a supplement of the sealed part by themselves, so does an amendment, which
// changes no line before it; anybody checks both beside the part, and the audit misses
// one that is lost.
func TestJ121SignedMinutesSupplementTheArchive(t *testing.T) {
	x := newTrial(t)
	judge, clerk := x.p12("judge", "Lê Văn tham.phan"), x.p12("clerk", "Lê Văn thu.ky")
	both := func() {
		x.clerk.get(http.StatusNoContent, nil, "POST", minutesPath+"/proposal", struct{}{})
		x.sign(x.judge, judge)
		x.sign(x.clerk, clerk)
	}
	both()
	one := x.made(1)
	crl, _ := x.root.List(t, time.Time{})
	p := x.page(x.procurator)
	require.Equal(t, "final", p.Status)
	require.Equal(t, 1, p.Finals[0].Supplement)
	require.False(t, p.Finals[0].Signers[0].Bound, "no certificate is registered: the record says so")
	code, said := x.verify(one, "--part", x.part, "--root", x.trusted, "--crl", crl)
	require.Equal(t, 0, code, said)
	require.Contains(t, said, "khớp với tệp: part-0001.asice")
	require.Contains(t, said, "chứng thư chưa được đăng ký cho người này")
	code, said = x.verify(one, "--root", x.trusted)
	require.Equal(t, 3, code, said)
	require.Contains(t, said, "chưa đối chiếu với gói lưu trữ được bổ sung")

	x.procurator.get(http.StatusNoContent, nil, "POST", minutesPath+"/requests", map[string]any{"line": 1, "text": "Ghi rõ giờ."})
	id := x.page(x.judge).Requests[0].ID
	x.judge.get(http.StatusNoContent, nil, "POST", fmt.Sprintf("%s/requests/%d/answer", minutesPath, id), map[string]any{"accepted": true, "text": "08 giờ 30."})
	both()
	two := x.made(2)
	crl, _ = x.root.List(t, time.Time{})
	code, said = x.verify(two, "--part", x.part, "--root", x.trusted, "--crl", crl)
	require.Equal(t, 0, code, said)
	require.Contains(t, said, "sửa đổi, bổ sung biên bản")
	code, said = x.verify(x.dir, "--root", x.trusted, "--crl", crl)
	require.Equal(t, 0, code, said)
	require.Contains(t, said, "== supplement-0001.asice ==")
	x.cards()

	// Whoever changes a byte, or removes one, is found.
	whole, err := os.ReadFile(two)
	require.NoError(t, err)
	changed := filepath.Join(t.TempDir(), "supplement-0002.asice")
	whole[len(whole)/3] ^= 4
	require.NoError(t, os.WriteFile(changed, whole, 0o600))
	code, _ = x.verify(changed, "--part", x.part, "--root", x.trusted)
	require.Equal(t, 1, code)
	code, found := audit(t, x.p.DataDir, "--root", x.trusted)
	require.Equal(t, 0, code, "%+v", found)
	require.NoError(t, os.Remove(one))
	code, found = audit(t, x.p.DataDir, "--root", x.trusted)
	require.Equal(t, 1, code)
	require.Len(t, found.Findings, 1)
	require.Equal(t, register.FindingLost, found.Findings[0].Code)
	require.Equal(t, 1, found.Findings[0].Supplement)
	for _, name := range []string{"Lê Văn", "bí mật", "08 giờ 30"} {
		require.NotContains(t, x.log.String(), name)
	}
}

// cards: whoever finds the archive sees its supplements.
func (x *trial) cards() {
	chief := x.official("u", "chanh.an", store.RoleChiefJudge)
	code, text := chief.ask("GET", "/api/v1/archives/0192-h", nil)
	require.Equal(x.t, http.StatusOK, code, text)
	var card struct {
		Supplements []struct {
			Number int
			Kind   string
			SHA256 string
			Parts  []int
		}
	}
	require.NoError(x.t, json.Unmarshal([]byte(text), &card))
	require.Len(x.t, card.Supplements, 2)
	require.Equal(x.t, "amendment", card.Supplements[1].Kind)
	require.Equal(x.t, []int{1}, card.Supplements[1].Parts)
}
