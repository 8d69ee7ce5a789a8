//go:build !race

package ledger_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/ledger"
	"phientoa/internal/ledger/faultfs"
)

// thief holds everything a node holds at some instant: its disk, the node key
// and the hearing key of that instant.
type thief struct {
	node *ecdsa.PrivateKey
	cert []byte
	priv ed25519.PrivateKey // of the last key statement in the stolen log
}

// forge answers as a signer for the thief's log: it signs with the stolen key
// under its genuine statement, or with keys of its own.
type forge struct {
	thief
	st      json.RawMessage
	current ed25519.PrivateKey
}

func (f *forge) statement(prev ed25519.PrivateKey, last string) json.RawMessage {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	st := ledger.Statement{
		Origin: origin, Epoch: time.Now().UnixMicro() + 1<<40, Pub: base64.StdEncoding.EncodeToString(pub),
		Cert: base64.StdEncoding.EncodeToString(f.cert),
	}
	if prev != nil {
		st.PrevPub, st.Last = base64.StdEncoding.EncodeToString(prev[32:]), last
		st.PrevSig = base64.StdEncoding.EncodeToString(ed25519.Sign(prev, st.SignedText()))
	}
	digest := sha256.Sum256(st.SignedText())
	sig, err := ecdsa.SignASN1(rand.Reader, f.node, digest[:])
	if err != nil {
		panic(err)
	}
	st.Sig = base64.StdEncoding.EncodeToString(sig)
	raw, err := json.Marshal(st)
	if err != nil {
		panic(err)
	}
	f.current, f.st = priv, raw
	return raw
}

// rewrite builds a log anew from lines (kind and members), altering line at,
// with sign deciding which key signs a checkpoint after a line.
func rewrite(t require.TestingT, lines []ledger.Line, notes []ledger.Note, alter uint64, f *forge, variant string) fstest.MapFS {
	var log, cps bytes.Buffer
	var prev, lastText ledger.Hash
	next := 0
	var pub ed25519.PublicKey
	for i, l := range lines {
		members := l.Members
		if l.I == alter {
			members = json.RawMessage(`{"seq":666,"line":"forged"}`)
		}
		if l.Kind == ledger.KindKey && l.I > alter {
			switch variant {
			case "own-keys": // every later key is the thief's, chained among themselves
				prev := f.current
				if prev == nil {
					prev = f.priv
				}
				members = f.statement(prev, hex.EncodeToString(lastText[:]))
			case "restart":
				if f.current == nil {
					members = f.statement(nil, "")
				} else {
					members = f.statement(f.current, hex.EncodeToString(lastText[:]))
				}
			}
		}
		line := ledger.BuildLine(l.I, l.T, l.MonoNS, l.Kind, members, l.Salt, prev)
		prev = ledger.ChainHash(line)
		log.Write(append(line, '\n'))
		if l.Kind == ledger.KindKey {
			var st ledger.Statement
			require.NoError(t, json.Unmarshal(members, &st))
			pub, _ = base64.StdEncoding.DecodeString(st.Pub)
		}
		for next < len(notes) && notes[next].Size == uint64(i+1) {
			n := notes[next]
			next++
			if n.Size <= alter {
				cps.Write(append(append([]byte(nil), n.Note...), '\n'))
				lastText = n.TextHash()
				continue
			}
			var key ed25519.PrivateKey
			switch {
			case f.current != nil && bytes.Equal(f.current[32:], pub):
				key = f.current
			case bytes.Equal(f.priv[32:], pub):
				key = f.priv
			case variant == "keep-notes":
				cps.Write(append(append([]byte(nil), n.Note...), '\n'))
				lastText = n.TextHash()
				continue
			default:
				continue // the key is erased: this checkpoint cannot be made again
			}
			root := ledger.RootOf(log.Bytes())
			text := ledger.NoteText(origin, n.Size, root, n.Time, lastText)
			sig := ledger.SignatureLine(origin, pub, ed25519.Sign(key, text))
			cps.Write(append(append(append(append([]byte(nil), text...), '\n'), sig...), '\n'))
			lastText = sha256.Sum256(text)
		}
	}
	return fstest.MapFS{
		ledger.LogName:         {Data: log.Bytes()},
		ledger.CheckpointsName: {Data: cps.Bytes()},
	}
}

// Law: who takes disk, node key and hearing key at T cannot alter what is older
// than T - 60 s so that it verifies against a checkpoint that an outsider got at
// the beginning.
func TestAThiefOfEverythingCannotAlterTheMinuteBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &clock{began}
		id := idOnce(t)
		seeds := &tee{}
		k := newKeeperWith(t, c, seeds)
		defer k.Close()
		f := faultfs.New()
		l, err := ledger.Create(ctx, params(f, c, k))
		require.NoError(t, err)
		receipt := l.Last().Note // what the defence holds
		for i := range 40 {
			c.t = c.t.Add(time.Duration(rapid.IntRange(1, 12).Draw(t, "pause")) * time.Second)
			_, err := l.Append(ctx, rec(i))
			require.NoError(t, err)
			_, err = l.Checkpoint(ctx)
			require.NoError(t, err)
		}
		require.NoError(t, l.Close())
		stolen := c.t

		var lines []ledger.Line
		var priv ed25519.PrivateKey
		require.NoError(t, ledger.Lines(f, func(l ledger.Line) (bool, error) {
			l.Members = bytes.Clone(l.Members)
			l.Raw = bytes.Clone(l.Raw)
			lines = append(lines, l)
			if l.Kind == ledger.KindKey {
				var st ledger.Statement
				require.NoError(t, json.Unmarshal(l.Members, &st))
				priv = seeds.find(st.Pub)
			}
			return true, nil
		}))
		require.NotNil(t, priv)
		notes := parseNotes(t, f.Map()[ledger.CheckpointsName].Data)

		var old []uint64
		for _, l := range lines {
			if l.Kind == ledger.KindEvent && l.T < stolen.Add(-61*time.Second).UnixMicro() {
				old = append(old, l.I)
			}
		}
		if len(old) == 0 {
			return
		}
		target := rapid.SampledFrom(old).Draw(t, "target")
		for _, variant := range []string{"keep-keys", "own-keys", "restart", "keep-notes"} {
			fg := &forge{thief: thief{node: id.Key, cert: id.Certificate.Raw, priv: priv}}
			m := rewrite(t, lines, notes, target, fg, variant)
			r, err := ledger.VerifyLogWith(m, ledger.VerifyOptions{Held: [][]byte{receipt}, Running: true})
			require.NoError(t, err)
			if variant == "restart" && len(r.Damages) == 0 {
				// What only says that the signer was restarted is told from what the receipt
				// vouches for, and the altered line is never of that.
				require.NotZero(t, r.Unvouched)
				require.LessOrEqual(t, r.Unvouched, target)
				continue
			}
			require.NotEmpty(t, r.Damages, variant)
		}
		// The control: the thief's rewriting is sound, for with the key of the last
		// minute it succeeds in the last minute.
		lastKey := uint64(0)
		for _, l := range lines {
			if l.Kind == ledger.KindKey {
				lastKey = l.I
			}
		}
		if newest := lines[len(lines)-1]; newest.Kind == ledger.KindEvent && newest.I > lastKey {
			m := rewrite(t, lines, notes, newest.I, &forge{thief: thief{priv: priv}}, "control")
			r, err := ledger.VerifyLogWith(m, ledger.VerifyOptions{Held: [][]byte{receipt}, Running: true})
			require.NoError(t, err)
			require.Empty(t, r.Damages)
		}
	})
}

// Law: restarts of the signer, whenever they were, make no damage of an honest log for
// a receipt of any time. The verifier tells exactly what the receipt vouches for, and
// whoever holds the node's key changes nothing of that, whatever restart they invent.
func TestAReceiptOutlivesRestartsOfTheSigner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &clock{began}
		id := idOnce(t)
		k := newKeeperWith(t, c, rand.Reader)
		defer func() { k.Close() }()
		f := faultfs.New()
		l, err := ledger.Create(ctx, params(f, c, k))
		require.NoError(t, err)
		var restarts []uint64 // lines that stood under a checkpoint before each
		for i := range rapid.IntRange(2, 25).Draw(t, "lines") {
			c.t = c.t.Add(time.Duration(rapid.IntRange(1, 30).Draw(t, "pause")) * time.Second)
			_, err := l.Append(ctx, rec(i))
			require.NoError(t, err)
			_, err = l.Checkpoint(ctx)
			require.NoError(t, err)
			if rapid.IntRange(0, 5).Draw(t, "restart") > 0 {
				continue
			}
			restarts = append(restarts, l.Last().Size)
			require.NoError(t, l.Close())
			k.Close()
			c.t = c.t.Add(time.Second)
			k = newKeeperWith(t, c, rand.Reader)
			l, _, err = ledger.Open(ctx, params(f, c, k))
			require.NoError(t, err)
		}
		require.NoError(t, l.Close())
		notes := parseNotes(t, f.Map()[ledger.CheckpointsName].Data)
		receipt := rapid.SampledFrom(notes).Draw(t, "receipt")
		o := ledger.VerifyOptions{Held: [][]byte{receipt.Note}, Running: true}
		r, err := ledger.VerifyLogWith(f, o)
		require.NoError(t, err)
		require.Empty(t, r.Damages)
		want := uint64(0)
		for _, size := range restarts {
			if size >= receipt.Size && size < r.Size {
				want = size
				break
			}
		}
		require.Equal(t, want, r.Unvouched)

		var lines []ledger.Line
		require.NoError(t, ledger.Lines(f, func(l ledger.Line) (bool, error) {
			l.Members = bytes.Clone(l.Members)
			lines = append(lines, l)
			return true, nil
		}))
		most := max(r.Unvouched, receipt.Size)
		target := rapid.Uint64Range(0, most-1).Draw(t, "target")
		if lines[target].Kind != ledger.KindEvent {
			return
		}
		// The thief has no key of the log any more: every later one is their own.
		_, lost, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		fg := &forge{thief: thief{node: id.Key, cert: id.Certificate.Raw, priv: lost}}
		r, err = ledger.VerifyLogWith(rewrite(t, lines, notes, target, fg, "restart"), o)
		require.NoError(t, err)
		require.True(t, len(r.Damages) > 0 || r.Unvouched > 0 && r.Unvouched <= target, "%+v", r)
		if target < receipt.Size {
			require.NotEmpty(t, r.Damages, "a line under the receipt itself")
		}
	})
}

func parseNotes(t require.TestingT, b []byte) (out []ledger.Note) {
	parts := bytes.Split(bytes.TrimSuffix(b, []byte("\n\n")), []byte("\n\n"))
	for i := 0; i+1 < len(parts); i += 2 {
		msg := append(append(append([]byte(nil), parts[i]...), "\n\n"...), append(parts[i+1], '\n')...)
		n, err := ledger.ParseNote(msg)
		require.NoError(t, err)
		out = append(out, n)
	}
	return out
}

// A stranger checks a checkpoint with openssl alone.
func TestOpenSSLVerifiesACheckpointAndAKeyStatement(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is missing")
	}
	f := sample(t, 3)
	notes := parseNotes(t, f.Map()[ledger.CheckpointsName].Data)
	var st ledger.Statement
	require.NoError(t, ledger.Lines(f, func(l ledger.Line) (bool, error) {
		if l.Kind == ledger.KindKey {
			return false, json.Unmarshal(l.Members, &st)
		}
		return true, nil
	}))
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, b, 0o600))
		return p
	}
	pub, err := base64.StdEncoding.DecodeString(st.Pub)
	require.NoError(t, err)
	// SubjectPublicKeyInfo of Ed25519 (RFC 8410 4).
	spki, err := hex.DecodeString("302a300506032b6570032100")
	require.NoError(t, err)
	key := write("pub.der", append(spki, pub...))
	run := func(want bool, args ...string) {
		out, err := exec.Command(openssl, args...).CombinedOutput()
		require.Equal(t, want, err == nil, string(out))
	}
	text, sig := write("text", notes[0].Text), write("sig", notes[0].Sig)
	run(true, "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", key, "-in", text, "-sigfile", sig)
	bad := write("bad", append([]byte("x"), notes[0].Text...))
	run(false, "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", key, "-in", bad, "-sigfile", sig)

	der, err := base64.StdEncoding.DecodeString(st.Cert)
	require.NoError(t, err)
	cert := write("node.der", der)
	pem := filepath.Join(dir, "node.pem")
	out, err := exec.Command(openssl, "x509", "-inform", "DER", "-in", cert, "-pubkey", "-noout", "-out", pem).CombinedOutput()
	require.NoError(t, err, string(out))
	ssig, err := base64.StdEncoding.DecodeString(st.Sig)
	require.NoError(t, err)
	run(true, "dgst", "-sha256", "-verify", pem, "-signature", write("ssig", ssig), write("stext", st.SignedText()))
}

// tee remembers the seeds that a keeper draws, as only a thief at that instant could.
type tee struct{ drawn [][]byte }

func (s *tee) Read(b []byte) (int, error) {
	n, err := rand.Read(b)
	if n == ed25519.SeedSize {
		s.drawn = append(s.drawn, bytes.Clone(b[:n]))
	}
	return n, err
}

func (s *tee) find(pub string) ed25519.PrivateKey {
	for _, seed := range s.drawn {
		if k := ed25519.NewKeyFromSeed(seed); base64.StdEncoding.EncodeToString(k[32:]) == pub {
			return k
		}
	}
	return nil
}
