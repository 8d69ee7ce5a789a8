package signer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"phientoa/internal/cades"
	"phientoa/internal/ledger"
	"phientoa/internal/pki"
	"phientoa/internal/tsa"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const origin = "phientoa/node-1/hearing/h-1/part/0001"

var ctx = context.Background()

func newKeeper(t *testing.T, change func(*KeeperParams)) *Keeper {
	id, err := pki.Open(pki.Params{Dir: t.TempDir(), Node: "node-1", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	p := KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Logs: 2}
	if change != nil {
		change(&p)
	}
	k, err := NewKeeper(p)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	return k
}

func text(origin string, size int) []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\ntime 1\nprevious -\n", origin, size, base64.StdEncoding.EncodeToString(make([]byte, 32)))
}

func TestRotationErasesTheKeyAndTheOldOneSignsItsSuccessor(t *testing.T) {
	var seeds [][]byte
	k := newKeeper(t, func(p *KeeperParams) {
		p.Rand = readerFunc(func(b []byte) (int, error) {
			n, err := rand.Read(b)
			if n == ed25519.SeedSize {
				seeds = append(seeds, bytes.Clone(b))
			}
			return n, err
		})
	})
	first, err := k.Certify(ctx, origin)
	require.NoError(t, err)
	require.True(t, bytes.Contains(k.seeds, seeds[0]))
	line, err := k.Sign(ctx, origin, text(origin, 5))
	require.NoError(t, err)
	second, err := k.Rotate(ctx, origin)
	require.NoError(t, err)
	require.False(t, bytes.Contains(k.seeds, seeds[0]), "the old key is gone from the buffer")

	a, err := ledger.CheckStatement(first, origin)
	require.NoError(t, err)
	b, err := ledger.CheckStatement(second, origin)
	require.NoError(t, err)
	require.Equal(t, a.Pub, b.PrevPub)
	n, err := ledger.ParseNote(append(append(text(origin, 5), '\n'), line...))
	require.NoError(t, err)
	require.True(t, n.Verify(a.Public))
	require.False(t, n.Verify(b.Public))
	h := n.TextHash()
	require.Equal(t, fmt.Sprintf("%x", h[:]), b.Last)
	again, err := k.Certify(ctx, origin)
	require.NoError(t, err)
	require.JSONEq(t, string(second), string(again))
}

type readerFunc func(b []byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestOnlyCheckpointsOfThisLogAreSignedAndNeverBackwards(t *testing.T) {
	k := newKeeper(t, nil)
	_, err := k.Sign(ctx, origin, []byte("pay 100"))
	require.ErrorIs(t, err, ErrRefused)
	_, err = k.Sign(ctx, origin, text("phientoa/other", 5))
	require.ErrorIs(t, err, ErrRefused)
	_, err = k.Sign(ctx, origin, text(origin, 5))
	require.NoError(t, err)
	_, err = k.Sign(ctx, origin, text(origin, 4))
	require.ErrorIs(t, err, ErrRefused)
	_, err = k.Rotate(ctx, origin)
	require.NoError(t, err)
	_, err = k.Sign(ctx, origin, text(origin, 4))
	require.ErrorIs(t, err, ErrRefused)
}

func TestBounds(t *testing.T) {
	now := time.Unix(1e9, 0)
	k := newKeeper(t, func(p *KeeperParams) {
		p.Now = func() time.Time { return now }
		p.Rate, p.Burst = 1, 3
	})
	for range 4 { // making the key is not counted
		_, err := k.Certify(ctx, "log/a")
		require.NoError(t, err)
	}
	_, err := k.Certify(ctx, "log/a")
	require.ErrorIs(t, err, ErrRate)
	_, err = k.Certify(ctx, "log/b")
	require.NoError(t, err, "one log's rate is not another's")
	_, err = k.Certify(ctx, "log/c")
	require.ErrorIs(t, err, ErrFull)
	now = now.Add(time.Hour)
	_, err = k.Certify(ctx, "log/c")
	require.NoError(t, err, "the longest idle key gives way")
}

// serve runs a signer until the test ends and returns its socket.
func serve(t *testing.T, k *Keeper, conns int, uids ...uint32) string {
	t.Helper()
	return serveWith(t, ServeParams{Keeper: k, Conns: conns, UIDs: uids})
}

func serveWith(t *testing.T, p ServeParams) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sign") //nolint:usetesting // short: a socket path has 108 bytes
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	p.Socket, p.Ready = filepath.Join(dir, "s"), func() { close(ready) }
	go func() { done <- Serve(ctx, p) }()
	<-ready
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, os.RemoveAll(dir))
	})
	return p.Socket
}

func TestClientAndServerSpeakTheSamePort(t *testing.T) {
	k := newKeeper(t, nil)
	path := serve(t, k, 0)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	c := NewClient(path, 0)
	defer c.Close()
	var s ledger.Signer = c
	st, err := s.Certify(ctx, origin)
	require.NoError(t, err)
	key, err := ledger.CheckStatement(st, origin)
	require.NoError(t, err)
	line, err := s.Sign(ctx, origin, text(origin, 1))
	require.NoError(t, err)
	n, err := ledger.ParseNote(append(append(text(origin, 1), '\n'), line...))
	require.NoError(t, err)
	require.True(t, n.Verify(key.Public))
	_, err = s.Sign(ctx, origin, []byte("x"))
	require.ErrorIs(t, err, ErrRefused)
	_, err = s.Rotate(ctx, origin)
	require.NoError(t, err)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.Certify(canceled, origin)
	require.Error(t, err)
	_, err = s.Certify(ctx, origin)
	require.NoError(t, err, "a new connection after a broken one")
}

// Asking whether the signer answers costs no key and no rate of any log.
func TestPing(t *testing.T) {
	k := newKeeper(t, func(p *KeeperParams) { p.Logs = 1 })
	path := serve(t, k, 0, 12345)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o660), info.Mode().Perm(), "another user connects through the group")
	c := NewClient(path, 0)
	defer c.Close()
	for range 100 {
		require.NoError(t, c.Ping(ctx))
	}
	require.Empty(t, k.slots)
	gone := NewClient(path+".none", 0)
	require.Error(t, gone.Ping(ctx))
}

// A seal is a CAdES signature of the node over the manifest that was asked for,
// a stamp a token of the local authority; both have a rate of their own.
func TestSealsAndStampsOverTheSocket(t *testing.T) {
	id, err := pki.Open(pki.Params{Dir: t.TempDir(), Node: "node-1", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	s, err := NewSealer(SealerParams{
		Key: id.Key, Certificate: id.Certificate, TSAKey: id.TSAKey, TSACertificate: id.TSACertificate, List: id.List,
		Now: time.Now, Rand: rand.Reader, Rate: 1e-9, Burst: 2,
	})
	require.NoError(t, err)
	path := serveWith(t, ServeParams{Keeper: newKeeper(t, nil), Sealer: s})
	c := NewClient(path, 0)
	defer c.Close()
	digest := sha256.Sum256([]byte("manifest"))
	der, err := c.Seal(ctx, origin, digest)
	require.NoError(t, err)
	sig, err := cades.Verify(der, digest)
	require.NoError(t, err)
	require.True(t, sig.Certificate.Equal(id.Certificate))
	token, err := c.Stamp(ctx, sha256.Sum256(sig.Value))
	require.NoError(t, err)
	info, err := tsa.Verify(token, sha256.Sum256(sig.Value))
	require.NoError(t, err)
	require.True(t, info.Signature.Certificate.Equal(id.TSACertificate))
	_, err = c.Seal(ctx, "not an origin", digest)
	require.ErrorIs(t, err, ErrRefused)
	_, err = c.Seal(ctx, origin, digest)
	require.NoError(t, err)
	_, err = c.Seal(ctx, origin, digest)
	require.ErrorIs(t, err, ErrRate)
	_, err = c.Stamp(ctx, digest)
	require.NoError(t, err)
	_, err = c.Stamp(ctx, digest)
	require.ErrorIs(t, err, ErrRate)
	lists, err := c.Lists(ctx, []*x509.Certificate{id.Certificate})
	require.NoError(t, err)
	require.Len(t, lists, 1)
	list, err := cades.ParseList(lists[0])
	require.NoError(t, err)
	require.NoError(t, list.CheckSignatureFrom(id.CA))
	foreign, err := pki.Open(pki.Params{Dir: t.TempDir(), Node: "node-2", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	lists, err = c.Lists(ctx, []*x509.Certificate{foreign.Certificate})
	require.NoError(t, err)
	require.Empty(t, lists, "it knows no other authority")
	_, err = c.Lists(ctx, nil)
	require.ErrorIs(t, err, ErrRate)
	require.NoError(t, c.Ping(ctx), "a refusal does not end the connection")
}

// A PDF's signature is the node's, states no time, and is never taken for a seal.
func TestASignatureOfADocumentIsNoSeal(t *testing.T) {
	id, err := pki.Open(pki.Params{Dir: t.TempDir(), Node: "node-1", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	s, err := NewSealer(SealerParams{Key: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Rate: 1e-9, Burst: 2})
	require.NoError(t, err)
	c := NewClient(serveWith(t, ServeParams{Keeper: newKeeper(t, nil), Sealer: s}), 0)
	defer c.Close()
	digest := sha256.Sum256([]byte("bytes of a PDF"))
	der, err := c.SignDocument(ctx, digest)
	require.NoError(t, err)
	_, err = cades.Verify(der, digest)
	require.Error(t, err, "as an archive's seal")
	sig, err := cades.VerifyForeign(der, func(crypto.Hash) []byte { return digest[:] })
	require.NoError(t, err)
	require.True(t, sig.Certificate.Equal(id.Certificate))
	require.True(t, sig.SigningTime.IsZero())
	_, err = c.SignDocument(ctx, digest)
	require.NoError(t, err)
	_, err = c.SignDocument(ctx, digest)
	require.ErrorIs(t, err, ErrRate)
	_, err = c.Seal(ctx, origin, digest)
	require.NoError(t, err, "the rate of seals is another")
}

func TestASignerWithoutSealRefuses(t *testing.T) {
	path := serve(t, newKeeper(t, nil), 0)
	c := NewClient(path, 0)
	defer c.Close()
	_, err := c.Seal(ctx, origin, sha256.Sum256(nil))
	require.ErrorIs(t, err, ErrRefused)
	_, err = c.Stamp(ctx, sha256.Sum256(nil))
	require.ErrorIs(t, err, ErrRefused)
	_, err = c.SignDocument(ctx, sha256.Sum256(nil))
	require.ErrorIs(t, err, ErrRefused)
}

func TestMalformedFramesEndTheConnectionOnly(t *testing.T) {
	k := newKeeper(t, nil)
	path := serve(t, k, 1)
	for _, bad := range [][]byte{
		binary.BigEndian.AppendUint32(nil, 1<<31),
		append(binary.BigEndian.AppendUint32(nil, 2), "{]"...),
		append(binary.BigEndian.AppendUint32(nil, 13), `{"op":"keys"}`...),
		append(binary.BigEndian.AppendUint32(nil, 13), `{"op":"seal"}`...), // without a digest
	} {
		conn, err := net.Dial("unix", path)
		require.NoError(t, err)
		_, err = conn.Write(bad)
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 1))
		require.Error(t, err)
		require.NoError(t, conn.Close())
	}
	c := NewClient(path, 0)
	defer c.Close()
	require.Eventually(t, func() bool { // the one seat frees when the last connection is done
		_, err := c.Certify(ctx, origin)
		return err == nil
	}, 5*time.Second, 5*time.Millisecond)
}

func FuzzFrame(f *testing.F) {
	var b bytes.Buffer
	_ = writeFrame(&b, request{Op: "sign", Origin: origin, Text: []byte("x")})
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		var r request
		if readFrame(bytes.NewReader(b), &r) == nil {
			if _, err := json.Marshal(r); err != nil {
				t.Fatal(err)
			}
		}
	})
}
