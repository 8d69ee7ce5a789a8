package lgsp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/cades"
	"phientoa/internal/court"
	"phientoa/internal/lgsp"
	"phientoa/internal/lgsp/lgsptest"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
)

const unit court.UnitID = "vks-1"

type pair struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newPair(t *testing.T) pair {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "node"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	require.NoError(t, err)
	c, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return pair{key, c}
}

func (p pair) tls() *tls.Certificate {
	return &tls.Certificate{Certificate: [][]byte{p.cert.Raw}, PrivateKey: p.key}
}

func envelope(t *testing.T, calendar int) lgsp.Envelope {
	p := newPair(t)
	e, err := lgsp.Seal(lgsp.Report{
		Unit: string(unit), Day: "2026-11-23", AtLeast: 60, Units: []lgsp.Court{}, Total: lgsp.Counts{Calendar: calendar, Exceptions: []lgsp.Exception{}},
	}, func(digest [32]byte) ([]byte, error) {
		return cades.Sign(cades.Params{Key: p.key, Certificate: p.cert, Rand: rand.Reader, Digest: digest})
	})
	require.NoError(t, err)
	return e
}

type world struct {
	t     *testing.T
	st    store.Store
	fake  lgsptest.FakeLGSP
	url   string
	now   time.Time
	notes []string
}

func start(t *testing.T) *world {
	st, err := sqlite.Open(t.Context(), sqlite.Params{Path: filepath.Join(t.TempDir(), "p.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	w := &world{t: t, st: st, now: time.Unix(1_790_000_000, 0).UTC()}
	w.fake.Token = "secret"
	server := httptest.NewServer(&w.fake)
	t.Cleanup(server.Close)
	w.url = server.URL
	a := store.Account{ID: "head", Unit: unit, Login: "head", Name: "x", Roles: []store.Role{store.RoleProcuracyHead}}
	require.NoError(t, st.CreateAccount(t.Context(), court.SystemScope(), a, store.AdminEntry{At: w.now, Actor: "system", Unit: unit, What: "account.created"}))
	return w
}

// outbox is a new process over the same database.
func (w *world) outbox() *lgsp.Outbox {
	s, err := lgsp.NewHTTP(lgsp.HTTPParams{URL: w.url, Token: "secret"})
	require.NoError(w.t, err)
	return lgsp.NewOutbox(lgsp.OutboxParams{
		Store: w.st, Sender: s, Now: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler),
		Note: func(_ court.UnitID, _, account, what string) { w.notes = append(w.notes, account+" "+what) },
	})
}

func (w *world) put(e lgsp.Envelope) store.OutgoingReport {
	w.t.Helper()
	body, err := json.Marshal(e)
	require.NoError(w.t, err)
	r, err := w.st.PutOutgoing(w.t.Context(), court.ScopeOf(unit), store.OutgoingReport{
		ID: e.Key, Unit: unit, Day: e.Day, Digest: e.SHA256, Body: body, Account: "head", Made: w.now,
	})
	require.NoError(w.t, err)
	return r
}

func (w *world) stands(e lgsp.Envelope) store.OutgoingReport {
	w.t.Helper()
	list, err := w.st.OutgoingReports(w.t.Context(), court.ScopeOf(unit), unit, e.Day)
	require.NoError(w.t, err)
	for _, r := range list {
		if r.ID == e.Key {
			return r
		}
	}
	require.Fail(w.t, "no such report")
	return store.OutgoingReport{}
}

// A report arrives whole, once, however often it is sent and whoever falls over on the
// way; the wait grows and is bounded.
func TestAReportArrivesOnce(t *testing.T) {
	w := start(t)
	e := envelope(t, 1)
	w.put(e)
	w.fake.Answer(http.StatusServiceUnavailable, http.StatusUnauthorized, http.StatusTooManyRequests)
	for n := range 3 {
		require.NoError(t, w.outbox().Look(t.Context()))
		r := w.stands(e)
		require.Equal(t, store.OutgoingWaiting, r.State)
		require.Equal(t, n+1, r.Tries)
		require.Contains(t, r.Reason, "HTTP ")
		require.Equal(t, w.now.Add(10*time.Second<<n), r.Due)
		require.NoError(t, w.outbox().Look(t.Context()), "not before it is due")
		_, asked, _ := w.fake.Seen()
		require.Equal(t, n+1, asked)
		w.now = r.Due
	}
	require.NoError(t, w.outbox().Look(t.Context()))
	require.Equal(t, store.OutgoingSent, w.stands(e).State)
	require.Equal(t, []string{"head lgsp.sent"}, w.notes)
	require.Equal(t, store.OutgoingSent, w.put(e).State, "the same figures again")
	require.NoError(t, w.outbox().Look(t.Context()))
	got, asked, wrong := w.fake.Seen()
	require.NoError(t, wrong)
	require.Equal(t, 4, asked)
	require.Equal(t, map[string]lgsp.Envelope{e.Key: e}, got)
	// A crash between the platform's answer and our row: sent again, still one.
	s, err := lgsp.NewHTTP(lgsp.HTTPParams{URL: w.url, Token: "secret"})
	require.NoError(t, err)
	body, err := json.Marshal(e)
	require.NoError(t, err)
	require.NoError(t, s.Send(t.Context(), e.Key, body))
	got, _, wrong = w.fake.Seen()
	require.NoError(t, wrong)
	require.Len(t, got, 1)
}

func TestARefusedReportWaitsForPeople(t *testing.T) {
	w := start(t)
	e := envelope(t, 2)
	w.put(e)
	w.fake.Answer(http.StatusUnprocessableEntity)
	require.NoError(t, w.outbox().Look(t.Context()))
	r := w.stands(e)
	require.Equal(t, []any{store.OutgoingRefused, "Sai mã đơn vị"}, []any{r.State, r.Reason})
	require.Equal(t, []string{"head lgsp.refused"}, w.notes)
	w.now = w.now.Add(48 * time.Hour)
	require.NoError(t, w.outbox().Look(t.Context()))
	_, asked, _ := w.fake.Seen()
	require.Equal(t, 1, asked)
	w.put(e)
	require.NoError(t, w.outbox().Look(t.Context()))
	require.Equal(t, store.OutgoingSent, w.stands(e).State)
}

func TestTriesAreBounded(t *testing.T) {
	w := start(t)
	w.url = "http://127.0.0.1:1" // nobody listens
	e := envelope(t, 3)
	began := w.now
	w.put(e)
	for n := range lgsp.MaxTries {
		require.Equal(t, n, w.stands(e).Tries)
		require.NoError(t, w.outbox().Look(t.Context()))
		w.now = w.now.Add(time.Hour)
	}
	r := w.stands(e)
	require.Equal(t, []any{store.OutgoingRefused, "given_up", lgsp.MaxTries}, []any{r.State, r.Reason, r.Tries})
	require.LessOrEqual(t, w.now.Sub(began), 24*time.Hour)
}

// Mutual TLS: with the certificate it goes, without it does not; a redirect is not followed.
func TestWhoSends(t *testing.T) {
	var fake lgsptest.FakeLGSP
	client := newPair(t)
	server := httptest.NewUnstartedServer(&fake)
	pool := x509.NewCertPool()
	pool.AddCert(client.cert)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	e := envelope(t, 4)
	body, err := json.Marshal(e)
	require.NoError(t, err)
	send := func(p lgsp.HTTPParams) error {
		s, err := lgsp.NewHTTP(p)
		require.NoError(t, err)
		return s.Send(t.Context(), e.Key, body)
	}
	require.NoError(t, send(lgsp.HTTPParams{URL: server.URL, Certificate: client.tls(), Roots: roots}))
	require.Error(t, send(lgsp.HTTPParams{URL: server.URL, Token: "x", Roots: roots}))
	require.Error(t, send(lgsp.HTTPParams{URL: server.URL, Certificate: newPair(t).tls(), Roots: roots}))
	require.Error(t, send(lgsp.HTTPParams{URL: server.URL, Certificate: client.tls()}), "an unknown platform")
	got, _, wrong := fake.Seen()
	require.NoError(t, wrong)
	require.Len(t, got, 1)
	_, err = lgsp.NewHTTP(lgsp.HTTPParams{URL: server.URL})
	require.Error(t, err)

	other := httptest.NewServer(http.RedirectHandler(server.URL, http.StatusTemporaryRedirect))
	defer other.Close()
	err = send(lgsp.HTTPParams{URL: other.URL, Certificate: client.tls(), Roots: roots})
	var refused *lgsp.Refused
	require.Error(t, err)
	require.False(t, errors.As(err, &refused))
	_, asked, _ := fake.Seen()
	require.Equal(t, 1, asked)
}

// The fake finds what a receiver has to find.
func TestAReceiverFindsWhatIsWrong(t *testing.T) {
	e := envelope(t, 5)
	for name, spoil := range map[string]func(*lgsp.Envelope){
		"figures": func(e *lgsp.Envelope) { e.Report = []byte(`{}`) }, "digest": func(e *lgsp.Envelope) { e.SHA256 = e.Key },
		"key": func(e *lgsp.Envelope) { e.Key = e.SHA256 }, "signature": func(e *lgsp.Envelope) { e.Signature = envelope(t, 6).Signature },
		"unit": func(e *lgsp.Envelope) { e.Unit = "vks-2" }, "form": func(e *lgsp.Envelope) { e.Format = "x" },
	} {
		x := e
		spoil(&x)
		body, err := json.Marshal(x)
		require.NoError(t, err)
		_, err = lgsptest.Check(body)
		require.Error(t, err, name)
	}
	_, err := lgsp.Seal(lgsp.Report{Unit: string(make([]byte, lgsp.MaxEnvelope))}, nil)
	require.ErrorIs(t, err, lgsp.ErrTooLarge)
}

func TestRunEndsAndIsWoken(t *testing.T) {
	w := start(t)
	e := envelope(t, 7)
	o := w.outbox()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); o.Run(ctx) }()
	w.put(e)
	o.Wake()
	require.Eventually(t, func() bool { return w.stands(e).State == store.OutgoingSent }, 10*time.Second, 5*time.Millisecond)
	stop()
	<-done
}
