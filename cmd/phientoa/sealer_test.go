package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"phientoa/internal/config"
	"phientoa/internal/hearing"
	"phientoa/internal/ledger"
	"phientoa/internal/tsa/tsatest"
	"phientoa/signaling"
)

type deafRoom struct{}

func (deafRoom) Recording(bool, string)            {}
func (deafRoom) Checkpoint(uint64, string, []byte) {}

// record begins a part.
func (s *served) record() signaling.Evidence {
	r := &recorder{dir: s.evidenceDir(), node: s.p.Node, signer: s.signer, register: s.register, logger: s.logger, ended: s.sealer.Add}
	ev, err := r.Open(context.Background(), signaling.EvidenceParams{Hearing: "0192-h", Epoch: 1, Notify: deafRoom{}})
	require.NoError(s.t, err)
	return ev
}

// seal records a part without media, ends it and waits for its sealed file.
func (s *served) seal() (file string) {
	t := s.t
	t.Helper()
	ev := s.record()
	require.NoError(t, ev.Event(context.Background(), 1, []byte(`{"seq":1}`), true, true))
	require.NoError(t, ev.Close(context.Background()))
	file = filepath.Join(s.evidenceDir(), "0192-h", "part-0001.asice")
	require.Eventually(t, func() bool {
		_, err := os.Stat(file)
		return err == nil && s.sealer.Waiting() == 0
	}, 20*time.Second, 5*time.Millisecond, s.log.String())
	return file
}

// The whole path: a node records, ends the part, its signer seals it, and
// phientoa verify judges the file offline.
func TestAPartThatEndsIsSealedAndVerifies(t *testing.T) {
	s := startServe(t, nil)
	file := s.seal()
	ca := filepath.Join(s.p.DataDir, "pki", "ca.pem")
	require.Contains(t, s.log.String(), "part sealed")

	var out, errs bytes.Buffer
	call := func(args ...string) int {
		out.Reset()
		errs.Reset()
		return run(t.Context(), append([]string{"verify"}, args...), streams{&out, &errs, nil})
	}
	require.Equal(t, 0, call(file, "--root", ca), out.String()+errs.String())
	require.Contains(t, out.String(), "TOÀN VẸN")
	require.Contains(t, out.String(), "dấu thời gian nội bộ, không độc lập")
	require.Equal(t, 3, call(file, "--lang", "en"))
	require.Contains(t, out.String(), "signer is not identified")
	require.Equal(t, 0, call(file, "--root", ca, "--json"))
	var report struct {
		Container struct {
			Seal struct{ Level string } `json:"seal"`
		} `json:"container"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	require.Equal(t, "LT", report.Container.Seal.Level)
	// The clock of another time, and lists from elsewhere.
	require.Equal(t, 0, call(file, "--root", ca, "--at", time.Now().AddDate(9, 0, 0).Format(time.DateOnly)), out.String())
	require.Equal(t, 3, call(file, "--root", ca, "--at", time.Now().AddDate(20, 0, 0).Format(time.RFC3339), "--lang", "en"))
	require.Contains(t, out.String(), "ended at")
	require.Equal(t, 2, call(file, "--root", ca, "--at", "tomorrow"))
	require.Equal(t, 2, call(file, "--root", ca, "--crl", ca))
	require.Equal(t, 0, call(filepath.Dir(file), "--root", ca), "the directory still verifies: %s", out.String())
	require.Equal(t, 2, call(ca))
	require.Equal(t, 2, call(file+".none"))
	require.Equal(t, 2, call(file, "--root", file))

	// The receipt of a participant, laid beside the file; one of another record is
	// a contradiction, and what is none is a mistake of the caller.
	notes, err := os.ReadFile(filepath.Join(strings.TrimSuffix(file, ".asice"), ledger.CheckpointsName))
	require.NoError(t, err)
	list, err := ledger.Notes(notes)
	require.NoError(t, err)
	receipt := filepath.Join(t.TempDir(), "receipt.txt")
	require.NoError(t, os.WriteFile(receipt, bytes.ReplaceAll(list[0], []byte("\n"), []byte("\r\n")), 0o600))
	require.Equal(t, 0, call(file, "--root", ca, "--checkpoint", receipt, "--checkpoint", receipt), out.String()+errs.String())
	// As the page saves it: words, and the note behind them.
	saved := append([]byte(ledger.ReceiptHead+"\nTệp này chứa dấu kiểm tra.\n---\n"), list[len(list)-1]...)
	require.NoError(t, os.WriteFile(receipt, saved, 0o600))
	require.Equal(t, 0, call(file, "--root", ca, "--checkpoint", receipt), out.String()+errs.String())
	require.Equal(t, 3, call(file, "--checkpoint", receipt))
	require.NoError(t, os.WriteFile(receipt, bytes.Replace(saved, []byte("\n---\n"), []byte("\n"), 1), 0o600))
	require.Equal(t, 2, call(file, "--checkpoint", receipt), "words without a note")
	require.NoError(t, os.WriteFile(receipt, bytes.ReplaceAll(list[0], []byte("0192-h"), []byte("0193-h")), 0o600))
	require.Equal(t, 1, call(file, "--root", ca, "--checkpoint", receipt))
	require.Contains(t, out.String(), "trái với điểm ký do bên khác giữ")
	require.Equal(t, 1, call(filepath.Dir(file), "--root", ca, "--checkpoint", receipt), "of a directory as well")
	require.Equal(t, 2, call(file, "--checkpoint", ca))

	b, err := os.ReadFile(file)
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	changed := filepath.Join(t.TempDir(), "changed.asice")
	require.NoError(t, os.WriteFile(changed, b, 0o600))
	require.Equal(t, 1, call(changed, "--root", ca))
	require.Contains(t, out.String(), "CÓ SAI LỆCH")
}

// An authority of the operator's choice, which is not the court's, stamps; it is
// called independent by whom its root was given to, and by nobody else.
func TestTheTimestampAuthorityIsASetting(t *testing.T) {
	url, ca := tsatest.Authority(t, nil)
	s := startServe(t, func(c *config.Config) { c.TimestampURL, c.RevocationList = url, []string{url + "/crl"} })
	file := s.seal()
	root, tsaRoot := filepath.Join(s.p.DataDir, "pki", "ca.pem"), filepath.Join(t.TempDir(), "tsa.pem")
	require.NoError(t, os.WriteFile(tsaRoot, ca, 0o600))
	var out bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"verify", file, "--root", root, "--tsa-root", tsaRoot}, streams{&out, &out, nil}), out.String())
	require.Contains(t, out.String(), "Independent TSA (bên cấp dấu thời gian độc lập)")
	out.Reset()
	require.Equal(t, 0, run(t.Context(), []string{"verify", file, "--root", root}, streams{&out, &out, nil}), out.String())
	require.Contains(t, out.String(), "chưa xác định được bên cấp dấu thời gian")
}

// Without the lists of its authority nobody can tell whether a timestamp counts; who
// has them gives them to the verifier.
func TestListsOfAnAuthorityMayComeFromElsewhere(t *testing.T) {
	url, ca := tsatest.Authority(t, nil)
	s := startServe(t, func(c *config.Config) { c.TimestampURL = url })
	file := s.seal()
	root, tsaRoot, list := filepath.Join(s.p.DataDir, "pki", "ca.pem"), filepath.Join(t.TempDir(), "tsa.pem"), filepath.Join(t.TempDir(), "list.pem")
	require.NoError(t, os.WriteFile(tsaRoot, ca, 0o600))
	var out bytes.Buffer
	call := func(args ...string) int {
		out.Reset()
		return run(t.Context(), append([]string{"verify", file, "--root", root, "--tsa-root", tsaRoot}, args...), streams{&out, &out, nil})
	}
	require.Equal(t, 3, call(), out.String())
	require.Contains(t, out.String(), "chưa kiểm tra được việc thu hồi chứng thư Independent TSA")
	resp, err := http.Get(url + "/crl")
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(list, b, 0o600))
	require.Equal(t, 0, call("--crl", list), out.String())
}

// What is due is listed beside a running node and renewed where none runs.
func TestRenewOfAStoppedNode(t *testing.T) {
	url, ca := tsatest.Authority(t, nil)
	s := startServe(t, func(c *config.Config) { c.TimestampURL, c.RevocationList = url, []string{url + "/crl"} })
	file := s.seal()
	var out bytes.Buffer
	call := func(args ...string) int {
		out.Reset()
		return run(t.Context(), append([]string{"renew", s.p.DataDir, "--node", s.p.Node}, args...), streams{&out, &out, nil})
	}
	require.Equal(t, 3, call("--list"), out.String()) // its certificate holds for nine days
	require.Contains(t, out.String(), "due")
	require.Equal(t, 0, call("--list", "--before", "24h"), out.String())
	require.Equal(t, 3, call("--list", "--before", "24h", "--made-before", time.Now().AddDate(0, 0, 2).Format(time.DateOnly)))
	require.Equal(t, 1, call(), "a node runs")
	require.NoError(t, s.stop())
	require.Equal(t, 0, call(), out.String()) // by the signer's own authority, for ten years
	require.Contains(t, out.String(), "renewed")
	require.Equal(t, 0, call("--list"), out.String())
	require.Equal(t, 0, call(), "a second run finds nothing")
	require.NotContains(t, out.String(), "renewed")
	root := filepath.Join(t.TempDir(), "both.pem")
	pems, err := os.ReadFile(filepath.Join(s.p.DataDir, "pki", "ca.pem"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(root, append(pems, ca...), 0o600))
	out.Reset()
	require.Equal(t, 0, run(t.Context(), []string{"verify", file, "--root", root, "--at", time.Now().AddDate(5, 0, 0).Format(time.DateOnly)}, streams{&out, &out, nil}), out.String())
	require.Contains(t, out.String(), "Dấu thời gian lưu trữ META-INF/timestamp001.tst")
}

// Each hearing whose latest part lacks its end is found, and no other.
func TestUnfinishedEvidenceIsFound(t *testing.T) {
	r := &recorder{dir: filepath.Join(t.TempDir(), "evidence"), logger: slog.New(slog.DiscardHandler)}
	list, err := r.AllUnfinished(t.Context())
	require.NoError(t, err, "nothing was ever recorded")
	require.Empty(t, list)
	for name, line := range map[string]string{
		"a/part-0001": `{"k":"end"}`, "b/part-0001": `{"k":"end"}`, "b/part-0002": `{"k":"event"}`, "c/part-0001": `{"k":"ev`, "d/else": `{}`,
	} {
		dir := filepath.Join(r.dir, name)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "log.jsonl"), []byte("{}\n"+line+"\n"), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "file"), nil, 0o600))
	list, err = r.AllUnfinished(t.Context())
	require.NoError(t, err)
	require.Equal(t, []hearing.ID{"b", "c"}, list)
}

// A court puts its key beside the node's: the signer seals with it, and who has both
// authorities knows everybody who signed.
func TestTheCourtSealsWithAKeyOfItsOwn(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	self := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Tòa án nhân dân khu vực 1"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, self, self, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pfx, err := pkcs12.Modern.Encode(key, cert, nil, "mật khẩu")
	require.NoError(t, err)
	s := startServe(t, func(c *config.Config) {
		dir := filepath.Join(c.DataDir, "pki")
		require.NoError(t, os.MkdirAll(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "court.p12"), pfx, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "court.secret"), []byte("mật khẩu\n"), 0o600))
	})
	file := s.seal()
	ca := filepath.Join(s.p.DataDir, "pki", "ca.pem")
	pems, err := os.ReadFile(ca)
	require.NoError(t, err)
	both := filepath.Join(t.TempDir(), "both.pem")
	require.NoError(t, os.WriteFile(both, append(pems, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), 0o600))
	var out bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"verify", file, "--root", both}, streams{&out, &out, nil}), out.String())
	require.Contains(t, out.String(), "Chữ ký số của Tòa án: Tòa án nhân dân khu vực 1")
	require.Equal(t, 3, run(t.Context(), []string{"verify", file, "--root", ca}, streams{&out, &out, nil}))
	require.NotContains(t, s.log.String(), "mật khẩu")
}
