//go:build !verifier

package archive

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/revocation"
	"phientoa/internal/signer"
)

// authority issues certificates to courts; no node has its key.
type authority struct {
	t    testing.TB
	now  time.Time
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	// years that its certificates hold.
	years int
}

func newAuthority(t testing.TB, now time.Time) *authority { return newAuthorityFor(t, now, 3) }

func newAuthorityFor(t testing.TB, now time.Time, years int) *authority {
	a := &authority{t: t, now: now, years: years}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.cert = a.issue(a.key.Public(), &x509.Certificate{
		Subject: pkix.Name{CommonName: "Government authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	})
	return a
}

func (a *authority) issue(pub crypto.PublicKey, c *x509.Certificate) *x509.Certificate {
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	c.NotBefore, c.NotAfter = a.now.Add(-time.Hour), a.now.AddDate(a.years, 0, 0)
	parent := a.cert
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, a.key)
	require.NoError(a.t, err)
	out, err := x509.ParseCertificate(der)
	require.NoError(a.t, err)
	return out
}

func (a *authority) court(key crypto.Signer) signer.Court {
	return signer.Court{Key: key, Certificate: a.issue(key.Public(), &x509.Certificate{
		Subject: pkix.Name{CommonName: "Tòa án nhân dân khu vực 1"}, KeyUsage: x509.KeyUsageDigitalSignature,
	})}
}

// withCourt is the node's signer that holds a key of the court as well.
func (c *court) withCourt(t testing.TB, a *authority, key signer.Court) Signer {
	s, err := signer.NewSealer(signer.SealerParams{
		Key: c.id.Key, Certificate: c.id.Certificate, TSAKey: c.id.TSAKey, TSACertificate: c.id.TSACertificate, List: c.id.List,
		Court: key, Now: func() time.Time { return c.now }, Rand: rand.Reader, Rate: 1e6, Burst: 1e6,
	})
	require.NoError(t, err)
	return listing{s, a}
}

// listing is a signer that knows the revocation lists of another authority too.
type listing struct {
	Signer
	a *authority
}

func (l listing) Lists(ctx context.Context, certs []*x509.Certificate) ([][]byte, error) {
	out, err := l.Signer.Lists(ctx, certs)
	mine, _ := cades.ParseList(l.a.list(l.a.now))
	if revocation.IssuedTo(mine, certs) {
		out = append(out, mine.Raw)
	}
	return out, err
}

// list is the authority's list of revoked certificates of a time.
func (a *authority) list(at time.Time, revoked ...x509.RevocationListEntry) []byte {
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(at.UnixNano()), ThisUpdate: at, NextUpdate: at.AddDate(0, 0, 7), RevokedCertificateEntries: revoked,
	}, a.cert, a.key)
	require.NoError(a.t, err)
	return der
}

func TestTheCourtSealsWhatTheNodeSealed(t *testing.T) {
	c := newCourt(t)
	a := newAuthority(t, c.now)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	pss, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	both := c.options()
	both.Roots.AddCert(a.cert)
	for _, key := range []crypto.Signer{ec, pss} {
		s := c.withCourt(t, a, a.court(key))
		part := c.record(t, 60)
		b, err := Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: s})
		require.NoError(t, err)
		require.NoError(t, b.Lacks)
		r := VerifyFile(context.Background(), part+Ext, both)
		require.Equal(t, 0, r.ExitCode(), r.Text("en"))
		require.Equal(t, "Tòa án nhân dân khu vực 1", r.Container.Court.Signer)
		require.Equal(t, "LT", r.Container.Court.Level)
		require.Contains(t, r.Text("vi"), "Chữ ký số của Tòa án: Tòa án nhân dân khu vực 1")
		// Who does not know the court's authority must not read that all signers are known.
		r = VerifyFile(context.Background(), part+Ext, c.options())
		require.Equal(t, 3, r.ExitCode())
		require.NotEmpty(t, r.Container.Court.TrustError)
		state, err := Look(part + Ext)
		require.NoError(t, err)
		require.True(t, state.Stamped && state.Court && state.CourtStamped && state.LongTerm)
	}
}

// The court's seal comes later where its key came later, and where the authority was
// away; what the node sealed stays byte for byte.
func TestTheCourtsSealJoinsLater(t *testing.T) {
	c := newCourt(t)
	a := newAuthority(t, c.now)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	s := c.withCourt(t, a, a.court(ec))
	both := c.options()
	both.Roots.AddCert(a.cert)
	path, _ := c.sealed(t, 60)
	node := open(t, path)
	ctx := context.Background()

	done, err := Complete(ctx, path, noCourt{s}, time.Second, Pace{})
	require.ErrorIs(t, err, errNoCourt)
	require.False(t, done.Changed)
	done, err = Complete(ctx, path, noStamps{s}, time.Second, Pace{})
	require.ErrorIs(t, err, errNoTimestamp)
	require.True(t, done.Changed, "what could be had is put in")
	state, err := Look(path)
	require.NoError(t, err)
	require.True(t, state.Stamped && state.Court && !state.CourtStamped)
	require.Equal(t, 3, VerifyFile(ctx, path, both).ExitCode(), "nobody knows whether the court's certificate is revoked now")
	done, err = Complete(ctx, path, s, time.Second, Pace{})
	require.NoError(t, err)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(whole), done.SHA256)
	require.Equal(t, int64(len(whole)), done.Bytes)
	r := VerifyFile(ctx, path, both)
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, "LT", r.Container.Court.Level)
	after := open(t, path)
	require.Equal(t, node.names, after.names[:len(node.names)])
	for name, b := range node.files {
		require.Equal(t, b, after.files[name], name)
	}
	done, err = Complete(ctx, path, s, time.Second, Pace{})
	require.NoError(t, err)
	require.False(t, done.Changed)

	// The job finds a part that was complete before the court had a key.
	path, _ = c.sealed(t, 60)
	j := c.job(t, s, never)
	eventually(t, "the court's seal", func() bool { st, _ := Look(path); return st.CourtStamped && j.Waiting() == 0 })
	_, failed, _ := j.Counts()
	require.Zero(t, failed)
	require.Equal(t, 0, VerifyFile(ctx, path, both).ExitCode())
	p, err := describe(ctx, path, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "LT", p.Court.Level, "the catalogue names the court's seal")
	require.NotEqual(t, p.Seal.Signer, p.Court.Signer)
}

// noCourt is a signer whose token for the court's key is not there.
type noCourt struct{ Signer }

func (noCourt) Countersign(context.Context, string, [sha256.Size]byte) ([]byte, error) {
	return nil, errors.New("no token in the slot")
}

func TestTamperingWithTheCourtsSeal(t *testing.T) {
	c := newCourt(t)
	a := newAuthority(t, c.now)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	s := c.withCourt(t, a, a.court(ec))
	both := c.options()
	both.Roots.AddCert(a.cert)
	seal := func(s Signer) *forger {
		part := c.record(t, 60)
		_, err := Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: s})
		require.NoError(t, err)
		return open(t, part+Ext)
	}
	clean, other := seal(s), seal(s)
	require.Equal(t, 0, verifyBytes(clean.pack(), both).ExitCode())
	for what, step := range map[string]struct {
		change func(f *forger)
		entry  string
		code   string
	}{
		"the court's list changed": {func(f *forger) { f.files[asic.Manifest2Name][400] ^= 1 }, asic.Manifest2Name, DamageManifest},
		"the court's seal changed": {func(f *forger) { f.files[asic.Signature2Name][100] ^= 1 }, asic.Signature2Name, DamageSeal},
		"the court's list removed": {func(f *forger) { f.remove(asic.Manifest2Name) }, asic.Manifest2Name, DamageMissing},
		"the court's seal removed": {func(f *forger) { f.remove(asic.Signature2Name) }, asic.Signature2Name, DamageMissing},
		"the court's of another": {func(f *forger) {
			f.files[asic.Manifest2Name], f.files[asic.Signature2Name] = other.files[asic.Manifest2Name], other.files[asic.Signature2Name]
		}, asic.Manifest2Name, DamageManifest},
		"the node's seal of another": {func(f *forger) { f.files[asic.SignatureName] = other.files[asic.SignatureName] }, asic.ManifestName, DamageManifest},
		"in another order":           {func(f *forger) { n := len(f.names); f.names[n-1], f.names[n-2] = f.names[n-2], f.names[n-1] }, asic.Signature2Name, DamageZIP},
	} {
		f := clean.clone()
		step.change(f)
		r := verifyBytes(f.pack(), both)
		require.Equal(t, 1, r.ExitCode(), what)
		require.Equal(t, step.entry, r.Container.Damages[0].Entry, "%s: %s", what, r.Text("en"))
		require.Equal(t, step.code, r.Container.Damages[0].Code, what)
	}
	// Both removed leaves the file as the node made it: what is not there any more
	// is told by who has seen it, the court-wide log.
	f := clean.clone()
	f.remove(asic.Manifest2Name)
	f.remove(asic.Signature2Name)
	require.Equal(t, 0, verifyBytes(f.pack(), both).ExitCode())

	// The node cannot pass for the court.
	part := c.record(t, 20)
	_, err = Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: nodeAsCourt{c.sealer}})
	require.ErrorContains(t, err, "the court's seal is of the node's key")
	_, err = signer.NewSealer(signer.SealerParams{
		Key: c.id.Key, Certificate: c.id.Certificate, Court: signer.Court{Key: c.id.Key, Certificate: c.id.Certificate}, Now: time.Now, Rand: rand.Reader,
	})
	require.ErrorContains(t, err, "node's")
}

// nodeAsCourt seals for the court with the node's key.
type nodeAsCourt struct{ *signer.Sealer }

func (s nodeAsCourt) Countersign(ctx context.Context, origin string, d [sha256.Size]byte) ([]byte, error) {
	return s.Seal(ctx, origin, d)
}
